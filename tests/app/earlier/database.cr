# The sessions of shop. Written by `azu session:setup`; yours to change.
require "session"
require "db"
require "pg"

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

  # Sessions as rows of a table, over crystal-db.
  class SessionStore < ::Session::Store(UserSession)
    include ::Session::QueryableStore(UserSession)

    # What the requests' stores share: the pool of connections.
    alias Shared = DB::Database

    # `azu session:clear` reads it here.
    TABLE = "auth.sessions"
    # The same as SQL writes it.
    QUOTED_TABLE = "\"auth\".\"sessions\""

    property current_session : UserSession = UserSession.new

    def self.connect : Shared
      database = ENV["DATABASE_URL"]?.presence
      url = URI.parse(database || abort("DATABASE_URL is missing: set it to the database's URL"))
      parameters = url.query_params
      parameters["max_pool_size"] = 5.to_s
      parameters["checkout_timeout"] = 5.seconds.total_seconds.to_s
      url.query_params = parameters
      shared = DB.open(url)
      spawn do
        loop do
          sleep(5.minutes)
          new(shared).sweep
        end
      end
      shared
    end

    def initialize(@db : Shared)
    end

    def storage : String
      self.class.name
    end

    def [](key : String) : UserSession
      self[key]? || raise ::Session::SessionNotFoundException.new
    end

    def []?(key : String) : UserSession?
      sql = <<-SQL
        SELECT data FROM #{QUOTED_TABLE}
        WHERE session_id = $1 AND expires_at > $2
        SQL
      @db.query_one?(sql, key, Time.utc, as: Bytes).try { |data| unpack(data) }
    end

    def []=(key : String, session : UserSession) : UserSession
      sql = <<-SQL
        INSERT INTO #{QUOTED_TABLE} (session_id, data, created_at, updated_at, expires_at)
        VALUES ($1, $2, $3, $4, $5)
        SQL
      times = {session.created_at.to_utc, Time.utc, session.expires_at.to_utc}
      @db.exec(sql, key, pack(session), *times)
      session
    end

    # Saves a session that was loaded, unless it has been ended meanwhile.
    def save(session : UserSession) : Bool
      sql = <<-SQL
        UPDATE #{QUOTED_TABLE}
        SET data = $1, updated_at = $2, expires_at = $3
        WHERE session_id = $4
        SQL
      times = {Time.utc, session.expires_at.to_utc}
      @db.exec(sql, pack(session), *times, session.session_id).rows_affected > 0
    end

    # Whether there was one to delete.
    def delete(key : String) : Bool
      sql = "DELETE FROM #{QUOTED_TABLE} WHERE session_id = $1"
      @db.exec(sql, key).rows_affected > 0
    end

    def size : Int64
      sql = "SELECT COUNT(*) FROM #{QUOTED_TABLE} WHERE expires_at > $1"
      @db.scalar(sql, Time.utc).as(Int64)
    end

    def clear
      @db.exec("DELETE FROM #{QUOTED_TABLE}")
    end

    def all_session_ids : Array(String)
      sql = "SELECT session_id FROM #{QUOTED_TABLE} WHERE expires_at > $1"
      @db.query_all(sql, Time.utc, as: String)
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

    # Removes the expired sessions; a failure is logged, and the next sweep tries again.
    def sweep : Nil
      @db.exec("DELETE FROM #{QUOTED_TABLE} WHERE expires_at <= $1", Time.utc)
    rescue error
      ::Log.error(exception: error) { "Expired sessions could not be removed" }
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

    # Compressed and encrypted where `Session.configure` says so, as the shard's Redis store does.
    private def pack(session : UserSession) : Bytes
      config = ::Session.config
      data = ::Session::Compression.compress_if_enabled(session.to_json)
      data = config.encryptor.encrypt_and_sign(data) if config.encrypt_redis_data
      data.to_slice
    end

    # Nil where another version of UserSession, or another secret, has written it.
    private def unpack(data : Bytes) : UserSession?
      config = ::Session.config
      data = config.encryptor.verify_and_decrypt(String.new(data)) if config.encrypt_redis_data
      UserSession.from_json(::Session::Compression.decompress_if_needed(String.new(data)))
    rescue error
      ::Log.warn { "A session could not be read: #{error.class}" }
      nil
    end
  end

  # Gives each request the session of its own visitor. Its place is behind the handlers that
  # rescue and log, right before the endpoints.
  class SessionHandler
    include HTTP::Handler

    def initialize(@shared : SessionStore::Shared = SessionStore.connect)
    end

    def call(context : HTTP::Server::Context)
      # A store of the request's own: it holds the current session, which nobody else may see.
      visitor = Visitor.new(SessionStore.new(@shared), context)
      visitor.arrive
      context.visitor = visitor
      call_next(context)
      visitor.leave
    end
  end

  # Whoever sent a request, for as long as it takes.
  class Visitor
    getter store : SessionStore

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

Session.use_store(Shop::SessionStore)

# `config.store` stays unset: one store for the whole process would hand a visitor's session to
# the next. A request's own is `context.visitor.store`; elsewhere, make one:
# `Shop::SessionStore.new(Shop::SessionStore.connect)`.
Session.configure do |config|
  config.session_key = "shop_session"
  config.timeout = 24.hours
  # Whether every visit begins the timeout anew.
  config.sliding_expiration = true
  config.secret = Shop.session_secret
  config.require_secure_secret = true

  # The shard's own callbacks write session ids, which are credentials, into the debug log.
  config.on_started = config.on_loaded = config.on_client = config.on_deleted =
    ->(_id : String, _session : Session::Base) { nil }
  config.on_regenerated = ->(_old : String, _new : String, _session : Session::Base) { nil }
end
