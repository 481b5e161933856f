/** What setup needs to know about a backend. */
import type { Engine } from "./sql/schema.ts";

/** What `session:setup` writes for a backend. */
export interface SetupSpec {
  /** The store template in `templates/`. */
  readonly template: "redis" | "database" | "memory";
  /** The shards that the app needs besides `session`. */
  readonly shards: readonly Shard[];
  /** What the initializer requires besides `session`. */
  readonly requires: readonly string[];
  /** The environment variables that the app reads besides `SESSION_SECRET`. */
  readonly variables: readonly Variable[];
  /** The values for the store template. */
  readonly values: StoreValues;
  /** The migration, if there is a table. */
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

/** The values for a store template. */
export interface StoreValues {
  readonly keyPrefix?: string;
  readonly table?: string;
  /** The table as a quoted SQL name. */
  readonly quotedTable?: string;
  readonly engine?: Engine;
  readonly poolSize?: number;
  /** Milliseconds. */
  readonly poolTimeout?: number;
  /** Milliseconds. */
  readonly cleanupInterval?: number;
  /** Only if the app's nodes cache sessions. */
  readonly nodeCache?: NodeCache;
}

/** Nodes of the app that share one Redis and each cache sessions. */
export interface NodeCache {
  /** The channel on which they tell each other what to drop from their caches. */
  readonly channel: string;
  /** Milliseconds that a cache serves a session without asking Redis. */
  readonly cacheTtl: number;
}

/** How the table is created and dropped. */
export interface Migration {
  /** SQL statements, each as its lines. */
  readonly up: readonly (readonly string[])[];
  readonly down: readonly (readonly string[])[];
}
