# The redis shard (stefanwille/crystal-redis), declared as far as sessions use it.
require "uri"
require "openssl"
require "./declared"
require "./pool"

class Redis
  alias RedisValue = Nil | Int32 | Int64 | String | Array(RedisValue)
  alias Request = Array(RedisValue)

  class Error < Exception
  end

  class ConnectionError < Error
  end

  class CannotConnectError < ConnectionError
  end

  class ConnectionLostError < ConnectionError
  end

  class CommandTimeoutError < Error
  end

  class PoolTimeoutError < Error
  end

  class Subscription
    def subscribe(&block : String, Int64 ->)
    end

    def message(&block : String, String ->)
    end

    def unsubscribe(&block : String, Int64 ->)
    end
  end

  def initialize(@host = "localhost", @port = 6379, @unixsocket : String? = nil,
                 @password : String? = nil, @database : Int32? = nil, url = nil, @ssl = false,
                 @ssl_context : OpenSSL::SSL::Context::Client? = nil,
                 @dns_timeout : Time::Span? = nil, @connect_timeout : Time::Span? = nil,
                 @reconnect = true, @command_timeout : Time::Span? = nil,
                 @namespace : String = "")
  end

  def url
    Declared.a(String)
  end

  def close
  end

  def command(request : Request)
    Declared.a(Array(RedisValue) | Int64 | String | Nil)
  end

  def integer_command(request : Request) : Int64
    Declared.a(Int64)
  end

  def string_command(request : Request) : String
    Declared.a(String)
  end

  def string_or_nil_command(request : Request) : String?
    Declared.a(String?)
  end

  def string_array_or_string_or_integer_command(request : Request) : Array(RedisValue) | String | Int64
    Declared.a(Array(RedisValue) | String | Int64)
  end

  def ping
    Declared.a(String)
  end

  def get(key)
    Declared.a(String?)
  end

  def set(key, value, ex = nil, px = nil, nx = nil, xx = nil)
    Declared.a(String?)
  end

  def setex(key, expire_in_seconds, value)
    Declared.a(String)
  end

  def psetex(key, expire_in_milis, value)
    Declared.a(String)
  end

  def exists(key)
    Declared.a(Int64)
  end

  def expire(key, seconds)
    Declared.a(Int64)
  end

  def pexpire(key, milis)
    Declared.a(Int64)
  end

  def ttl(key)
    Declared.a(Int64)
  end

  def pttl(key)
    Declared.a(Int64)
  end

  def del(*keys)
    Declared.a(Int64)
  end

  def del(keys : Array)
    Declared.a(Int64)
  end

  def scan(cursor, match = nil, count = nil)
    Declared.a(Array(RedisValue))
  end

  def eval(script : String, keys = [] of RedisValue, args = [] of RedisValue)
    Declared.a(Array(RedisValue) | String | Int64)
  end

  def publish(channel, message)
    Declared.a(Int64)
  end

  def subscribe(*channels, &callback_setup_block : Subscription ->)
  end

  def unsubscribe(*channels)
  end
end
