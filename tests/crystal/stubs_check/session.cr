class Visitor < Session::Base
  property user_id : Int64?
  property name : String = ""

  def authenticated? : Bool
    !user_id.nil?
  end

  def start_over
    reset_identity!
  end
end

class CheckPool < Session::ConnectionPool
  private def create_connection : Redis
    Redis.new(host: config.redis_host, port: config.redis_port, database: config.redis_database,
      password: config.redis_password)
  end
end

class CheckStore < Session::RedisStore(Visitor)
  # Else the pool shard's class of that name is meant, as the redis shard brings it along.
  alias ConnectionPool = Session::ConnectionPool

  def inside
    same with_redis_connection { |client| client.get(prefixed("k")) }, String | Nil
    same with_circuit_breaker { 1 }, Int32
    same encrypt_if_enabled("a"), String
    same decrypt_if_enabled("a"), String
  end

  def create_session_cookie(host : String) : HTTP::Cookie
    same timeout, Time::Span
    super(host)
  end

  private def prefixed(key : String) : String
    super("p#{key}")
  end
end

Session.use_store(CheckStore)
Session.configure { |config| config.store = CheckStore.with_pool(CheckPool.new) }

def check_session
  visitor = Visitor.new
  same Visitor.from_json(visitor.to_json), Visitor
  same({visitor.session_id, visitor.created_at, visitor.expires_at}, Tuple(String, Time, Time))
  same({visitor.expired?, visitor.valid?, visitor.authenticated?}, Tuple(Bool, Bool, Bool))
  same visitor.time_until_expiry, Time::Span
  same visitor == Visitor.new, Bool
  visitor.expires_at = Time.utc
  visitor.touch
  visitor.start_over
  Session::Log.warn { "x" }
  check_pool
  check_connection_pool
  check_utilities(Redis.new)
end

def check_connection_pool
  config = Session::ConnectionPoolConfig.new(size: 1, timeout: 1.second, redis_host: "h",
    redis_port: 1, redis_database: 0, redis_password: nil)
  same({config.size, config.timeout, config.redis_host}, Tuple(Int32, Time::Span, String))
  pool = CheckPool.new(config)
  same pool.with_connection(&.ping), String
  same({pool.size, pool.available, pool.healthy?}, Tuple(Int32, Int32, Bool))
  pool.checkin(pool.checkout)
  pool.shutdown
  CheckStore.with_pool(config).inside
  CheckStore.new(client: Redis.new).inside
rescue ex : Session::ConnectionPoolTimeoutException | Session::CircuitOpenException
  raise ex
end

def check_utilities(redis : Redis)
  Session::RedisUtils.scan_keys(redis, "p", 10) { |key| same key, String }
  same Session::RedisUtils.count_keys(redis, "p", 10), Int64
  same Session::RedisUtils.delete_keys(redis, "p", batch_size: 10), Int64
  same Session::RedisUtils.collect_keys(redis, "p"), Array(String)
  same Session::Compression.compress_if_enabled("a"), String
  same Session::Compression.decompress_if_needed("a"), String
  same Session::Compression.compressed?("a"), Bool
  same Session::Compression.compress("a"), String
  same Session::Compression.decompress("a"), String
  retry = ->(ex : Exception) { Session::Retry.retryable_connection_error?(ex) }
  same Session::Retry.with_retry_if(retry, Session.config.retry_config) { 1 }, Int32
end

def check_messages
  message = Session::ClusterMessage.new(type: Session::ClusterMessageType::CacheClear,
    session_id: "", node_id: "n", timestamp: Time.utc)
  Session::ClusterMessage.new(Session::ClusterMessageType::SessionDeleted, "", "n")
  same Session::ClusterMessage.from_json(message.to_json), Session::ClusterMessage
  same message.type.session_invalidated?, Bool
  same({message.session_id, message.node_id, message.timestamp}, Tuple(String, String, Time))
end
