# What every store can do.
def check_store(store)
  same store.storage, String
  store.current_session = Visitor.new
  same store.current_session, Visitor
  same store["k"], Visitor
  same store["k"]?, Visitor | Nil
  same((store["k"] = Visitor.new), Visitor)
  same({store.size, store.session_id, store.session_key}, Tuple(Int64, String, String))
  same({store.valid?, store.timeout}, Tuple(Bool, Time::Span))
  same store.regenerate_id, Visitor
  same store.create, Visitor
  same store.delete, Visitor
  store.delete("k")
  store.clear
  check_requests(store)
  check_queries_of(store)
rescue ex : Session::SessionNotFoundException | Session::SessionExpiredException
  raise Session::StorageConnectionException.new("m", ex)
rescue ex : Session::SessionCorruptionException | Session::SessionValidationException
  raise Session::SessionSerializationException.new("m", ex)
rescue ex : Session::SessionEncryptionException | Session::ClusterConnectionException
  raise Session::ClusterException.new(cause: ex)
end

def check_requests(store)
  cookies = HTTP::Cookies.new
  store.load_from(cookies)
  store.set_cookies(cookies, "host")
  same store.create_session_cookie("host"), HTTP::Cookie
  store.on(:loaded, "id", Visitor.new)
  store.flash["a"] = "b"
  same store.flash["a"]?, String | Nil
  same({store.flash.now, store.flash.next}, Tuple(Hash(String, String), Hash(String, String)))
  store.flash.rotate!
end

def check_queries_of(store)
  store.each_session { |session| same session, Visitor }
  same store.all_session_ids, Array(String)
  same store.find_by(&.expired?), Array(Visitor)
  same store.count_by(&.expired?), Int64
end

def check_redis_store(store : CheckStore)
  same store.bulk_delete(&.expired?), Int64
  same store.healthy?, Bool
  store.shutdown
  check_store(store)
end

def check_memory(store : Session::MemoryStore(Visitor))
  same store.bulk_delete(&.expired?), Int64
  Session::MemoryStore(Visitor).new(store.sessions)
  same store.sessions, Hash(String, Visitor)
  same store.map(&.session_id), Array(String)
  same store.cleanup_expired, Int32
  check_store(store)
end

def check_clustered(store : Session::ClusteredRedisStore(Visitor))
  same({store.healthy?, store.evict_from_cache("k")}, Tuple(Bool, Bool))
  same store.redis_store.healthy?, Bool
  cache = store.coordinator.local_cache
  same cache.set("k", Visitor.new), Visitor
  same cache.get("k"), Visitor | Nil
  same({cache.delete("k"), cache.size}, Tuple(Bool, Int32))
  cache.clear
  Session::LocalCache(Visitor).new(1.second, max_size: 1)
  check_coordinator(Session::ClusterCoordinator(Visitor).new(Redis.new, Session.config.cluster))
  check_store(store)
  store.redis_store.shutdown
  store.shutdown
end

def check_coordinator(coordinator)
  coordinator.start
  coordinator.publish_invalidation("k")
  coordinator.publish_session_invalidated("k")
  coordinator.publish_cache_clear
  same({coordinator.running?, coordinator.node_id}, Tuple(Bool, String))
  same coordinator.config, Session::ClusterConfig
  coordinator.stop
end

class CheckCoordinator < Session::ClusterCoordinator(Visitor)
  def inside(message : Session::ClusterMessage)
    publish_message(message)
    handle_message("m")
    same create_subscriber_connection, Redis
  end

  private def subscription_loop
    super
  end
end
