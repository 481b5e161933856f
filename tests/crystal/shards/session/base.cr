module Session
  class Base
    include JSON::Serializable

    getter session_id : String = UUID.random.to_s
    getter created_at : Time = Time.local
    property expires_at : Time = Session.config.timeout.from_now

    def initialize
    end

    def authenticated? : Bool
      false
    end

    def expired?
      Declared.a(Bool)
    end

    def valid?
      Declared.a(Bool)
    end

    def touch : Nil
    end

    def time_until_expiry : Time::Span
      Declared.a(Time::Span)
    end

    def ==(other : Base)
      Declared.a(Bool)
    end

    protected def reset_identity! : Nil
      @session_id = ""
      @created_at = Time.local
    end
  end

  class Flash
    include JSON::Serializable

    getter now : Hash(String, String) = {} of String => String
    getter next : Hash(String, String) = {} of String => String

    def initialize
    end

    def []?(key : String) : String?
      Declared.a(String?)
    end

    def []=(key : String, value : String) : String
      value
    end

    def rotate! : Nil
    end
  end
end
