# The pool shard, as far as the redis shard brings it along: its classes have names that others
# of the shards use too.
require "./declared"

class Pool(T)
  def initialize(capacity : Int32 = 5, timeout : Float64 = 5.0, &block : -> T)
  end

  def checkout : T
    Declared.a(T)
  end

  def checkin(connection : T)
  end
end

class ConnectionPool(T) < Pool(T)
end
