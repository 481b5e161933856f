/**
 * What an app's source states about its sessions. Apart from the code that reads it, which most
 * commands do not load.
 */

/** Where a session store keeps its sessions. */
export type StoreKind = "redis" | "database" | "memory" | "cookie";

/** What the source says about the sessions of an environment. */
export interface StatedStore {
  /** The stores that it may use: none if it names none; undefined if that is not certain. */
  readonly kinds: readonly StoreKind[] | undefined;
  /** Whether the app's nodes cache the sessions of Redis. */
  readonly clustered: boolean;
  /** The channel on which such nodes listen; null if it is not certain, undefined by default. */
  readonly channel?: string | null;
  /** Milliseconds that such a node serves a session from its cache; undefined if not certain. */
  readonly cacheTtl?: number;
  /** The Redis key prefix; undefined if it is not certain. */
  readonly keyPrefix?: string;
  /** The table; undefined if it is not certain. */
  readonly table?: string;
  /** The kind of database, if the app has several. */
  readonly engine?: "postgres" | "mysql" | "sqlite";
  /** The name of the backend in the config; undefined if the source does not state it. */
  readonly name?: string;
  /** The variable that contains the URL, if it is not the usual one. */
  readonly urlVariable?: string;
  /** The store that sessions move from (`session.migrateFrom`). */
  readonly migratesFrom?: StatedStore;
  /** The store that other processes move sessions to (`session.migrateTo`). */
  readonly migratesTo?: StatedStore;
}

/** The sessions of an app, as its source states them. */
export interface Initializer {
  /** What it says for the environments that it names. */
  readonly environments: ReadonlyMap<string, StatedStore>;
  /** What it says for all others. */
  readonly otherwise: StatedStore;
}

/** The second store of an app that moves its sessions. */
export function secondStore({ migratesFrom, migratesTo }: StatedStore): StatedStore | undefined {
  return migratesFrom ?? migratesTo;
}

/** What an initializer says for an environment. */
export function statedFor({ environments, otherwise }: Initializer, name: string): StatedStore {
  return environments.get(name) ?? otherwise;
}
