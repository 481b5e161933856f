module Session
  class ConnectionPoolConfig
    property size : Int32
    property timeout : Time::Span
    property redis_host : String
    property redis_port : Int32
    property redis_database : Int32
    property redis_password : String?

    def initialize(@size : Int32 = 1, @timeout : Time::Span = 1.second,
                   @redis_host : String = "", @redis_port : Int32 = 0,
                   @redis_database : Int32 = 0, @redis_password : String? = nil)
    end
  end

  class ConnectionPool
    getter config : ConnectionPoolConfig
    getter size : Int32 = 0
    getter available : Int32 = 0

    @connections : Array(Redis) = [] of Redis

    def initialize(@config : ConnectionPoolConfig = ConnectionPoolConfig.new)
      @connections << create_connection
    end

    def with_connection(&block : Redis -> T) : T forall T
      yield checkout
    end

    def checkout : Redis
      Declared.a(Redis)
    end

    def checkin(conn : Redis) : Nil
    end

    def shutdown : Nil
    end

    def healthy? : Bool
      Declared.a(Bool)
    end

    private def create_connection : Redis
      Declared.a(Redis)
    end
  end

  module RedisUtils
    def self.scan_keys(client : Redis, pattern : String, batch_size : Int32 = 100, &block : String -> Nil)
      yield Declared.a(String)
    end

    def self.count_keys(client : Redis, pattern : String, batch_size : Int32 = 100) : Int64
      Declared.a(Int64)
    end

    def self.delete_keys(client : Redis, pattern : String, batch_size : Int32 = 100) : Int64
      Declared.a(Int64)
    end

    def self.collect_keys(client : Redis, pattern : String, batch_size : Int32 = 100) : Array(String)
      Declared.a(Array(String))
    end
  end
end
