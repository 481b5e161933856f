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
import type { RedisOptions } from "./backends/redis/backend.ts";
import type { Config } from "./config/schema.ts";
import { fromEnv as markVariable } from "./core/from_env.ts";

export type {
  Backend,
  BackendContext,
  BackendFactory,
  Capabilities,
  ClearCounts,
  ClearOptions,
  ConnectOptions,
  ListOptions,
  LookAlike,
  SessionInfo,
  Sessions,
  Store,
  Target,
} from "./backends/contract.ts";
export type { Figure, FigureName, Figures, Survey, SurveyOptions } from "./backends/survey.ts";
export type { Config, CookieOptions, Overrides } from "./config/schema.ts";
export type { DatabaseOptions } from "./backends/sql/backend.ts";
export type { PayloadPath } from "./backends/layout_options.ts";
export type { DatabaseLayout, EpochColumn } from "./backends/sql/layout_options.ts";
export type { MemoryOptions } from "./backends/memory.ts";
export type { RedisOptions } from "./backends/redis/backend.ts";
export type { RedisLayout } from "./backends/redis/layout_options.ts";
export type { Duration } from "./core/duration.ts";
export type { Condition, Selection } from "./core/selection.ts";

/** The argument of a config that is a function. */
export interface ConfigEnvironment {
  /** `--env`, or else `AZU_ENV`, or else `CRYSTAL_ENV`, or else `"production"`. */
  readonly env: string;
}

/** A config, or a function that makes one for an environment. */
export type ConfigExport =
  | Config
  | ((environment: ConfigEnvironment) => Config | Promise<Config>);

/** Returns the config unchanged. Its type lets editors complete and check it. */
export function defineConfig(config: ConfigExport): ConfigExport {
  return config;
}

/** A Redis backend, for an entry of `session.backends` with your own name. */
export function redis(options: RedisOptions = {}): RedisOptions & { readonly type: "redis" } {
  return { ...options, type: "redis" };
}

/** The same for a database (PostgreSQL, MySQL or SQLite, by the scheme of the URL). */
export function database(
  options: DatabaseOptions = {},
): DatabaseOptions & { readonly type: "database" } {
  return { ...options, type: "database" };
}

/** The same for memory. */
export function memory(options: MemoryOptions = {}): MemoryOptions & { readonly type: "memory" } {
  return { ...options, type: "memory" };
}

/**
 * An environment variable in `keyPrefix` or `table`. azu reads it when it runs, the app when it
 * starts: `fromEnv("APP_NAME", "shop") + ":session:"`.
 * @param fallback What it stands for if the variable is not set or empty. Without it, that is an
 *   error.
 */
export function fromEnv(name: string, fallback?: string): string {
  return markVariable(name, fallback);
}
