/**
 * The contract of every backend. A backend is a plain value: what it can do, what it works on, and
 * what setup writes for it. Connecting it returns a store to operate on.
 */
import type { Recorded } from "../core/recorded.ts";
import type { Candidate, Selection } from "../core/selection.ts";
import type { DiagnosisOptions } from "./diagnosis.ts";
import type { Budget } from "./pace.ts";
import type { Engine } from "./sql/ddl.ts";
import type { StoredSession } from "./stored.ts";
import type { Survey, SurveyOptions } from "./survey.ts";

/** What a backend can do, as data. Code asks for these, never for the backend's name. */
export interface Capabilities {
  /** True if sessions can be removed from outside the app; else why not, and what to do instead. */
  readonly clear: true | { readonly whyNot: string; readonly instead: string };
  /** Whether azu can create the table of the sessions (`--apply`). */
  readonly createTable: boolean;
  /** Whether a clear can empty the table at once ({@link ClearOptions.truncate}). */
  readonly truncate?: boolean;
  /** Whether its stores can wait for replicas ({@link Store.replicated}). */
  readonly replicas?: boolean;
  /** Whether the store itself removes sessions when they expire. */
  readonly expiresItself?: boolean;
}

/** The server, keys or table of a backend, for messages. Credentials are removed. */
export interface Target {
  /** The URL of the server or the file, without credentials. */
  readonly address?: string;
  /** Where the URL comes from: `REDIS_URL`, `REDIS_URL in .env`, `the config` or `the default`. */
  readonly addressFrom?: string;
  /** The Redis keys: the key prefix and `*`. */
  readonly pattern?: string;
  /** The table as configured, including its schema if there is one. */
  readonly table?: string;
}

/** A session backend. */
export interface Backend {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Returns the target without connecting. */
  describe(): Target;
  /** The lines before a clear; default: `Clearing <name> sessions...`. */
  announce?(): readonly string[];
  /** What setup writes; without it, azu cannot set up this backend. */
  readonly setup?: SetupSpec;
  /** The caches of the app's nodes, if they have any: see {@linkcode Store.dropCaches}. */
  readonly nodeCache?: NodeCache;
  /**
   * Checks the configuration without connecting.
   * @throws {UsageError} for example if no URL is configured.
   */
  check?(): void;
  /**
   * Opens the store.
   * @throws {AzuError} if the store cannot be reached, or refuses.
   */
  connect(signal: AbortSignal, options?: ConnectOptions): Promise<Store>;
  /**
   * Makes the checks of `session:doctor` about the way to the server, without a store: they say more
   * where {@linkcode connect} only fails.
   */
  reach?(options: DiagnosisOptions): Promise<void>;
  /**
   * Opens a table of numbered records beside the sessions: the audit log. Backends without this
   * method have none.
   * @param table Its name, maybe with a schema.
   * @throws {AzuError} if the database cannot be reached, or refuses.
   */
  records?(table: string, signal: AbortSignal): Promise<Records>;
}

/** A table of numbered records. The errors of its methods name the table and the server. */
export interface Records extends AsyncDisposable {
  /** Creates the table if it is missing. */
  create(): Promise<void>;
  /** The record with the highest number. */
  last(): Promise<string | undefined>;
  /** @throws also if there is a record with this number. */
  add(number: number, line: string): Promise<void>;
  /** In the order of their numbers. */
  lines(): AsyncIterable<string>;
}

/** How a store is opened. */
export interface ConnectOptions {
  /** Default `"operate"`. */
  readonly purpose?: Purpose;
  /** Milliseconds to connect to one server; default 5000. */
  readonly timeout?: number;
}

/** Why a store is opened. `create` may create a database file. */
export type Purpose = "operate" | "create";

/** The default time to connect to one server, in milliseconds. */
export const CONNECT_TIMEOUT = 5000;

/** What can be done with sessions: all of a store, or those of a selection. */
export interface Sessions {
  /** The current number of sessions. */
  count(signal: AbortSignal, options?: LookOptions): Promise<number>;
  /**
   * Removes every one of these sessions that exists when it begins, in batches.
   * @returns the number of removed sessions, or verified counts, after which azu does not count
   *   again.
   * @throws if it cannot go on. `onProgress` has received what was removed until then.
   */
  clear(options: ClearOptions): Promise<number | ClearCounts>;
  /**
   * Continues the last clear: removes only what the app's nodes have saved back before they were
   * told ({@linkcode Store.dropCaches}). Returns and reports cumulative totals; a session removed
   * twice is counted once. Without this method, `clear` is called again, and the larger of the two
   * counts is reported, because both may contain the same sessions.
   * @param isLast Only count, because the nodes will not be told again.
   */
  clearAgain?(options: ClearOptions, isLast: boolean): Promise<ClearCounts>;
  /**
   * Reads every session that exists from the beginning to the end of the walk, each once, in no
   * particular order.
   */
  list?(options: ListOptions): Promise<void>;
  /** The same for copies of sessions: with their ids and payloads. */
  read?(options: ReadOptions): Promise<void>;
}

