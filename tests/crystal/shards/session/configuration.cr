module Session
  class RetryConfig
    property max_attempts : Int32
    property base_delay : Time::Span
    property max_delay : Time::Span
    property backoff_multiplier : Float64
    property jitter : Float64

    def initialize(@max_attempts : Int32 = 1, @base_delay : Time::Span = 1.second,
                   @max_delay : Time::Span = 1.second, @backoff_multiplier : Float64 = 1.0,
                   @jitter : Float64 = 0.0)
    end
  end

  class CircuitBreakerConfig
    property failure_threshold : Int32
    property reset_timeout : Time::Span
    property half_open_max_calls : Int32

    def initialize(@failure_threshold : Int32 = 1, @reset_timeout : Time::Span = 1.second,
                   @half_open_max_calls : Int32 = 1)
    end
  end

  class CircuitBreaker
    def initialize(config : CircuitBreakerConfig = CircuitBreakerConfig.new)
    end
  end

  module Retry
    extend self

    def with_retry_if(should_retry : Exception -> Bool, config : RetryConfig = Session.config.retry_config, &block : -> T) : T forall T
      yield
    end

    def retryable_connection_error?(ex : Exception) : Bool
      Declared.a(Bool)
    end
  end

  class Configuration
    property timeout : Time::Span = 1.second
    property session_key : String = ""
    property secret : String = ""
    property cluster : ClusterConfig = ClusterConfig.new
    property require_secure_secret : Bool = false
    property digest_algorithm : Symbol = :sha256
    property digest_fallback : Bool = true
    property use_kdf : Bool = false
    property kdf_iterations : Int32 = 1
    property kdf_salt : String = ""
    property encrypt_redis_data : Bool = false
    property circuit_breaker_enabled : Bool = false
    property circuit_breaker_config : CircuitBreakerConfig = CircuitBreakerConfig.new
    property sliding_expiration : Bool = false
    property compress_data : Bool = false
    property compression_threshold : Int32 = 1
    property bind_to_ip : Bool = false
    property bind_to_user_agent : Bool = false
    property retry_config : RetryConfig = RetryConfig.new
    property enable_retry : Bool = true
    property log_errors : Bool = true
    property fail_fast_on_corruption : Bool = true

    {% for event in %w(started deleted loaded client) %}
      property on_{{event.id}} : Proc(String, Session::Base, Nil) = ->(id : String, session : Session::Base) {}
    {% end %}
    property on_regenerated : Proc(String, String, Session::Base, Nil) = ->(old : String, new : String, session : Session::Base) {}

    def self.from_preset(preset : Symbol) : Configuration
      Declared.a(Configuration)
    end

    def apply_preset(preset : Symbol) : self
      self
    end

    def encryptor
      Declared.a(Message::Encryptor)
    end

    def using_default_secret? : Bool
      Declared.a(Bool)
    end

    def validate_secret! : Nil
    end
  end
end
