# The pg shard (will/crystal-pg): a driver, of which nothing but its presence is used.
require "./db"
