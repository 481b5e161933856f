module Session
  class ClusteredRedisStore(T) < Store(T)
    include QueryableStore(T)
    getter redis_store : RedisStore(T)
    getter coordinator : ClusterCoordinator(T)
    getter circuit_breaker : CircuitBreaker?
    property current_session : T = T.new

    def initialize(@client : Redis = Redis.new, config : ClusterConfig = ClusterConfig.new)
      @redis_store = RedisStore(T).new(@client)
      @coordinator = ClusterCoordinator(T).new(@client, config)
    end

    def storage : String
      Declared.a(String)
    end

    def [](key : String) : T
      Declared.a(T)
    end

    def []?(key : String) : T?
      Declared.a(T?)
    end

    def []=(key : String, session : T) : T
      session
    end

    def delete(key : String)
    end

    def size : Int64
      Declared.a(Int64)
    end

    def clear
    end

    def healthy? : Bool
      Declared.a(Bool)
    end

    def shutdown
    end

    def evict_from_cache(key : String) : Bool
      Declared.a(Bool)
    end

    def each_session(&block : T -> Nil) : Nil
      yield Declared.a(T)
    end

    # As in the shard, a call of it does not compile: what it returns may be nil.
    def bulk_delete(&predicate : T -> Bool) : Int64
      predicate.call(Declared.a(T))
      Declared.a(Int64 | Nil)
    end

    def all_session_ids : Array(String)
      Declared.a(Array(String))
    end
  end
end
