# What an app may do with the whole store.
module MyApp
  struct Overview
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    get "/store"

    def call : Json
      store = context.visitor.store
      users = [] of Int64
      store.each_session { |session| session.user_id.try { |id| users << id } }
      Json.new({size: store.size, users: users.sort, ids: store.all_session_ids.sort}.to_json)
    end
  end

  # Ends the sessions of one user, or all.
  struct EndSessions
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    post "/store/end"

    def call : Json
      store = context.visitor.store
      user = params["user"]?.try(&.to_i64)
      if user.nil?
        store.clear
      else
        store.bulk_delete { |session| session.user_id == user }
      end
      Json.new({size: store.size}.to_json)
    end
  end

  # Moves what no visitor has brought to a new store.
  struct MoveAll
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    post "/store/move"

    def call : Json
      store = context.visitor.store
      store.move_all if store.responds_to?(:move_all)
      Json.new("moved")
    end
  end

  # The shard's own ways of loading and saving, which an app may use on a store of its own.
  struct ByHand
    include Azu::Endpoint(Azu::EmptyRequest, Json)
    get "/by_hand"

    def call : Json
      store = MyApp.session_stores.call
      store.load_from(context.request.cookies)
      known = store[store.session_id]?.nil?
      store.current_session.value = "by hand"
      store.set_cookies(context.response.cookies, "")
      Json.of(store[store.session_id], known: known, value: store.current_session.value)
    end
  end
end
