# Requests that take long, change something, are large or fail.
module MyApp
  # Reads the user, lets others have their turn for `ms`, and reads it again.
  struct Slow
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    include SessionHelpers
    get "/slow"

    def call : Json
      before = session.user_id
      sleep params["ms"].to_i.milliseconds
      Json.of(session, before: before)
    end
  end

  # Changes the session `ms` after it was loaded: `value` is repeated `times`.
  struct Touch
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    include SessionHelpers
    post "/touch"

    def call : Json
      session.user_id
      sleep params.fetch("ms", "0").to_i.milliseconds
      session.value = params["value"] * params.fetch("times", "1").to_i
      Json.of(session)
    end
  end

  # As long as it takes for the headers to be sent before the answer is complete.
  struct Big
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    include SessionHelpers
    get "/big"

    def call : Json
      session.value = "big"
      Json.new("x" * 1_048_576)
    end
  end

  struct Raise
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    include SessionHelpers
    get "/raise"

    def call : Json
      session.value = "half done"
      raise "On purpose"
    end
  end
end
