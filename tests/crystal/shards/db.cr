# The db shard (crystal-lang/crystal-db), declared as far as sessions use it.
require "uri"
require "log"
require "./declared"

module DB
  Log = ::Log.for(self)

  alias Any = Nil | String | Bool | Int32 | Int64 | Float32 | Float64 | Time | Bytes

  record ExecResult, rows_affected : Int64, last_insert_id : Int64

  class Error < Exception
  end

  class PoolTimeout < Error
  end

  class ConnectionLost < Error
  end

  class ConnectionRefused < Error
  end

  class NoResultsError < Error
  end

  abstract class ResultSet
    def read(type : T.class) : T forall T
      Declared.a(T)
    end

    def read(*types : Class)
      Declared.many(*types)
    end

    def move_next : Bool
      Declared.a(Bool)
    end

    def close
    end
  end

  module QueryMethods
    def query(query, *args_, args : Enumerable? = nil, &)
      yield Declared.a(ResultSet)
    end

    def query_one(query, *args_, args : Enumerable? = nil, as type : T.class) : T forall T
      Declared.a(T)
    end

    def query_one?(query, *args_, args : Enumerable? = nil, as type : T.class) : T? forall T
      Declared.a(T?)
    end

    def query_one?(query, *args_, args : Enumerable? = nil, as types : Tuple)
      Declared.many(*types) if Declared.a(Bool)
    end

    def query_all(query, *args_, args : Enumerable? = nil, as type : T.class) : Array(T) forall T
      Declared.a(Array(T))
    end

    def query_each(query, *args_, args : Enumerable? = nil, &)
      yield Declared.a(ResultSet)
      nil
    end

    def exec(query, *args_, args : Enumerable? = nil)
      Declared.a(ExecResult)
    end

    def scalar(query, *args_, args : Enumerable? = nil)
      Declared.a(Any)
    end
  end

  class Connection
    include QueryMethods
  end

  class Transaction
    def connection : Connection
      Declared.a(Connection)
    end
  end

  class Database
    include QueryMethods

    def close
    end

    def transaction(&)
      yield Declared.a(Transaction)
    end

    def using_connection(&)
      yield Declared.a(Connection)
    end

    def setup_connection(&proc : Connection -> Nil)
    end
  end

  def self.open(uri : URI | String)
    Declared.a(Database)
  end

  def self.connect(uri : URI | String)
    Declared.a(Connection)
  end
end
