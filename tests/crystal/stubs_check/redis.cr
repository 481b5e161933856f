def check_redis(redis : Redis)
  Redis.new("host", 1, "socket", "password", 0, "redis://h", false, OpenSSL::SSL::Context::Client.new,
    1.second, 1.second, true, 1.second, "")
  Redis.new(host: "h", port: 1, unixsocket: nil, password: nil, database: 1, url: nil, ssl: true,
    ssl_context: nil, dns_timeout: nil, connect_timeout: nil, reconnect: false,
    command_timeout: nil, namespace: "")
  same redis.url, String
  same redis.command(["PING"] of Redis::RedisValue), RedisAnswer | Nil
  same redis.integer_command(["A"] of Redis::RedisValue), Int64
  same redis.string_command(["A"] of Redis::RedisValue), String
  same redis.string_or_nil_command(["A"] of Redis::RedisValue), String | Nil
  same redis.string_array_or_string_or_integer_command(["A"] of Redis::RedisValue), RedisAnswer
  check_keys(redis)
  check_subscription(redis)
  redis.close
end

def check_keys(redis : Redis)
  same redis.ping, String
  same redis.get("k"), String | Nil
  same redis.set("k", "v", ex: 1, px: 1, nx: true, xx: true), String | Nil
  same redis.setex("k", 1, "v"), String
  same redis.psetex("k", 1, "v"), String
  same redis.exists("k"), Int64
  same redis.expire("k", 1), Int64
  same redis.pexpire("k", 1), Int64
  same redis.ttl("k"), Int64
  same redis.pttl("k"), Int64
  same redis.del("k", "l"), Int64
  same redis.del(["k"]), Int64
  same redis.scan("0", match: "m", count: 1), Array(Redis::RedisValue)
  same redis.eval("s", ["k"], ["a"]), RedisAnswer
  same redis.publish("c", "m"), Int64
end

def check_subscription(redis : Redis)
  redis.subscribe("a", "b") do |on|
    same on, Redis::Subscription
    on.subscribe { |channel, count| same({channel, count}, Tuple(String, Int64)) }
    on.message { |channel, message| same({channel, message}, Tuple(String, String)) }
    on.unsubscribe { |channel, count| same({channel, count}, Tuple(String, Int64)) }
  end
  redis.unsubscribe("a", "b")
rescue ex : Redis::ConnectionError | Redis::CommandTimeoutError | Redis::PoolTimeoutError
  raise Redis::CannotConnectError.new(ex.message)
rescue ex : Redis::ConnectionLostError | Redis::Error
  raise ex
end

def check_pool
  pool = ConnectionPool(Int32).new(capacity: 1, timeout: 1.0) { 1 }
  same pool.checkout, Int32
  pool.checkin(1)
  Pool(Int32).new { 1 }
end
