# The sessions of shop. Written by `azu session:setup`; yours to change.
require "session"
require "redis"

module Shop
  # Whose settings hold, where azu.config.ts has several. None named: the strictest.
  SESSION_ENVIRONMENT = ENV["AZU_ENV"]?.presence || ENV["CRYSTAL_ENV"]?.presence || "production"

  # What the app remembers of a visitor. Add properties; each needs a default.
  class UserSession < ::Session::Base
    property user_id : Int64? = nil

    def authenticated? : Bool
      !user_id.nil?
    end
  end

  # Sessions as Redis keys, under a prefix of the app's own.
  class SessionStore < ::Session::RedisStore(UserSession)
    # The shard's signatures mean its own pool, not the pool shard's class of that name.
    alias ConnectionPool = ::Session::ConnectionPool

    # What the requests' stores share.
    alias Shared = ConnectionPool

    # `azu session:clear` reads it here.
    KEY_PREFIX = "shop:s:"

    # All its keys, as Redis matches them: the prefix's own * ? [ ] \ stand for themselves.
    PATTERN = KEY_PREFIX.gsub(/[*?\[\]\\]/) { |special| "\\#{special}" } + "*"

    def self.connect : Shared
      RedisPool.new(::Session::ConnectionPoolConfig.new(
        size: 5,
        timeout: 5.seconds,
      ))
    end

    def initialize(pool : ConnectionPool)
      super(pool: pool)
    end

    def [](key : String) : UserSession
      self[key]? || raise ::Session::SessionNotFoundException.new
    end

    # Unlike the shard's, it raises where Redis cannot be asked: to take that for "no session"
    # would log visitors out.
    def []?(key : String) : UserSession?
      read(key).try { |data| unpack(data) }
    end

    def []=(key : String, session : UserSession) : UserSession
      write(key, session)
      session
    end

    # Saves a session that was loaded, unless it has been ended meanwhile.
    def save(session : UserSession) : Bool
      write(session.session_id, session, only_if_there: true)
    end

    # Whether there was one to delete.
    def delete(key : String) : Bool
      with_redis_connection(&.del(prefixed(key))) > 0
    end

    # The shard's own methods from here on take the prefix to be "session:".
    def size : Int64
      with_redis_connection { |redis| ::Session::RedisUtils.count_keys(redis, PATTERN) }
    end

    def clear : Nil
      with_redis_connection { |redis| ::Session::RedisUtils.delete_keys(redis, PATTERN) }
    end

    def all_session_ids : Array(String)
      keys = with_redis_connection { |redis| ::Session::RedisUtils.collect_keys(redis, PATTERN) }
      keys.map(&.lchop(KEY_PREFIX)).uniq!
    end

    def each_session(&block : UserSession -> Nil) : Nil
      all_session_ids.each do |id|
        self[id]?.try { |session| block.call(session) }
      end
    end

    def bulk_delete(&predicate : UserSession -> Bool) : Int64
      doomed = all_session_ids.select do |id|
        self[id]?.try { |session| predicate.call(session) }
      end
      doomed.count { |id| delete(id) }.to_i64
    end

    # The shard's own cookie is always Secure and Strict; this one is as azu.config.ts says.
    def create_session_cookie(host : String) : HTTP::Cookie
      HTTP::Cookie.new(
        name: session_key,
        value: session_id,
        path: "/",
        expires: current_session.expires_at,
        domain: nil,
        secure: true,
        http_only: true,
        samesite: HTTP::Cookie::SameSite::Strict,
      )
    end

    private def read(key : String) : String?
      with_redis_connection(&.get(prefixed(key)))
    end

    # The key lives as long as the session.
    private def write(key : String, session : UserSession, only_if_there = false) : Bool
      left = session.time_until_expiry.total_milliseconds.to_i64
      return false if left < 1
      data = encrypt_if_enabled(session.to_json)
      !with_redis_connection(&.set(prefixed(key), data, px: left, xx: only_if_there)).nil?
    end

    # Nil where another version of UserSession, or another secret, has written it.
    private def unpack(data : String) : UserSession?
      UserSession.from_json(decrypt_if_enabled(data))
    rescue error
      ::Log.warn { "A session could not be read: #{error.class}" }
      nil
    end

    private def prefixed(key : String) : String
      "#{KEY_PREFIX}#{key}"
    end
  end

  # The shard's pool, over connections that take all of REDIS_URL (TLS too) and give up in time.
  class RedisPool < ::Session::ConnectionPool
    def self.connection(timeout : Time::Span?, reconnect = true) : ::Redis
      url = URI.parse(ENV["REDIS_URL"]?.presence || "redis://localhost:6379")
      unless {nil, "", "default"}.includes?(url.user)
        abort "REDIS_URL names a user, which the redis shard cannot log in as: use the default one"
      end
      ::Redis.new(
        host: url.hostname || "localhost",
        port: url.port || 6379,
        password: url.password.presence,
        database: url.path.lchop('/').to_i?,
        ssl: url.scheme == "rediss",
        connect_timeout: 5.seconds,
        command_timeout: timeout,
        reconnect: reconnect,
      )
    end

    private def create_connection : ::Redis
      RedisPool.connection(config.timeout)
    end
  end

  # The same on several nodes, each of which remembers for a while what it has read.
  class ClusteredSessionStore < SessionStore
    # What the requests' stores share.
    record Shared, pool : ConnectionPool, cache : SessionCache

    def self.connect : Shared
      Shared.new(SessionStore.connect, SessionCache.new(::Session.config.cluster))
    end

    def initialize(@shared : Shared)
      super(@shared.pool)
    end

    def delete(key : String) : Bool
      super.tap { changed(:session_deleted, key) }
    end

    def clear : Nil
      super
      changed(:cache_clear)
    end

    private def read(key : String) : String?
      @shared.cache.fetch(key) { super }
    end

    private def write(key : String, session : UserSession, only_if_there = false) : Bool
      super.tap { changed(:session_invalidated, key) }
    end

    # Makes every node forget it, this one included.
    private def changed(type : ::Session::ClusterMessageType, key : String = "") : Nil
      cluster = ::Session.config.cluster
      message = ::Session::ClusterMessage.new(type, key, cluster.node_id)
      @shared.cache.forget(message)
      with_redis_connection(&.publish(cluster.channel, message.to_json))
    end
  end

  # What this node has read from Redis, until it is told of a change or the time is up.
  class SessionCache
    # Which reads are under way: what changes meanwhile must not be remembered as it was.
    @reading = Hash(String, Int64).new
    @reads = 0_i64
    @listening = false

    def initialize(@cluster : ::Session::ClusterConfig)
      @sessions = ::Session::LocalCache(String).new(
        ttl: @cluster.local_cache_ttl,
        max_size: @cluster.local_cache_max_size,
      )
      spawn { loop { listen } }
    end

    # The session's data, from memory or else from the block.
    def fetch(key : String, & : -> String?) : String?
      # Whoever does not hear of changes must not remember.
      return yield unless @listening
      known = @sessions.get(key)
      return known if known
      read = @reading[key] = @reads += 1
      data = yield
      @sessions.set(key, data) if data && @reading[key]? == read
      data
    ensure
      @reading.delete(key) if read && @reading[key]? == read
    end

    def forget(message : ::Session::ClusterMessage) : Nil
      return forget_all if message.type.cache_clear?
      @reading.delete(message.session_id)
      @sessions.delete(message.session_id)
    end

    private def forget_all : Nil
      @reading.clear
      @sessions.clear
    end

    private def listen : Nil
      # Were it to connect again by itself, what was said meanwhile would be missed unnoticed.
      redis = RedisPool.connection(timeout: nil, reconnect: false)
      redis.subscribe(@cluster.channel) do |on|
        on.subscribe { @listening = true }
        on.message { |_, json| hear(json) }
      end
    rescue error
      ::Log.warn(exception: error) { "Lost the other nodes; reading from Redis until they are back" }
    ensure
      @listening = false
      forget_all
      redis.try(&.close)
      sleep 1.second
    end

    private def hear(json : String) : Nil
      forget(::Session::ClusterMessage.from_json(json))
    rescue error
      ::Log.warn { "A message of the other nodes could not be read: #{error.class}" }
      forget_all
    end
  end

  # Gives each request the session of its own visitor. Its place is behind the handlers that
  # rescue and log, right before the endpoints.
  class SessionHandler
    include HTTP::Handler

    def initialize(@shared : ClusteredSessionStore::Shared = ClusteredSessionStore.connect)
    end

    def call(context : HTTP::Server::Context)
      # A store of the request's own: it holds the current session, which nobody else may see.
      visitor = Visitor.new(ClusteredSessionStore.new(@shared), context)
      visitor.arrive
      context.visitor = visitor
      call_next(context)
      visitor.leave
    end
  end

  # Whoever sent a request, for as long as it takes.
  class Visitor
    getter store : ClusteredSessionStore

    # What is in the store, to tell at the end whether there is something to save.
    @saved : String = ""

    def initialize(@store, @context : HTTP::Server::Context)
    end

    def session : UserSession
      store.current_session
    end

    # Takes up the session that the cookie names, else begins one under a new id: an id that the
    # store does not know is never adopted, whoever offers it.
    def arrive : Nil
      found = find
      if found
        store.current_session = found
      else
        store.create
        send_cookie
      end
      @saved = session.to_json
      slide if found && ::Session.config.sliding_expiration
    end

    # Saves what the request has changed. A session that was ended meanwhile stays ended.
    def leave : Nil
      store.save(session) unless session.to_json == @saved
    end

    # Makes the visitor this user, under a new id: one that somebody planted in the browser
    # before the login is worth nothing after it.
    def log_in(user_id : Int64) : UserSession
      renew
      session.user_id = user_id
      leave
      @saved = session.to_json
      session
    end

    # Goes on under a new id: call it when the rights of a user change. A session that was ended
    # meanwhile stays ended.
    def renew : UserSession
      raise_if_answered
      store.delete(session.session_id) ? store.regenerate_id : store.create
      @saved = session.to_json
      send_cookie
      session
    end

    # Ends the session, here and in the store; the visitor goes on as nobody.
    def log_out : UserSession
      raise_if_answered
      store.delete
      store.create
      @saved = session.to_json
      send_cookie
      session
    end

    private def find : UserSession?
      id = @context.request.cookies[store.session_key]?.try(&.value)
      return unless id && UUID.parse?(id)
      session = store[id]?
      session if session && session.valid? && session.session_id == id
    end

    # Moves the end of the session, at most once in a hundredth of its time: that saves writes,
    # and cookies that could overtake those of a login.
    private def slide : Nil
      return if session.time_until_expiry > store.timeout * 0.99
      session.touch
      send_cookie
    end

    private def send_cookie : Nil
      @context.response.cookies << store.create_session_cookie("")
    end

    # Once the answer is on its way, the visitor would never hear of a new id.
    private def raise_if_answered : Nil
      @context.response.status = @context.response.status
    end
  end

  # For endpoints: `include Shop::SessionHelpers`.
  module SessionHelpers
    delegate session, log_in, renew, log_out, to: context
  end

  # The key that sessions are encrypted and signed with, where the shard is told to.
  def self.session_secret : String
    secret = ENV["SESSION_SECRET"]?
    return secret if secret && secret.bytesize >= 32
    return Random::Secure.hex(32) if {"development", "test"}.includes?(SESSION_ENVIRONMENT)
    abort "SESSION_SECRET is missing or shorter than 32 bytes: set it to the output of " \
          "`openssl rand -hex 32` (or AZU_ENV to development, where it is not needed)"
  end
