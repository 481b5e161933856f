# Evaluates a formula without Homebrew, which is not in Debian:
#   ruby formula.rb <formula> <system> <processor> <prefix>
# Prints what Homebrew would download. Then installs from the working folder into the prefix, and
# prints the paths of the new files.
require "fileutils"

FORMULA, SYSTEM, PROCESSOR, PREFIX = ARGV

# A folder for installed files.
class Place
  def initialize(path)
    @path = File.join(PREFIX, path)
  end

  # Installs a file, a list of files, or a file under a new name, as Homebrew's method does.
  def install(what)
    renamed = what.is_a?(Hash) ? what : Array(what).to_h { |path| [path, File.basename(path)] }
    raise "nothing to install" if renamed.empty?

    FileUtils.mkdir_p(@path)
    renamed.each { |path, name| FileUtils.cp(path, File.join(@path, name)) }
  end
end

class Formula
  %w[desc homepage version license url sha256].each do |name|
    define_singleton_method(name) { |value| puts "#{name}=#{value}" }
  end

  { "on_macos" => "macos", "on_linux" => "linux" }.each do |name, system|
    define_singleton_method(name) { |&block| block.call if system == SYSTEM }
  end

  { "on_arm" => "arm", "on_intel" => "intel" }.each do |name, processor|
    define_singleton_method(name) { |&block| block.call if processor == PROCESSOR }
  end

  def self.test; end

  {
    bin: "bin",
    man1: "share/man/man1",
    bash_completion: "etc/bash_completion.d",
    zsh_completion: "share/zsh/site-functions",
    fish_completion: "share/fish/vendor_completions.d"
  }.each do |name, path|
    define_method(name) { Place.new(path) }
  end
end

load FORMULA
AzuSessions.new.install
puts Dir.glob("**/*", base: PREFIX).select { |path| File.file?(File.join(PREFIX, path)) }.sort
