def check_configuration(config : Session::Configuration)
  config.timeout = 1.hour
  config.session_key = "k"
  config.secret = "s"
  config.require_secure_secret = true
  config.digest_algorithm = :sha256
  config.digest_fallback = false
  config.use_kdf = true
  config.kdf_iterations = 1
  config.kdf_salt = "s"
  config.encrypt_redis_data = true
  config.sliding_expiration = true
  config.compress_data = true
  config.compression_threshold = 1
  config.bind_to_ip = false
  config.bind_to_user_agent = false
  config.enable_retry = false
  config.log_errors = true
  config.fail_fast_on_corruption = true
  check_configured(config)
  check_reliability(config)
  check_callbacks(config)
  check_cluster(config.cluster)
  same config.using_default_secret?, Bool
  config.validate_secret!
  same config.apply_preset(:production), Session::Configuration
  same Session::Configuration.from_preset(:testing), Session::Configuration
rescue ex : Session::InsecureSecretException
  raise ex
end

def check_configured(config : Session::Configuration)
  same({config.timeout, config.session_key, config.secret}, Tuple(Time::Span, String, String))
  same({config.compress_data, config.compression_threshold}, Tuple(Bool, Int32))
  same({config.digest_algorithm, config.kdf_iterations}, Tuple(Symbol, Int32))
  same({config.sliding_expiration, config.encrypt_redis_data}, Tuple(Bool, Bool))
  encryptor = config.dup.encryptor
  same encryptor.encrypt_and_sign("a"), String
  same encryptor.encrypt_and_sign("a".to_slice), String
  same encryptor.verify_and_decrypt("a"), Bytes
  same encryptor.verifier, Message::Verifier
rescue ex : Message::Verifier::InvalidSignatureError
  raise ex
end

def check_reliability(config : Session::Configuration)
  config.circuit_breaker_enabled = true
  config.circuit_breaker_config = Session::CircuitBreakerConfig.new(failure_threshold: 1,
    reset_timeout: 1.second, half_open_max_calls: 1)
  same config.circuit_breaker_config.failure_threshold, Int32
  config.retry_config = Session::RetryConfig.new(max_attempts: 1, base_delay: 1.second,
    max_delay: 1.second, backoff_multiplier: 1.0, jitter: 0.1)
  same config.retry_config.max_attempts, Int32
end

def check_callbacks(config : Session::Configuration)
  config.on_started = config.on_loaded = config.on_client = config.on_deleted =
    ->(id : String, session : Session::Base) {}
  config.on_regenerated = ->(old : String, new : String, session : Session::Base) {}
  config.on_started.call("id", Visitor.new)
end

def check_cluster(cluster : Session::ClusterConfig)
  cluster.enabled = true
  cluster.node_id = "n"
  cluster.channel = "c"
  cluster.local_cache_enabled = true
  cluster.local_cache_ttl = 1.second
  cluster.local_cache_max_size = 1
  cluster.subscribe_timeout = 1.second
  same({cluster.enabled, cluster.node_id, cluster.channel}, Tuple(Bool, String, String))
  Session::ClusterConfig.new(enabled: true, node_id: "n", channel: "c", local_cache_enabled: true,
    local_cache_ttl: 1.second, local_cache_max_size: 1, subscribe_timeout: 1.second)
  Session.config.cluster = cluster
end
