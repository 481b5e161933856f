module Session
  class MemoryStore(T) < Store(T)
    include Enumerable(T)
    include QueryableStore(T)
    getter sessions : Hash(String, T)
    property current_session : T = T.new

    def initialize(@sessions : Hash(String, T) = Hash(String, T).new)
    end

    def each(&block : T -> _)
      sessions.each_value { |session| yield session }
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
      sessions.delete(key)
    end

    def size : Int64
      Declared.a(Int64)
    end

    def clear
      sessions.clear
    end

    def cleanup_expired
      Declared.a(Int32)
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
  end
end
