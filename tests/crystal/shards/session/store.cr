module Session
  abstract class Store(T)
    abstract def storage : String
    abstract def current_session : T
    abstract def current_session=(current_session : T)
    abstract def [](key : String) : T
    abstract def []?(key : String) : T?
    abstract def []=(key : String, session : T) : T
    abstract def delete(key : String)
    abstract def size : Int64
    abstract def clear

    @mutex : Mutex = Mutex.new
    @flash : Flash = Flash.new

    def flash : Flash
      @flash
    end

    def session_id : String
      current_session.session_id
    end

    def valid? : Bool
      current_session.valid?
    end

    def timeout
      Session.config.timeout
    end

    def session_key
      Session.config.session_key
    end

    def delete
      delete(session_id)
      self.current_session = T.new
    end

    def regenerate_id : T
      delete(session_id)
      current_session.reset_identity!
      self[session_id] = current_session
      current_session
    end

    def create : T
      self[session_id] = current_session
      current_session
    end

    def load_from(request_cookies : HTTP::Cookies) : T?
      self[session_key]?
    end

    def set_cookies(response_cookies : HTTP::Cookies, host : String = "") : Nil
      response_cookies << create_session_cookie(host)
      self[session_id] = current_session
    end

    def on(event : Symbol, session_id : String, session : T)
      Session.config.on_started.call(session_id, session)
    end

    def create_session_cookie(host : String) : HTTP::Cookie
      Declared.a(HTTP::Cookie)
    end
  end

  module QueryableStore(T)
    abstract def each_session(&block : T -> Nil) : Nil
    abstract def bulk_delete(&predicate : T -> Bool) : Int64
    abstract def all_session_ids : Array(String)

    def find_by(&predicate : T -> Bool) : Array(T)
      Declared.a(Array(T))
    end

    def count_by(&predicate : T -> Bool) : Int64
      Declared.a(Int64)
    end
  end
end