end

class HTTP::Server::Context
  setter visitor : Shop::Visitor?

  # Whose request this is, as Shop::SessionHandler found out.
  def visitor : Shop::Visitor
    @visitor || raise "Shop::SessionHandler is not among the app's handlers"
  end

  delegate session, log_in, renew, log_out, to: visitor
end

Session.use_store(Shop::ClusteredSessionStore)

# `config.store` stays unset: one store for the whole process would hand a visitor's session to
# the next. A request's own is `context.visitor.store`; elsewhere, make one:
# `Shop::ClusteredSessionStore.new(Shop::ClusteredSessionStore.connect)`.
Session.configure do |config|
  config.session_key = "shop_session"
  config.timeout = 24.hours
  # Whether every visit begins the timeout anew.
  config.sliding_expiration = true
  config.secret = Shop.session_secret
  config.require_secure_secret = true

  config.cluster.enabled = true
  # Every process needs a name of its own, so it is not written here.
  config.cluster.node_id = ENV["NODE_ID"]?.presence || UUID.random.to_s
  # `azu session:clear` tells the nodes here to forget what they have read.
  config.cluster.channel = "shop:nodes"
  config.cluster.local_cache_ttl = 30.seconds

  # The shard's own callbacks write session ids, which are credentials, into the debug log.
  config.on_started = config.on_loaded = config.on_client = config.on_deleted =
    ->(_id : String, _session : Session::Base) { nil }
  config.on_regenerated = ->(_old : String, _new : String, _session : Session::Base) { nil }
end
