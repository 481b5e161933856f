// What azu works with: which backend holds the sessions, where it is, and how they are kept.
// Everything here is optional. Secrets do not belong here: this file is in git.
import { defineConfig } from "azu";

export default defineConfig({
  // The app's name. Default: the name in shard.yml.
  app: "shop",

  session: {
    // "redis", "database", "memory", or a name of your own below `backends`.
    backend: "redis",

    // How long a session lives without a visit: "15m" for banking, "24h", "30d" for a shop.
    ttl: "30d",
    // Whether every visit starts this time again.
    sliding: true,

    cookie: {
      name: "shop_session",
      secure: true,
      httpOnly: true,
      sameSite: "lax",
    },

    backends: {
      redis: {
        // The URL comes from REDIS_URL.
        // To use a variable in the prefix: fromEnv("APP_NAME", "shop") + ":session:".
        keyPrefix: "shop:session:",
        poolSize: 10,
        poolTimeout: "2s",
      },
      database: {
        // The URL comes from DATABASE_URL. A table in a schema is written "auth.sessions".
        table: "sessions",
        cleanupInterval: "10m",
      },
    },
  },

  // What differs in an environment. AZU_ENV selects it, for the app and for azu. azu also takes --env.
  environments: {
    development: {
      // No server on a developer's machine, and plain HTTP.
      session: { backend: "memory", cookie: { secure: false } },
    },
    test: {
      session: { backend: "memory" },
    },
  },
});
