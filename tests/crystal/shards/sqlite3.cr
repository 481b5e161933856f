# The sqlite3 shard (crystal-lang/crystal-sqlite3): a driver, of which nothing but its presence is used.
require "./db"
