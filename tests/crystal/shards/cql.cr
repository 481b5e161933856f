# The cql shard (azutoolkit/cql), declared as far as migrations use it.
require "./db"

module CQL
  enum Adapter
    SQLite
    MySql
    Postgres
  end

  class Schema
    getter name : Symbol
    getter uri : String
    getter adapter : Adapter

    def initialize(@name : Symbol, @uri : String, @adapter : Adapter = Adapter::SQLite, @version : String = "1.0")
    end

    def exec(sql : String)
    end
  end

  abstract class BaseMigration
    abstract def up
    abstract def down
  end

  # Its version is a number of seconds in the released shard, and so more than an Int32.
  abstract class Migration(V) < BaseMigration
    macro inherited
      getter schema : CQL::Schema

      def self.version : Int64
        V.to_i64
      end

      def initialize(@schema : CQL::Schema)
      end
    end
  end
end
