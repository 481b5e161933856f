/** What setup needs to know of a backend. */
import type { Engine } from "./sql/schema.ts";

/** What `session:setup` writes for a backend. */
export interface SetupSpec {
  /** Which store template of `templates/` it uses. */
  readonly template: "redis" | "database" | "memory";
  /** The shards that the app needs besides `session`. */
  readonly shards: readonly Shard[];
  /** What the initializer requires besides `session`. */
  readonly requires: readonly string[];
  /** The environment variables that the app reads besides `SESSION_SECRET`. */
  readonly variables: readonly Variable[];
  /** The values that the store template takes. */
  readonly values: StoreValues;
  /** The table's making and unmaking, for the migration; only where there is a table. */
  readonly migration?: Migration;
}

/** A dependency of the app, as shard.yml lists it. */
export interface Shard {
  readonly name: string;
  /** `owner/name` on GitHub. */
  readonly github: string;
}

/** An environment variable that the app reads. */
export interface Variable {
  readonly name: string;
  /** The shape of its value, for example `postgres://<user>:<password>@<host>/<database>`. */
  readonly shape: string;
}

/** What a store template is filled with. */
export interface StoreValues {
  readonly keyPrefix?: string;
  readonly table?: string;
  /** The table as SQL writes it, quoted. */
  readonly quotedTable?: string;
  readonly engine?: Engine;
  readonly poolSize?: number;
  /** Milliseconds. */
  readonly poolTimeout?: number;
  /** Milliseconds. */
  readonly cleanupInterval?: number;
  /** Only where the app's nodes keep caches. */
  readonly nodeCache?: NodeCache;
}

/** Nodes of the app that share one Redis and keep sessions in caches of their own. */
export interface NodeCache {
  /** The channel on which they tell each other what to drop. */
  readonly channel: string;
  /** Milliseconds that a cache serves a session without asking Redis. */
  readonly cacheTtl: number;
}

/** How the table is made, and unmade. */
export interface Migration {
  /** SQL statements, each as its lines. */
  readonly up: readonly (readonly string[])[];
  readonly down: readonly (readonly string[])[];
}
