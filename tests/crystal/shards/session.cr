# The session shard (azutoolkit/session), declared as far as an app's own stores use it.
require "http"
require "json"
require "log"
require "uuid"
require "./redis"
require "./session/errors"
require "./session/base"
require "./session/message"
require "./session/cluster"
require "./session/configuration"
require "./session/store"
require "./session/memory_store"
require "./session/redis_pool"
require "./session/redis_store"
require "./session/clustered_redis_store"

module Session
  Log    = ::Log.for("session")
  CONFIG = Configuration.new

  macro use_store(store_type)
    class Session::Configuration
      property store : {{store_type}}? = nil

      def session : {{store_type}}
        @store.not_nil!
      end
    end
  end

  def self.configure(&)
    with CONFIG yield CONFIG
  end

  def self.config
    CONFIG
  end

  def self.session
    CONFIG.session
  end
end
