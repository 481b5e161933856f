module Session
  {% for name in %w(SessionExpired SessionCorruption StorageConnection SessionNotFound
                   SessionValidation SessionSerialization SessionEncryption Cluster) %}
    class {{name.id}}Exception < Exception
      def initialize(message : String = "", cause : Exception? = nil)
        super(message, cause)
      end
    end
  {% end %}

  class ClusterConnectionException < ClusterException
  end

  class ClusterSubscriptionException < ClusterException
  end

  class InsecureSecretException < Exception
    def initialize(message : String = "", cause : Exception? = nil)
      super(message, cause)
    end
  end

  class ConnectionPoolTimeoutException < Exception
    def initialize(timeout : Time::Span)
      super("")
    end
  end

  class CircuitOpenException < Exception
    getter time_until_retry : Time::Span

    def initialize(@time_until_retry : Time::Span)
      super("")
    end
  end
end
