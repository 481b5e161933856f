def check_db(db : DB::Database)
  DB.open(URI.parse("sqlite3://:memory:"))
  check_queries(db)
  db.using_connection { |connection| check_queries(connection) }
  db.transaction { |transaction| transaction.connection.exec("x") }
  db.setup_connection { |connection| connection.exec("x"); nil }
  check_queries(DB.connect("sqlite3://:memory:"))
  db.close
rescue ex : DB::PoolTimeout | DB::ConnectionLost | DB::ConnectionRefused | DB::NoResultsError
  raise ex
rescue ex : DB::Error
  DB::Log.error(exception: ex) { "x" }
end

def check_queries(db)
  same db.query_one("q", 1, "a", as: Bytes), Bytes
  same db.query_one?("q", Time.utc, as: Bytes), Bytes | Nil
  same db.query_one?("q", args: ["a"], as: {String, Time}), Tuple(String, Time) | Nil
  same db.query_all("q", 1, as: String), Array(String)
  db.query("q", 1) do |rows|
    same rows.move_next, Bool
    same rows.read(Int64), Int64
    same rows.read(Bytes, String?), Tuple(Bytes, String?)
    rows.close
  end
  db.query_each("q", 1) { |rows| same rows.read(Bytes), Bytes }
  result = db.exec("q", 1, "a".to_slice, Time.utc)
  same({result.rows_affected, result.last_insert_id}, Tuple(Int64, Int64))
  db.scalar("q", 1).as(Int64)
end

class CheckMigration < CQL::Migration(20)
  def up
    schema.exec("q")
  end

  def down
    schema.exec("q")
  end
end

def check_migration
  schema = CQL::Schema.new(:name, "sqlite3://:memory:", CQL::Adapter::SQLite)
  CQL::Schema.new(:name, "uri", adapter: CQL::Adapter::Postgres, version: "1")
  CQL::Schema.new(:name, "uri", CQL::Adapter::MySql)
  same({schema.name, schema.uri, schema.adapter}, Tuple(Symbol, String, CQL::Adapter))
  migration = CheckMigration.new(schema)
  migration.up
  migration.down
  CheckMigration.version == 20
  migration.as(CQL::BaseMigration).up
end
