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

/** The environments of the app that has one source for several stores. */
const HOMES: Readonly<Partial<Record<VariantName, string>>> = {
  memory: "development",
  sqlite: "test",
  postgres: "staging",
  cluster: "production",
};

/** Whether this run is about that app (`--one-source`). */
export function isOneSource(): boolean {
  return Deno.env.has("TEST_CRYSTAL_ONE_SOURCE");
}

/** The variants of this run: those that `--only` names, else all. */
export function chosenVariants(...among: readonly VariantName[]): readonly Variant[] {
  const only = Deno.env.get("TEST_CRYSTAL_ONLY")?.split(",");
  return VARIANT_NAMES
    .filter((name) => among.length === 0 || among.includes(name))
    .filter((name) => only === undefined || only.includes(name))
    .filter((name) => !isOneSource() || HOMES[name] !== undefined)
    .map((name) => VARIANTS[name]);
}

/**
 * The value of AZU_ENV for a variant's app.
 * @param name One of the environments in the variant's config, or production.
 */
export function environmentOf({ name: variant }: Variant, name = "production"): string {
  const home = HOMES[variant];
  if (!isOneSource() || home === undefined) return name;
  return name === "production" ? home : `${home}_${name}`;
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

/** What differs in the environments of a config, as TypeScript for their `session`. */
const OVERRIDES = {
  development: `cookie: { secure: false }`,
  short: `ttl: "${SHORT_TTL / 1000}s", sliding: false`,
  sliding: `ttl: "${SHORT_TTL / 1000}s"`,
  branded: `ttl: "10m", record: { ip: false },
        cookie: { httpOnly: false, sameSite: "strict", domain: "shop.example", path: "/shop" }`,
};

/** The options of a variant's backend, as TypeScript. */
function optionsOf({ name, backend, engine }: Variant): string {
  const cluster = name === "cluster" ? "cluster: true," : "";
  const options = {
    memory: `cleanupInterval: "1s"`,
    redis: `keyPrefix: "${KEY_PREFIX}", poolSize: 8, poolTimeout: "4s", ${cluster}`,
    database: `table: "${TABLE}", poolSize: 8, poolTimeout: "4s", cleanupInterval: "1s"` +
      (engine === undefined ? "" : `, engine: "${engine}"`),
  };
  return options[backend];
}

/** The environments of a variant, each with its backend if it is not that of the base. */
function environmentsOf(variant: Variant, ownBackend: string): string {
  // Those without overrides of their own need only be named for the backend.
  const own = ownBackend === "" ? {} : { production: "", staging: "" };
  return Object.entries({ ...own, ...OVERRIDES })
    .map(([name, overrides]) =>
      `    "${environmentOf(variant, name)}": { session: { ${ownBackend} ${overrides} } },\n`
    ).join("");
}

/** `backend: "memory", backends: { … },` */
function backendOf(variant: Variant): string {
  const { backend } = variant;
  return `backend: "${backend}", backends: { ${backend}: { ${optionsOf(variant)} } },`;
}

/** The source of the azu.config.ts of the app that has one source for several stores. */
function configOfOneSource(): string {
  const variants = chosenVariants();
  return configWith(
    backendOf(VARIANTS.cluster),
    variants.map((variant) => environmentsOf(variant, backendOf(variant))).join(""),
  );
}

/** The source of a variant's azu.config.ts: everything that it may say is said somewhere. */
export function configOf(variant: Variant): string {
  if (isOneSource()) return configOfOneSource();
  return configWith(backendOf(variant), environmentsOf(variant, ""));
}

/**
 * The config of an app with two stores: the second in development. In other environments, sessions
 * move between them.
 */
export function configOfPair(variant: Variant, other: Variant): string {
  const environments = [`development: { session: { ${backendOf(other)} } },`];
  if (variant.name !== "memory" && other.name !== "memory") {
    const entry = (store: Variant, variable: string) =>
      `{ type: "${store.backend}", url: fromEnv("${variable}"), ${optionsOf(store)} }`;
    const backends = `backends: { old: ${entry(variant, "OLD_URL")}, new: ${
      entry(other, "NEW_URL")
    } }`;
    environments.push(
      `before: { session: { backend: "old", migrateTo: "new", ${backends} } },`,
      `moving: { session: { backend: "new", migrateFrom: "old", ${backends} } },`,
    );
  }
  return configWith(backendOf(variant), environments.join("\n"));
}

function configWith(backend: string, environments: string): string {
  return `import { defineConfig, fromEnv } from "azu";

export default defineConfig({
  app: "my_app",
  session: {
    ${backend}
    ttl: "2h",
    cookie: { name: "${COOKIE_NAME}", sameSite: "lax" },
    record: { ip: true, userAgent: true },
  },
  environments: {
${environments}
  },
});
`;
}
