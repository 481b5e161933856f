# Uses everything that ../shards declares. It compiles against the declarations and against the
# shards themselves, with the same types: a declaration that is wrong does not get past both.
require "session"
require "redis"
require "db"
require "pg"
require "sqlite3"
require "mysql"
require "cql"
require "./configuration"
require "./db"
require "./redis"
require "./session"
require "./stores"

# Fails to compile unless the value is of that type.
def same(value : T, type : U.class) forall T, U
  {% raise "#{T} is not #{U}" unless T == U %}
end

alias RedisAnswer = Array(Redis::RedisValue) | String | Int64

check_redis(Redis.new(url: "redis://localhost"))
check_db(DB.open("sqlite3://:memory:"))
check_migration
check_session
check_configuration(Session.config)
check_redis_store(Session.session)
check_memory(Session::MemoryStore(Visitor).new)
check_clustered(Session::ClusteredRedisStore(Visitor).new(Redis.new, Session.config.cluster))
check_messages
