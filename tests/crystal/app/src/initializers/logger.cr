Log.setup_from_env(default_level: :info, backend: Log::IOBackend.new(STDERR, dispatcher: :sync))
