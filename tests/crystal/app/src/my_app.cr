require "azu"
require "./initializers/**"
require "./db/**"

# The app that the tests set up sessions for.
module MyApp
  include Azu
  VERSION = "0.1.0"

  configure do |c|
  end

  def self.handlers
    [
      Azu::Handler::RequestId.new,
      Azu::Handler::Rescuer.new,
      Azu::Handler::Logger.new,
    ]
  end
end

require "./test_switches"
require "./responses/**"
require "./endpoints/**"
