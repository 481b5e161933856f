module Session
  class ClusterConfig
    property enabled : Bool = false
    property node_id : String = ""
    property channel : String = ""
    property local_cache_enabled : Bool = true
    property local_cache_ttl : Time::Span = 1.second
    property local_cache_max_size : Int32 = 1
    property subscribe_timeout : Time::Span = 1.second

    def initialize(@enabled : Bool = false, @node_id : String = "", @channel : String = "",
                   @local_cache_enabled : Bool = true, @local_cache_ttl : Time::Span = 1.second,
                   @local_cache_max_size : Int32 = 1, @subscribe_timeout : Time::Span = 1.second)
    end
  end

  enum ClusterMessageType
    SessionDeleted
    SessionInvalidated
    CacheClear
  end

  struct ClusterMessage
    include JSON::Serializable

    property type : ClusterMessageType
    property session_id : String
    property node_id : String
    property timestamp : Time

    def initialize(@type : ClusterMessageType, @session_id : String, @node_id : String, @timestamp : Time = Time.utc)
    end
  end

  class LocalCache(T)
    def initialize(ttl : Time::Span = 1.second, max_size : Int32 = 1)
    end

    def get(key : String) : T?
      Declared.a(T?)
    end

    def set(key : String, value : T) : T
      value
    end

    def delete(key : String) : Bool
      Declared.a(Bool)
    end

    def clear : Nil
    end

    def size : Int32
      Declared.a(Int32)
    end
  end

  class ClusterCoordinator(T)
    getter local_cache : LocalCache(T)
    getter node_id : String
    getter config : ClusterConfig

    def initialize(redis : Redis, @config : ClusterConfig = ClusterConfig.new)
      @node_id = @config.node_id
      @local_cache = LocalCache(T).new
    end

    def start : Nil
    end

    def stop : Nil
    end

    def running? : Bool
      Declared.a(Bool)
    end

    def publish_invalidation(session_id : String) : Nil
    end

    def publish_session_invalidated(session_id : String) : Nil
    end

    def publish_cache_clear : Nil
    end

    private def publish_message(message : ClusterMessage) : Nil
    end

    private def subscription_loop
    end

    private def create_subscriber_connection : Redis
      Declared.a(Redis)
    end

    private def handle_message(raw : String)
    end
  end
end