/** An open connection to the sessions. */
export interface Store extends Sessions, AsyncDisposable {
  /**
   * The sessions of a selection.
   * @throws {ImpossibleError} from its methods, if the store cannot tell which sessions are meant.
   */
  only?(selection: Selection): Sessions;
  /** The sessions with these ids, in the same order; undefined for those that are not there. */
  find?(
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (StoredSession | undefined)[]>;
  /**
   * Whether the store has each of these sessions, in the same order: the same payload, and an expiry
   * that is not earlier (less than a second counts as the same). `false` if that is not known. For
   * stores that compare faster than they would send the sessions; others are asked to `find` them.
   */
  hasSame?(sessions: readonly StoredSession[], signal: AbortSignal): Promise<readonly boolean[]>;
  /**
   * Writes sessions, each whole or not at all. It writes only what still is as it was found: see
   * {@linkcode Change}. Stores without this method take no copies. Without changes, it checks
   * whether the store takes them.
   * @param now The time that stands for times which are not known.
   * @returns what became of each change, in the same order.
   * @throws {ImpossibleError} if the store takes no copies.
   * @throws if it is not known what became of some of them.
   */
  save?(changes: readonly Change[], signal: AbortSignal, now: Date): Promise<readonly Saved[]>;
  /**
   * Removes sessions, each only if it is still as it was read, with the same payload, until the same time.
   * @returns what became of each, in the same order.
   * @throws if it is not known what became of some of them.
   */
  drop?(sessions: readonly StoredSession[], signal: AbortSignal): Promise<readonly Dropped[]>;
  /** Where the sessions are, by the servers' own account; undefined if they do not say it. */
  place?(signal: AbortSignal): Promise<Place | undefined>;
  /**
   * Makes the checks of `session:doctor` that need a connection: rights, and the state of the server
   * and of what is there. It changes nothing, and reads a sample of the sessions at most. A check
   * that does not apply, or cannot be made, is reported as skipped.
   */
  diagnose?(options: DiagnosisOptions): Promise<void>;
  /** Reads what `session:status` shows. */
  survey?(options: SurveyOptions): Promise<Survey>;
  /**
   * Checks what a clear needs, without removing anything: the commands and rights, and the shape of
   * what is there.
   * @returns why what is there may not be sessions: phrases such as `the table has no column for an
   *   expiry`. Empty if it looks like sessions.
   * @throws {AzuError} what a clear would throw.
   */
  examine?(signal: AbortSignal, options?: LookOptions): Promise<readonly string[]>;
  /**
   * Gives sessions that never expire a lifetime. Only for stores that remove expired sessions
   * themselves (the capability `expiresItself`).
   * @param lifetime Milliseconds from now.
   * @returns how many sessions have been given one.
   * @throws if it cannot go on. `onProgress` has received what was done until then.
   */
  giveLifetime?(lifetime: number, options: ExpiryOptions): Promise<number>;
  /** Keys that look like sessions but are not under the configured prefix. */
  lookAlikes?(signal: AbortSignal, options?: LookOptions): Promise<readonly LookAlike[]>;
  /**
   * Tells the app's nodes to drop their caches, if they have any. Called after a clear, even if it
   * was cut off.
   * @param now The timestamp of the invalidation message.
   * @returns how many nodes were told.
   */
  dropCaches?(signal: AbortSignal, now: Date): Promise<number>;
  /**
   * Waits until this number of replicas of every server have caught up, or the time is over. Only
   * for backends with the capability `replicas`.
   * @param timeout Milliseconds.
   * @returns the lowest number of replicas that caught up, over all servers.
   */
  replicated?(replicas: number, timeout: number, signal: AbortSignal): Promise<number>;
  /** Creates the table and its indexes if they are missing. `present`: the table was there. */
  createTable?(signal: AbortSignal): Promise<"created" | "present">;
  /** What the table lacks, if an earlier version created it; undefined if there is nothing to add. */
  missingInTable?(
    signal: AbortSignal,
    options?: MissingOptions,
  ): Promise<TableChanges | undefined>;
  /** Adds what {@linkcode missingInTable} has returned. This may take an hour. */
  changeTable?(
    changes: TableChanges,
    signal: AbortSignal,
    options?: Pick<LookOptions, "onProgress">,
  ): Promise<void>;
}

/** Options of `Store.missingInTable`. */
export interface MissingOptions {
  /**
   * Also an index on the expiry. The app works without it, but each removal of expired sessions
   * reads all rows.
   */
  readonly expiryIndex?: boolean;
}

/** What a table lacks, and how to add it. */
export interface TableChanges {
  /** For example `the column user_id`. */
  readonly missing: readonly string[];
  /** The statements that add it, in order. */
  readonly statements: readonly string[];
  /** What other clients notice meanwhile: a sentence without a full stop. */
  readonly effect: string;
}

/** Options for reporting progress of a read and limiting its load. */
export interface LookOptions {
  /** How hard it may work; undefined for the default. */
  readonly budget?: Budget;
  /** Whether the clear will empty the table at once ({@link ClearOptions.truncate}). */
  readonly truncate?: boolean;
  /**
   * Called with the number found so far. Also resets the inactivity timeout.
   * @param total An estimate of how many there will be; undefined if there is none yet.
   */
  onProgress?(found: number, total?: number): void;
  /** See {@linkcode ClearOptions.onUnreadable}. */
  onUnreadable?(sessions: number): void;
  /** See {@linkcode ClearOptions.onSlow}. */
  onSlow?(reason: string): void;
}

/** Options of `Store.giveLifetime`. */
export interface ExpiryOptions extends Pick<LookOptions, "budget"> {
  /** Ends the walk after the batch in flight. */
  readonly signal: AbortSignal;
  /**
   * Receives how many sessions have been given a lifetime.
   * @param total An estimate of how many there will be; undefined if there is none yet.
   * @param inDoubt How many more may have been given one, because an answer was lost; default 0.
   */
  onProgress?(given: number, total?: number, inDoubt?: number): void;
}

/** Options of `Sessions.list`. */
export interface ListOptions extends LookOptions {
  /** Ends the walk after the batch in flight. */
  readonly signal: AbortSignal;
  /** Whether to tell {@linkcode SessionInfo.storedIn}: that may take longer. */
  readonly tellsHome?: boolean;
  /** Receives each batch. The walk waits for it. */
  onSessions(batch: readonly SessionInfo[]): void | Promise<void>;
}

/** Options of `Sessions.read`. */
export interface ReadOptions extends LookOptions {
  /** Ends the walk after the batch in flight. */
  readonly signal: AbortSignal;
  /** Receives each batch. The walk waits for it. */
  onStored(batch: readonly StoredSession[]): void | Promise<void>;
  /** Receives a session that cannot be copied, because of its id or its payload. */
  onFailed(failed: FailedSession): void;
}

/** A session that cannot be copied. */
export interface FailedSession {
  readonly handle: string;
  /** A phrase: `its id is not a text`. */
  readonly reason: string;
}

/** A session to write. */
export interface Change {
  readonly session: StoredSession;
  /** What the store had when it was compared with the session; undefined for nothing. */
  readonly found: StoredSession | undefined;
  /** Whether the two differ only in their payloads, so that all else can stay; default false. */
  readonly isOnlyPayload?: boolean;
}

/**
 * What became of a change. `other`: the store has something else now than what was found, and it
 * was left as it is. `expired`: the session has expired by the clock of the store. `failed`: why the
 * store cannot hold it, as a phrase.
 */
export type Saved = "done" | "other" | "expired" | { readonly failed: string };

/**
 * What became of a session to remove. `other`: it was changed or removed by another client. `failed`:
 * why the store keeps it, as a phrase.
 */
export type Dropped = "done" | "other" | { readonly failed: string };

/** Where sessions are. Two places overlap if they share a server, and a table or a prefix. */
export interface Place {
  /** What identifies the servers or the file, whatever their names are. */
  readonly servers: readonly string[];
  /** The table; or the prefix of the keys, which also contains all longer ones. */
  readonly table?: string;
  readonly prefix?: string;
}

/** What is known about a session. A fact that the store cannot tell is undefined. */
export type SessionInfo = Candidate & {
  /** Bytes of the payload, and of the key or id. */
  readonly size: number;
  /** See {@linkcode StoredSession.storedIn}; undefined if nobody has asked for it. */
  readonly storedIn?: string | null | undefined;
};

/** Options of `Sessions.clear`. */
export interface ClearOptions {
  /** Ends the clear after the batch in flight. */
  readonly signal: AbortSignal;
  /** How hard it may work; undefined for the default. */
  readonly budget?: Budget;
  /**
   * Empties the table at once instead of in batches. This is faster, but blocks everybody else. A
   * store that cannot do it throws an `ImpossibleError` and removes nothing.
   */
  readonly truncate?: boolean;
  /**
   * Leave rows that another client has locked, instead of waiting for them. They count as remaining.
   * Only stores with locks on rows know it.
   */
  readonly skipLocked?: boolean;
  /** Called when the connection was lost, or the store was busy, before it is tried again. */
  onRetry?(): void;
  /** Called when another phase begins. The first is `clearing`. */
  onPhase?(phase: "clearing" | "verifying"): void;
  /**
   * Receives how many sessions are gone, after each batch.
   * @param total An estimate of how many there will be; undefined if there is none yet.
   * @param inDoubt How many more may be gone, because an answer was lost; default 0.
   */
  onProgress(cleared: number, total?: number, inDoubt?: number): void;
  /**
   * Receives how many sessions have a payload that does not tell what the selection needs, because
   * it cannot be read or has no such property. They are not selected.
   */
  onUnreadable?(sessions: number): void;
  /** Receives why the selection takes longer than it could: a sentence without a full stop. */
  onSlow?(reason: string): void;
}

/** The verified counts of a clear. */
export interface ClearCounts {
  /** How many sessions are gone. A removed session that is back does not count. */
  readonly cleared: number;
  /** The number of original sessions that still exist or were written back. */
  readonly remaining: number;
  /** True if the remaining sessions could not be removed; false if they were written back. */
  readonly kept?: boolean;
  /** How many sessions were removed a second time. Only {@linkcode Store.clearAgain} sets it. */
  readonly again?: number;
  /** The number of sessions created after the clear began. */
  readonly arrived: number;
  /** What the operator may want to do next: a sentence without a full stop. */
  readonly advice?: string;
}

/** Keys under another prefix that look like sessions. */
export interface LookAlike {
  readonly pattern: string;
  readonly count: number;
}

/** The context passed to a backend factory. */
export interface BackendContext {
  /** The app's name, if the config or `shard.yml` has one. */
  readonly app: string | undefined;
  /** The absolute path of the folder that relative file names start from. */
  readonly root: string;
  /** Reads a variable from the environment or `.env`. */
  env(name: string): string | undefined;
  /** Whether a variable is in `.env` and not in the environment. */
  isInDotenv(name: string): boolean;
  /** Whether there is an app or a config. Without them, a default names no place. */
  readonly hasApp: boolean;
  /** The database driver in the app's `shard.yml`, if there is one. */
  readonly driver: Engine | undefined;
  /** What the app's sessions record, in any of the environments that share a table's shape. */
  readonly recorded: Recorded;
  /** Settings found in the app's source. They take precedence over the config. */
  readonly stated: Stated;
}

/** Settings that were found in the app's source. They may contain variables (`fromEnv`). */
export interface Stated {
  readonly keyPrefix?: string;
  readonly table?: string;
  /** The kind of database, if the app has several. */
  readonly engine?: Engine;
  /** Whether the app's nodes cache sessions. */
  readonly clustered?: boolean;
  /** The channel on which the nodes listen. */
  readonly channel?: string;
  /** Milliseconds that a node serves a session from its cache. */
  readonly cacheTtl?: number;
  /** The variable that contains the URL, if it is not the usual one. */
  readonly urlVariable?: string;
}

/** A custom backend: `session.backends.<name>` may be such a function. */
export type BackendFactory = (context: BackendContext) => Backend;

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

/** The values for a store template. A key prefix and a table may contain variables (`fromEnv`). */
export interface StoreValues {
  readonly keyPrefix?: string;
  readonly table?: string;
  readonly engine?: Engine;
  readonly poolSize?: number;
  /** Milliseconds. */
  readonly poolTimeout?: number;
  /** Milliseconds. */
  readonly cleanupInterval?: number;
  /** Only if the app's nodes cache sessions. */
  readonly nodeCache?: NodeCache;
  /** The variable that contains the URL, if it is not the usual one. */
  readonly urlVariable?: string;
}

/** Nodes of the app that share one Redis and each cache sessions. */
export interface NodeCache {
  /** The channel on which they tell each other what to drop from their caches. */
  readonly channel: string;
  /** Milliseconds that a cache serves a session without asking Redis. */
  readonly cacheTtl: number;
}

/** SQL statements, each as its lines. */
export type Statements = readonly (readonly string[])[];

/** How the table is created, changed and dropped. */
export interface Migration {
  readonly up: Statements;
  readonly down: Statements;
  /** The columns that a table may lack if an earlier version created it, or with another config. */
  readonly columns?: readonly ColumnMigration[];
  /** How such tables were created, and which of the columns they lack. */
  readonly earlier?: readonly { readonly up: Statements; readonly without: readonly string[] }[];
}

/** How a column is added to the table, and removed. */
export interface ColumnMigration {
  readonly name: string;
  readonly up: Statements;
  readonly down: Statements;
  /** Whether the first statement fails if the column is there, so that this must be ignored. */
  readonly failsIfPresent: boolean;
}
