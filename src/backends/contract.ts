/**
 * One backend, one contract. A backend is a plain value that tells what it can do, what it
 * works on and what setup writes for it; connecting it gives a store to operate on.
 */
import type { Budget } from "./pace.ts";
import type { NodeCache, SetupSpec } from "./setup_spec.ts";
import type { Engine } from "./sql/schema.ts";

export type {
  Migration,
  NodeCache,
  SetupSpec,
  Shard,
  StoreValues,
  Variable,
} from "./setup_spec.ts";

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
  readonly nodeCache?: NodeCache;
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
  count(signal: AbortSignal, options?: LookOptions): Promise<number>;
  /**
   * Removes every session that was there when it began, in batches.
   * @returns how many were removed; or all that it has found out, which then needs no count.
   * @throws when it could not go on: what was removed until then is what `onProgress` last said.
   */
  clear(options: ClearOptions): Promise<number | ClearCounts>;
  /**
   * Goes on with the clear before: removes what the app's nodes have saved back before they heard
   * of it ({@link dropCaches}), and nothing else. What it counts, in its progress too, is the whole:
   * what was removed twice is counted once. Without it, `clear` is called again, and the larger of
   * the two counts is told, as the same sessions may be in both.
   * @param isLast Whether it is to look only, as nodes are not told of what it would remove.
   */
  clearAgain?(options: ClearOptions, isLast: boolean): Promise<ClearCounts>;
  /** Keys that look like sessions but are not under the configured prefix. */
  lookAlikes?(signal: AbortSignal, options?: LookOptions): Promise<readonly LookAlike[]>;
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

/** How what only looks is watched and slowed down. */
export interface LookOptions {
  /** How hard it may work; undefined where the operator says nothing. */
  readonly budget?: Budget;
  /**
   * Told now and then how many have been found so far, as a sign of life too.
   * @param total An estimate of how many there will be in all; undefined where there is none yet.
   */
  onProgress?(found: number, total?: number): void;
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
   * @param inDoubt How many more may be gone, as an answer was lost; default 0.
   */
  onProgress(cleared: number, total?: number, inDoubt?: number): void;
}

/** What a clear has found out, by looking again. */
export interface ClearCounts {
  /** How many sessions are gone: what was removed and is there again does not count. */
  readonly cleared: number;
  /** Of those that were there when it began, how many are there still, or again. */
  readonly remaining: number;
  /** Whether it was tried in vain to remove what remains: nobody has brought that back, then. */
  readonly kept?: boolean;
  /** How many it has removed that were removed before; only of {@link Store.clearAgain}. */
  readonly again?: number;
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

/** What a backend is made from, besides its own options. */
export interface BackendContext {
  /** The app's name, where the config or `shard.yml` tells it. */
  readonly app: string | undefined;
  /** The folder that relative file names start from, absolute. */
  readonly root: string;
  /** A variable of the environment or of `.env`, by name. */
  env(name: string): string | undefined;
  /** The database driver that the app's `shard.yml` already has, where it has one. */
  readonly driver: Engine | undefined;
  /** What the app's own source states; it wins over the config, for that is what the app uses. */
  readonly stated: Stated;
}

/** What is read from the app's source, where it can be read. */
export interface Stated {
  readonly keyPrefix?: string;
  readonly table?: string;
  /** Whether the app's nodes keep caches. */
  readonly clustered?: boolean;
  /** The channel on which they listen. */
  readonly channel?: string;
}

/** How a config brings a backend of its own: `session.backends.<name>` may be such a function. */
export type BackendFactory = (context: BackendContext) => Backend;
