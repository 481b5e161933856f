# Who somebody is, and the ways to change it.
module MyApp
  struct Me
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    include SessionHelpers
    get "/me"

    def call : Json
      Json.of(session, value: session.value)
    end
  end

  struct Login
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    include SessionHelpers
    post "/login"

    def call : Json
      log_in(params["user"].to_i64)
      Json.of(session)
    end
  end

  # Goes on under a new id, `ms` after the session was loaded.
  struct Renew
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    include SessionHelpers
    post "/renew"

    def call : Json
      sleep params.fetch("ms", "0").to_i.milliseconds
      renew
      Json.of(session)
    end
  end

  struct Logout
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    include SessionHelpers
    post "/logout"

    def call : Json
      log_out
      Json.of(session)
    end
  end

  # A page that has nothing to do with sessions.
  struct Plain
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    get "/plain"

    def call : Json
      Json.new("plain")
    end
  end
end
