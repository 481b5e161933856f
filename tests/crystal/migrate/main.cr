# Runs the migrations that setup wrote on the cql shard's schema: `migrate <url> <adapter> up|down`.
# Not by the shard's own migrator: in its last public state that one counts versions in 32 bits,
# where no time of day fits, and cannot read its own table on PostgreSQL and MySQL.
require "cql"
require "pg"
require "sqlite3"
require "mysql"
require "./migrations"

url, adapter, direction = ARGV
schema = CQL::Schema.new(:my_app, url, CQL::Adapter.parse(adapter))
migrations = MIGRATIONS.map { |migration| migration.new(schema).as(CQL::BaseMigration) }.to_a
direction == "up" ? migrations.each(&.up) : migrations.reverse_each(&.down)
