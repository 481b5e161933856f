/** The kinds of store that the test app is made for, each from its own azu.config.ts. */
import type { ServiceName } from "../support/env.ts";

export const VARIANT_NAMES = [
  "memory",
  "redis",
  "cluster",
  "postgres",
  "sqlite",
  "mysql",
] as const;

export type VariantName = typeof VARIANT_NAMES[number];

export interface Variant {
  readonly name: VariantName;
  /** What `session:setup --backend` is told. */
  readonly backend: "memory" | "redis" | "database";
  /** The app's database; setup takes the kind of it from `DATABASE_URL`. */
  readonly engine?: "postgres" | "sqlite" | "mysql";
  /** The shard of the database, which an app's src/initializers/database.cr requires. */
  readonly driver?: string;
  readonly needs: readonly ServiceName[];
}

const VARIANTS: Readonly<Record<VariantName, Variant>> = {
  memory: { name: "memory", backend: "memory", needs: [] },
  redis: { name: "redis", backend: "redis", needs: ["redis-server"] },
  cluster: { name: "cluster", backend: "redis", needs: ["redis-server"] },
  postgres: {
    ...{ name: "postgres", backend: "database", engine: "postgres", driver: "pg" },
    needs: ["postgres"],
  },
  sqlite: { name: "sqlite", backend: "database", engine: "sqlite", driver: "sqlite3", needs: [] },
  mysql: { name: "mysql", backend: "database", engine: "mysql", driver: "mysql", needs: [] },
};

/** The variants of this run: those that `--only` names, else all. */
export function chosenVariants(...among: readonly VariantName[]): readonly Variant[] {
  const only = Deno.env.get("TEST_CRYSTAL_ONLY")?.split(",");
  return VARIANT_NAMES
    .filter((name) => among.length === 0 || among.includes(name))
    .filter((name) => only === undefined || only.includes(name))
    .map((name) => VARIANTS[name]);
}

/** Every variant there is. */
export function allVariants(): readonly Variant[] {
  return VARIANT_NAMES.map((name) => VARIANTS[name]);
}

/** Those whose sessions are somewhere where they can be looked at from outside. */
export const REMOTE = ["redis", "cluster", "postgres", "sqlite", "mysql"] as const;

export const COOKIE_NAME = "my_app.sid";
export const KEY_PREFIX = "my_app:s:";
export const TABLE = "visitor_sessions";

/** How long the sessions of the environments `short` and `sliding` last, in milliseconds. */
export const SHORT_TTL = 3000;

/** The source of a variant's azu.config.ts: everything that it may say is said somewhere. */
export function configOf({ name, backend }: Variant): string {
  const cluster = name === "cluster" ? "cluster: true," : "";
  const options = {
    memory: `cleanupInterval: "1s"`,
    redis: `keyPrefix: "${KEY_PREFIX}", poolSize: 8, poolTimeout: "4s", ${cluster}`,
    database: `table: "${TABLE}", poolSize: 8, poolTimeout: "4s", cleanupInterval: "1s"`,
  };
  return `import { defineConfig } from "azu";

export default defineConfig({
  app: "my_app",
  session: {
    backend: "${backend}",
    ttl: "2h",
    cookie: { name: "${COOKIE_NAME}", sameSite: "lax" },
    backends: { ${backend}: { ${options[backend]} } },
  },
  environments: {
    development: { session: { cookie: { secure: false } } },
    short: { session: { ttl: "${SHORT_TTL / 1000}s", sliding: false } },
    sliding: { session: { ttl: "${SHORT_TTL / 1000}s" } },
    branded: {
      session: {
        ttl: "10m",
        cookie: { httpOnly: false, sameSite: "strict", domain: "shop.example", path: "/shop" },
      },
    },
  },
});
`;
}
