# The mysql shard (crystal-lang/crystal-mysql): a driver, of which nothing but its presence is used.
require "./db"
