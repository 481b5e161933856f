module Session
  class RedisStore(T) < Store(T)
    include QueryableStore(T)
    getter circuit_breaker : CircuitBreaker?
    property current_session : T = T.new

    @client : Redis?
    @pool : ConnectionPool?

    def initialize(client : Redis? = nil, pool : ConnectionPool? = nil)
    end

    def self.with_pool(pool : ConnectionPool) : self
      new(pool: pool)
    end

    def self.with_pool(config : ConnectionPoolConfig) : self
      new(pool: ConnectionPool.new(config))
    end

    def storage : String
      Declared.a(String)
    end

    def [](key : String) : T
      with_circuit_breaker { with_redis_connection { |client| client.get(prefixed(key)) } }
      Declared.a(T)
    end

    def []?(key : String) : T?
      decrypt_if_enabled(key)
      Declared.a(T?)
    end

    def []=(key : String, session : T) : T
      encrypt_if_enabled(key)
      session
    end

    def delete(key : String)
      Declared.a(Int64?)
    end

    def size : Int64
      Declared.a(Int64)
    end

    def clear : Nil
    end

    def healthy? : Bool
      Declared.a(Bool)
    end

    def shutdown
    end

    def each_session(&block : T -> Nil) : Nil
      yield Declared.a(T)
    end

    def bulk_delete(&predicate : T -> Bool) : Int64
      predicate.call(Declared.a(T))
      Declared.a(Int64)
    end

    def all_session_ids : Array(String)
      Declared.a(Array(String))
    end

    private def prefixed(key : String) : String
      Declared.a(String)
    end

    private def with_circuit_breaker(&block : -> T) : T forall T
      yield
    end

    private def with_redis_connection(&block : Redis -> T) : T forall T
      yield Declared.a(Redis)
    end

    private def encrypt_if_enabled(data : String) : String
      Declared.a(String)
    end

    private def decrypt_if_enabled(data : String) : String
      Declared.a(String)
    end
  end
end
