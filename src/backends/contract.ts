/**
 * One backend, one contract. A backend is a plain value that tells what it can do, what it
 * works on and what setup writes for it; connecting it gives a store to operate on.
 */

import type { Budget } from "./pace.ts";
import type { Engine } from "./sql.ts";

export type { BackendContext, BackendFactory, Stated } from "./context.ts";

/** What a backend can do, as data: code asks these, never the backend's name. */
export interface Capabilities {
  /** Whether sessions can be removed from outside the app; if not, why, and what to do instead. */
  readonly clear: true | { readonly whyNot: string; readonly instead: string };
  /** Whether the tool can create the table that the sessions live in (`--apply`). */
  readonly createTable: boolean;
  /** Whether a clear can empty the table at once ({@link ClearOptions.truncate}). */
  readonly truncate?: boolean;
  /** Whether its stores can wait for replicas ({@link Store.replicated}). */
  readonly replicas?: boolean;
}

/** What a backend works on, fit to be printed: redacted, and the same in every message. */
export interface Target {
  /** The server's URL or the file, without credentials. */
  readonly address?: string;
  /** The Redis keys: the key prefix and `*`. */
  readonly pattern?: string;
  /** The table, as configured, with its schema where one is configured. */
  readonly table?: string;
}

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
  readonly cluster?: Cluster;
}

/** Nodes of the app that share one Redis and keep sessions in caches of their own. */
export interface Cluster {
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

/** A session backend. */
export interface Backend {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** What it works on. Pure: connects to nothing. */
  describe(): Target;
  /** The lines that announce a clear; without it, `Clearing <name> sessions...`. */
  announce?(): readonly string[];
  /** What setup writes; a backend without it cannot be set up by this tool. */
  readonly setup?: SetupSpec;
  /** The caches in the app's nodes, where they keep any: see {@link Store.dropCaches}. */
  readonly cluster?: Cluster;
  /**
   * Tells, without connecting, what already keeps it from being connected to.
   * @throws {UsageError} for example where no URL is configured.
   */
  check?(): void;
  /**
   * Opens the store.
   * @throws {AzuError} when the store cannot be reached or refuses.
   */
  connect(signal: AbortSignal, options?: ConnectOptions): Promise<Store>;
}

/** How a store is opened. */
export interface ConnectOptions {
  /** Default `"operate"`. */
  readonly purpose?: Purpose;
  /** Milliseconds that connecting to one server may take; default 5000. */
  readonly timeout?: number;
}

/** Why a store is opened: `create` may bring a database file into being. */
export type Purpose = "operate" | "create";

/** Milliseconds to connect to one server where the operator says nothing. */
export const CONNECT_TIMEOUT = 5000;

/** An open connection to where sessions live. */
export interface Store extends AsyncDisposable {
  /** The number of sessions now. */
  count(signal: AbortSignal): Promise<number>;
  /**
   * Removes every session that was there when it began, in batches.
   * @returns how many were removed; or all that it has found out, which then needs no count.
   * @throws when it could not go on: what was removed until then is what `onProgress` last said.
   */
  clear(options: ClearOptions): Promise<number | ClearCounts>;
  /** Keys that look like sessions but are not under the configured prefix. */
  lookAlikes?(signal: AbortSignal): Promise<readonly LookAlike[]>;
  /**
   * Tells the app's nodes, `now`, to drop what they keep in caches of their own; only where they
   * keep any. Called after a clear, also one that was cut off.
   * @returns how many nodes heard it.
   */
  dropCaches?(signal: AbortSignal, now: Date): Promise<number>;
  /**
   * Waits until so many replicas of every server have followed what was removed, or the time is
   * over; only where the backend says `replicas`.
   * @param timeout Milliseconds.
   * @returns how many have, of the server where they are fewest.
   */
  replicated?(replicas: number, timeout: number, signal: AbortSignal): Promise<number>;
  /** Creates the table and its indexes where they are missing; says whether the table was. */
  createTable?(signal: AbortSignal): Promise<"created" | "present">;
}

/** How a clear is stopped, watched and slowed down. */
export interface ClearOptions {
  /** Ends the clear after the batch in flight. */
  readonly signal: AbortSignal;
  /** How hard it may work; undefined where the operator says nothing. */
  readonly budget?: Budget;
  /**
   * Empties the table at once instead of in batches: quicker, but whoever uses it waits meanwhile.
   * A store that cannot refuses with an `ImpossibleError`, and removes nothing.
   */
  readonly truncate?: boolean;
  /** Told when another part of the work begins; it starts with `clearing`. */
  onPhase?(phase: "clearing" | "verifying"): void;
  /**
   * Told after each batch how many sessions are gone so far.
   * @param total An estimate of how many there will be in all; undefined where there is none yet.
   */
  onProgress(cleared: number, total?: number): void;
}

/** What a clear has found out, by looking again. */
export interface ClearCounts {
  /** How many sessions were removed. */
  readonly cleared: number;
  /** Of those that were there when it began, how many are there still, or again. */
  readonly remaining: number;
  /** How many are there that were written since it began. */
  readonly arrived: number;
  /** What the operator may want to do next, as a sentence without a full stop. */
  readonly advice?: string;
}

/** Keys that look like sessions of another prefix. */
export interface LookAlike {
  readonly pattern: string;
  readonly count: number;
}
