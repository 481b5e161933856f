/**
 * What a config file may import as `"azu"`. Everything else is private to the tool.
 *
 * ```ts
 * import { defineConfig } from "azu";
 *
 * export default defineConfig({ session: { backend: "redis", ttl: "24h" } });
 * ```
 * @module
 */
import type { DatabaseOptions } from "./backends/sql/backend.ts";
import type { MemoryOptions } from "./backends/memory.ts";
import type { RedisOptions } from "./backends/redis/options.ts";
import type { Config } from "./config/schema.ts";

export type {
  Backend,
  BackendContext,
  BackendFactory,
  Capabilities,
  ClearCounts,
  ClearOptions,
  ConnectOptions,
  LookAlike,
  Store,
  Target,
} from "./backends/contract.ts";
export type { Config, CookieOptions, Overrides } from "./config/schema.ts";
export type { DatabaseOptions } from "./backends/sql/backend.ts";
export type { MemoryOptions } from "./backends/memory.ts";
export type { RedisOptions } from "./backends/redis/options.ts";
export type { Duration } from "./core/duration.ts";

/** What a config that is a function is called with. */
export interface ConfigEnvironment {
  /** `AZU_ENV`, or `"development"`. */
  readonly env: string;
}

/** A config, or a function that makes one for an environment. */
export type ConfigExport =
  | Config
  | ((environment: ConfigEnvironment) => Config | Promise<Config>);

/** Gives the config its type: the editor completes and checks it. Returns it unchanged. */
export function defineConfig(config: ConfigExport): ConfigExport {
  return config;
}

/** A Redis backend, for an entry of `session.backends` under a name of your own. */
export function redis(options: RedisOptions = {}): RedisOptions & { readonly type: "redis" } {
  return { ...options, type: "redis" };
}

/** A database backend (PostgreSQL, MySQL or SQLite, by the URL's scheme), likewise. */
export function database(
  options: DatabaseOptions = {},
): DatabaseOptions & { readonly type: "database" } {
  return { ...options, type: "database" };
}

/** A memory backend, likewise. */
export function memory(options: MemoryOptions = {}): MemoryOptions & { readonly type: "memory" } {
  return { ...options, type: "memory" };
}
