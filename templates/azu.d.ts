// Types for azu.config.ts, written by `azu init`. Refresh with: azu init --update-types
/// <reference lib="es2015" />
/// <reference lib="esnext.disposable" />

declare module "azu" {
  /** Returns the config unchanged. Its type lets editors complete and check it. */
  export function defineConfig(config: ConfigExport): ConfigExport;

  /** A Redis backend, for an entry of `session.backends` with your own name. */
  export function redis(options?: RedisOptions): RedisOptions & { readonly type: "redis" };

  /** The same for a database (PostgreSQL, MySQL or SQLite, by the scheme of the URL). */
  export function database(
    options?: DatabaseOptions,
  ): DatabaseOptions & { readonly type: "database" };

  /** The same for memory. */
  export function memory(options?: MemoryOptions): MemoryOptions & { readonly type: "memory" };

  /**
   * An environment variable in `keyPrefix` or `table`. azu reads it when it runs, the app when it
   * starts: `fromEnv("APP_NAME", "shop") + ":session:"`.
   * @param fallback What it stands for if the variable is not set or empty. Without it, that is an
   *   error.
   */
  export function fromEnv(name: string, fallback?: string): string;

  /** A config, or a function that makes one for an environment. */
  export type ConfigExport =
    | Config
    | ((environment: ConfigEnvironment) => Config | Promise<Config>);

  /** The options of a Redis backend; all have defaults. */
  export type RedisOptions = {
    /**
     * Where Redis is; default: `REDIS_URL`, else `redis://localhost:6379`. With
     * `fromEnv("OTHER_REDIS_URL")`, azu and the app take it from another variable.
     */
    url?: string | undefined;
    /**
     * PEM files for a URL that begins with `rediss://`, each relative to the config; azu's own
     * connection only, for the app has its own settings.
     */
    tls?: {
      /** The certificates of authorities that are trusted besides the known ones. */
      ca?: string | undefined;
      /** The certificate that azu shows, where Redis asks for one; with `key`. */
      cert?: string | undefined;
      /** The private key of `cert`. */
      key?: string | undefined;
    } | undefined;
    /**
     * What every session key starts with; default: `"<app>:session:"`, or `"session:"` for an app
     * without a name. It may contain variables: `fromEnv("APP_NAME", "shop") + ":session:"`.
     */
    keyPrefix?: string | undefined;
    /**
     * What the values contain, if other software writes them. It replaces what azu knows of what
     * the app writes; what it does not name is not known.
     */
    layout?: RedisLayout | undefined;
    /** Connections that the app keeps open; default 5. */
    poolSize?: number | undefined;
    /** How long the app waits for a free connection, and for an answer of Redis; default `"5s"`. */
    poolTimeout?: Duration | undefined;
    /**
     * Whether the app runs as several nodes that share this Redis and keep sessions in local caches
     * (the session shard's `ClusteredRedisStore`); default false. Redis Cluster is not meant.
     */
    cluster?: boolean | {
      /** The channel on which the nodes listen; default `"session:cluster:invalidate"`. */
      channel?: string | undefined;
      /** How long a node may serve a session from its cache, at least `"1s"`; default `"30s"`. */
      cacheTtl?: Duration | undefined;
    } | undefined;
  };

  /** The options of a database backend. All but the URL have a default. */
  export type DatabaseOptions = {
    /**
     * The database; default: `DATABASE_URL`. With `fromEnv("OTHER_DATABASE_URL")`, azu and the app
     * take it from another variable.
     */
    url?: string | undefined;
    /**
     * The table, with a schema if need be: `"auth.sessions"`; default `"sessions"`. It may contain
     * variables: `fromEnv("APP_NAME", "shop") + "_sessions"`.
     */
    table?: string | undefined;
    /**
     * What the table contains, if other software has created it. It replaces what azu knows of the
     * table that setup writes; what it does not name is not known.
     */
    layout?: DatabaseLayout | undefined;
    /**
     * The kind of database, for what setup writes; default: that of the URL, or of the driver in
     * `shard.yml`. azu refuses a URL of another kind.
     */
    engine?: "postgres" | "mysql" | "sqlite" | undefined;
    /** How often the app removes expired sessions; default `"5m"`. */
    cleanupInterval?: Duration | undefined;
    /** Connections that the app keeps open; default 5. */
    poolSize?: number | undefined;
    /** How long the app waits for a free connection; default `"5s"`. */
    poolTimeout?: Duration | undefined;
  };

  /** The options of a memory backend; all have defaults. */
  export type MemoryOptions = {
    /** How often the app removes expired sessions; default `"5m"`. */
    cleanupInterval?: Duration | undefined;
  };

  /** What azu.config.ts says. */
  export type Config = Overrides & {
    /**
     * A folder of templates to use in place of azu's own, relative to the config: `azu
     * session:setup --eject` makes it.
     */
    templates?: string | undefined;
    /** What differs in an environment; `AZU_ENV` chooses it, and for azu also `--env`. */
    environments?: { [name: string]: Overrides } | undefined;
  };

  /** The argument of a config that is a function. */
  export interface ConfigEnvironment {
    /** `--env`, or else `AZU_ENV`, or else `CRYSTAL_ENV`, or else `"production"`. */
    readonly env: string;
  }

  /**
   * Where the values of keys that other software writes contain what is known of its sessions. They
   * expire as their keys do.
   */
  export type RedisLayout = {
    /** The user's id, which is missing or null if nobody is logged in. */
    user?: PayloadPath | undefined;
    /** When a session was created. */
    createdAt?: PayloadPath | undefined;
    /** When it was last visited. */
    visitedAt?: PayloadPath | undefined;
    /** The IP address. */
    ip?: PayloadPath | undefined;
    /** The user agent. */
    userAgent?: PayloadPath | undefined;
    /**
     * How values are packed: as `"json"`; as `"gzip"`, which is JSON that may be compressed; as
     * `"sealed"`, the same, which the session shard may have sealed; or `"opaque"`, so that nothing
     * can be read from them. Default: `"sealed"`.
     */
    packed?: "json" | "gzip" | "sealed" | "opaque" | undefined;
  };

  /** A duration as text: `"500ms"`, `"45s"`, `"15m"`, `"1h"`, `"30d"`, `"2w"`. */
  export type Duration = `${bigint}${"ms" | "s" | "m" | "h" | "d" | "w"}`;

  /** Where a table that other software has created contains what is known of its sessions. */
  export type DatabaseLayout = {
    /** The column of the session id. */
    id: string;
    /** The user's id: a column, which is NULL if nobody is logged in, or `{ path }`. */
    user?: string | PayloadPath | undefined;
    /** When a session was created: a column of times, `{ column, unit }` or `{ path }`. */
    createdAt?: string | PayloadPath | EpochColumn | undefined;
    /** When it was last visited: as `createdAt`. */
    visitedAt?: string | PayloadPath | EpochColumn | undefined;
    /** When it expires: a column of times, `{ column, unit }` or `{ after, lifetime }`. */
    expiresAt?: string | EpochColumn | {
      /** The time that the lifetime is counted from. It must be in a column. */
      after: "createdAt" | "visitedAt";
      /** How long a session lives after that. */
      lifetime: Duration;
    } | undefined;
    /** The IP address: a column or `{ path }`. */
    ip?: string | PayloadPath | undefined;
    /** The user agent: a column or `{ path }`. */
    userAgent?: string | PayloadPath | undefined;
    /** The payload: a column or `{ column, packed }`. */
    payload?: string | {
      /** The column that contains the payload. */
      column: string;
      /**
       * How it is packed: as `"json"`; as `"gzip"`, which is JSON that may be compressed; as
       * `"sealed"`, the same, which the session shard may have sealed; or `"opaque"`, so that
       * nothing can be read from it. Default: `"sealed"`.
       */
      packed?: "json" | "gzip" | "sealed" | "opaque" | undefined;
    } | undefined;
  };

  /** What one environment changes. */
  export type Overrides = {
    /** The app's name, at most 200 characters; default: `name` in `shard.yml`. */
    app?: string | undefined;
    /** Where and how sessions are kept. */
    session?: {
      /**
       * Which of the backends the app uses: `"redis"`, `"database"`, `"memory"` or a name of your
       * own; default `"redis"`.
       */
      backend?: string | undefined;
      /**
       * The backend that sessions move from: the app moves a session to its new store when the
       * first request brings it, and ends sessions in both.
       */
      migrateFrom?: string | undefined;
      /**
       * The backend that sessions are about to move to. The app also finds sessions that its other
       * processes, with `migrateFrom`, have moved there, and ends sessions in both.
       */
      migrateTo?: string | undefined;
      /** How long a session lives without a visit, at least `"1s"`; default `"24h"`. */
      ttl?: Duration | undefined;
      /**
       * Whether every visit extends the lifetime; default true. If not, it is counted from the
       * first visit or the login.
       */
      sliding?: boolean | undefined;
      /** The session cookie. */
      cookie?: CookieOptions | undefined;
      /**
       * What sessions record about the visitor, besides the user and the time; default: nothing.
       */
      record?: {
        /** The IP address of the last visit; default false. */
        ip?: boolean | undefined;
        /** The browser's `User-Agent` at the last visit, up to 255 characters; default false. */
        userAgent?: boolean | undefined;
      } | undefined;
      /** The app's users. */
      user?: {
        /** The type of their ids, the same in every environment; default `"int64"`. */
        type?: "string" | "int64" | "uuid" | undefined;
      } | undefined;
      /** The options of the built-in backends, and your own backends. */
      backends?:
        | {
          redis?: BackendFactory | RedisOptions & { type?: "redis" | undefined } | undefined;
          database?:
            | BackendFactory
            | DatabaseOptions & { type?: "database" | undefined }
            | undefined;
          memory?: BackendFactory | MemoryOptions & { type?: "memory" | undefined } | undefined;
        } & {
          [name: string]:
            | BackendFactory
            | RedisOptions & { type?: "redis" | undefined }
            | DatabaseOptions & { type?: "database" | undefined }
            | MemoryOptions & { type?: "memory" | undefined };
        }
        | undefined;
    } | undefined;
    /** Where azu records what its commands do with sessions; default: nowhere. */
    audit?: {
      /** The file of the records, relative to the config. It is created with the first one. */
      file?: string | undefined;
      /** The table of the records instead, in the database of the backend `database`. */
      table?: string | undefined;
      /** Whether a command stops if its record cannot be written; default: it warns. */
      required?: boolean | undefined;
    } | undefined;
  };

  /** A fact in the payload. */
  export type PayloadPath = {
    /**
     * Where it is in the payload: names of properties, from the outside in, such as
     * `"passport.user"`.
     */
    path: string;
  };

  /** A time in a column of numbers, such as Unix seconds. */
  export type EpochColumn = {
    /** The column, of whole or other numbers. */
    column: string;
    /** What they count since 1970. */
    unit: "seconds" | "milliseconds";
  };

  /** The session cookie. */
  export type CookieOptions = {
    /** The cookie's name, at most 256 characters; default `"<app>_session"`. */
    name?: string | undefined;
    /** Sent over HTTPS only; default true. */
    secure?: boolean | undefined;
    /** Hidden from scripts; default true. */
    httpOnly?: boolean | undefined;
    /** Whether other sites' requests carry it; default `"strict"`. */
    sameSite?: "strict" | "lax" | "none" | undefined;
    /** The domain, with its subdomains; default: only the host that set the cookie. */
    domain?: string | undefined;
    /** The path below which it is sent; default `"/"`. */
    path?: string | undefined;
  };

  /** A custom backend: `session.backends.<name>` may be such a function. */
  export type BackendFactory = (context: BackendContext) => Backend;

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
     * @throws for example if no URL is configured.
     */
    check?(): void;
    /**
     * Opens the store.
     * @throws if the store cannot be reached, or refuses.
     */
    connect(signal: AbortSignal, options?: ConnectOptions): Promise<Store>;
    /**
     * Makes the checks of `session:doctor` about the way to the server, without a store: they say
     * more where {@linkcode connect} only fails.
     */
    reach?(options: DiagnosisOptions): Promise<void>;
    /**
     * Opens a table of numbered records beside the sessions: the audit log. Backends without this
     * method have none.
     * @param table Its name, maybe with a schema.
     * @throws if the database cannot be reached, or refuses.
     */
    records?(table: string, signal: AbortSignal): Promise<Records>;
  }

  type Engine = "postgres" | "mysql" | "sqlite";

  /** What the sessions of an app record. */
  interface Recorded {
    readonly user: UserType;
    /** Whether they record the visitor's IP address. */
    readonly ip: boolean;
    /** Whether they record the visitor's `User-Agent`. */
    readonly userAgent: boolean;
  }

  /** Settings that were found in the app's source. They may contain variables (`fromEnv`). */
  interface Stated {
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

  /** What a backend can do, as data. Code asks for these, never for the backend's name. */
  export interface Capabilities {
    /**
     * True if sessions can be removed from outside the app; else why not, and what to do instead.
     */
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
    /**
     * Where the URL comes from: `REDIS_URL`, `REDIS_URL in .env`, `the config` or `the default`.
     */
    readonly addressFrom?: string;
    /** The Redis keys: the key prefix and `*`. */
    readonly pattern?: string;
    /** The table as configured, including its schema if there is one. */
    readonly table?: string;
  }

  /** What `session:setup` writes for a backend. */
  interface SetupSpec {
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

  /** Nodes of the app that share one Redis and each cache sessions. */
  interface NodeCache {
    /** The channel on which they tell each other what to drop from their caches. */
    readonly channel: string;
    /** Milliseconds that a cache serves a session without asking Redis. */
    readonly cacheTtl: number;
  }

  /** How a store is opened. */
  export interface ConnectOptions {
    /** Default `"operate"`. */
    readonly purpose?: Purpose;
    /** Milliseconds to connect to one server; default 5000. */
    readonly timeout?: number;
  }

  /** An open connection to the sessions. */
  export interface Store extends Sessions, AsyncDisposable {
    /**
     * The sessions of a selection.
     * @throws from its methods, if the store cannot tell which sessions are meant.
     */
    only?(selection: Selection): Sessions;
    /** The sessions with these ids, in the same order; undefined for those that are not there. */
    find?(
      ids: readonly string[],
      signal: AbortSignal,
    ): Promise<readonly (StoredSession | undefined)[]>;
    /**
     * Whether the store has each of these sessions, in the same order: the same payload, and an
     * expiry that is not earlier (less than a second counts as the same). `false` if that is not
     * known. For stores that compare faster than they would send the sessions; others are asked to
     * `find` them.
     */
    hasSame?(sessions: readonly StoredSession[], signal: AbortSignal): Promise<readonly boolean[]>;
    /**
     * Writes sessions, each whole or not at all. It writes only what still is as it was found: see
     * {@linkcode Change}. Stores without this method take no copies. Without changes, it checks
     * whether the store takes them.
     * @param now The time that stands for times which are not known.
     * @returns what became of each change, in the same order.
     * @throws if the store takes no copies.
     * @throws if it is not known what became of some of them.
     */
    save?(changes: readonly Change[], signal: AbortSignal, now: Date): Promise<readonly Saved[]>;
    /**
     * Removes sessions, each only if it is still as it was read, with the same payload, until the
     * same time.
     * @returns what became of each, in the same order.
     * @throws if it is not known what became of some of them.
     */
    drop?(sessions: readonly StoredSession[], signal: AbortSignal): Promise<readonly Dropped[]>;
    /** Where the sessions are, by the servers' own account; undefined if they do not say it. */
    place?(signal: AbortSignal): Promise<Place | undefined>;
    /**
     * Makes the checks of `session:doctor` that need a connection: rights, and the state of the
     * server and of what is there. It changes nothing, and reads a sample of the sessions at most.
     * A check that does not apply, or cannot be made, is reported as skipped.
     */
    diagnose?(options: DiagnosisOptions): Promise<void>;
    /** Reads what `session:status` shows. */
    survey?(options: SurveyOptions): Promise<Survey>;
    /**
     * Checks what a clear needs, without removing anything: the commands and rights, and the shape
     * of what is there.
     * @returns why what is there may not be sessions: phrases such as `the table has no column for
     *   an expiry`. Empty if it looks like sessions.
     * @throws what a clear would throw.
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
     * Tells the app's nodes to drop their caches, if they have any. Called after a clear, even if
     * it was cut off.
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
    /**
     * What the table lacks, if an earlier version created it; undefined if there is nothing to add.
     */
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

  /** What a store needs to judge its sessions. */
  interface DiagnosisOptions {
    readonly signal: AbortSignal;
    /** Whether sessions record these, so that the table has their columns. Milliseconds. */
    readonly ttl: number;
    /** The key prefixes of other environments on any server, by environment. */
    readonly otherPrefixes: ReadonlyMap<string, string>;
    now(): Date;
    /** Receives each finding as soon as it is known. */
    onFinding(finding: StoreFinding): void;
  }

  /** A table of numbered records. The errors of its methods name the table and the server. */
  interface Records extends AsyncDisposable {
    /** Creates the table if it is missing. */
    create(): Promise<void>;
    /** The record with the highest number. */
    last(): Promise<string | undefined>;
    /** @throws also if there is a record with this number. */
    add(number: number, line: string): Promise<void>;
    /** In the order of their numbers. */
    lines(): AsyncIterable<string>;
  }

  /** The type of the users' ids. */
  type UserType = "int64" | "uuid" | "string";

  /** A dependency of the app, as shard.yml lists it. */
  interface Shard {
    readonly name: string;
    /** `owner/name` on GitHub. */
    readonly github: string;
  }

  /** An environment variable that the app reads. */
  interface Variable {
    readonly name: string;
    /** The shape of its value, for example `postgres://<user>:<password>@<host>/<database>`. */
    readonly shape: string;
  }

  /**
   * The values for a store template. A key prefix and a table may contain variables (`fromEnv`).
   */
  interface StoreValues {
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

  /** How the table is created, changed and dropped. */
  interface Migration {
    readonly up: Statements;
    readonly down: Statements;
    /**
     * The columns that a table may lack if an earlier version created it, or with another config.
     */
    readonly columns?: readonly ColumnMigration[];
    /** How such tables were created, and which of the columns they lack. */
    readonly earlier?: readonly { readonly up: Statements; readonly without: readonly string[] }[];
  }

  /** Why a store is opened. `create` may create a database file. */
  type Purpose = "operate" | "create";

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
     * twice is counted once. Without this method, `clear` is called again, and the larger of the
     * two counts is reported, because both may contain the same sessions.
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

  /** A session is selected if it meets all conditions. Without any, all sessions are. */
  export type Selection = readonly Condition[];

  /** A session as a store has it. Its id and its payload are never shown. */
  interface StoredSession {
    readonly id: string;
    /** The bytes of the payload, as they are stored: maybe compressed or sealed. */
    readonly payload: Uint8Array;
    /** Milliseconds since 1970; null if it never expires. */
    readonly expiresAt: number | null;
    /** Milliseconds since 1970; null if it is not known. */
    readonly createdAt: number | null;
    readonly visitedAt: number | null;
    readonly user: string | null;
    readonly ip: string | null;
    readonly userAgent: string | null;
    /**
     * Whether the payload tells all that is known besides the expiry, so that a backup need not.
     */
    readonly isToldByPayload?: boolean | undefined;
    /**
     * The name of the backend that the app last wrote it to; null if the payload names none,
     * undefined if that is not known. A copy has the name of another backend than the one that it
     * is in.
     */
    readonly storedIn?: string | null | undefined;
  }

  /** A session to write. */
  interface Change {
    readonly session: StoredSession;
    /** What the store had when it was compared with the session; undefined for nothing. */
    readonly found: StoredSession | undefined;
    /** Whether the two differ only in their payloads, so that all else can stay; default false. */
    readonly isOnlyPayload?: boolean;
  }

  /**
   * What became of a change. `other`: the store has something else now than what was found, and it
   * was left as it is. `expired`: the session has expired by the clock of the store. `failed`: why
   * the store cannot hold it, as a phrase.
   */
  type Saved = "done" | "other" | "expired" | { readonly failed: string };

  /**
   * What became of a session to remove. `other`: it was changed or removed by another client.
   * `failed`: why the store keeps it, as a phrase.
   */
  type Dropped = "done" | "other" | { readonly failed: string };

  /** Where sessions are. Two places overlap if they share a server, and a table or a prefix. */
  interface Place {
    /** What identifies the servers or the file, whatever their names are. */
    readonly servers: readonly string[];
    /** The table; or the prefix of the keys, which also contains all longer ones. */
    readonly table?: string;
    readonly prefix?: string;
  }

  /** Options of `Store.survey`. */
  export interface SurveyOptions extends Pick<LookOptions, "budget" | "onProgress"> {
    readonly signal: AbortSignal;
    /** The current time, in milliseconds since 1970. */
    readonly now: number;
    /** Estimate everything, in a time that does not depend on the number of sessions. */
    readonly isQuick: boolean;
  }

  /** What `Store.survey` returns. */
  export interface Survey {
    /**
     * `sessions` is required. azu estimates `live`, `expired`, `endless`, `loggedIn` and
     * `anonymous` from the sample if they are missing.
     */
    readonly figures: Figures;
    /** Sessions chosen at random, or all of them if they are few. */
    readonly sample: readonly SessionInfo[];
    /** When the oldest and the newest session were created, if that is known of all sessions. */
    readonly created?: { readonly oldest: number; readonly newest: number };
    /** What the server says about itself, in words: `{ policy: "noeviction" }`. */
    readonly properties: Readonly<Record<string, string>>;
    /** What endangers the sessions: sentences without a full stop. */
    readonly warnings: readonly string[];
  }

  /** Options for reporting progress of a read and limiting its load. */
  interface LookOptions {
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
  interface ExpiryOptions extends Pick<LookOptions, "budget"> {
    /** Ends the walk after the batch in flight. */
    readonly signal: AbortSignal;
    /**
     * Receives how many sessions have been given a lifetime.
     * @param total An estimate of how many there will be; undefined if there is none yet.
     * @param inDoubt How many more may have been given one, because an answer was lost; default 0.
     */
    onProgress?(given: number, total?: number, inDoubt?: number): void;
  }

  /** Keys under another prefix that look like sessions. */
  export interface LookAlike {
    readonly pattern: string;
    readonly count: number;
  }

  /** Options of `Store.missingInTable`. */
  interface MissingOptions {
    /**
     * Also an index on the expiry. The app works without it, but each removal of expired sessions
     * reads all rows.
     */
    readonly expiryIndex?: boolean;
  }

  /** What a table lacks, and how to add it. */
  interface TableChanges {
    /** For example `the column user_id`. */
    readonly missing: readonly string[];
    /** The statements that add it, in order. */
    readonly statements: readonly string[];
    /** What other clients notice meanwhile: a sentence without a full stop. */
    readonly effect: string;
  }

  /** The result of a check. No ids, payloads or credentials. */
  interface StoreFinding {
    readonly id: StoreCheckId;
    readonly status: CheckStatus;
    /** What was seen: a phrase with its numbers. */
    readonly evidence: string;
    /** A command, a statement or a line of config, if it is more precise than the general one. */
    readonly fix?: string;
  }

  /** SQL statements, each as its lines. */
  type Statements = readonly (readonly string[])[];

  /** How a column is added to the table, and removed. */
  interface ColumnMigration {
    readonly name: string;
    readonly up: Statements;
    readonly down: Statements;
    /** Whether the first statement fails if the column is there, so that this must be ignored. */
    readonly failsIfPresent: boolean;
  }

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
     * Leave rows that another client has locked, instead of waiting for them. They count as
     * remaining. Only stores with locks on rows know it.
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
     * Receives how many sessions have a payload that does not tell what the selection needs,
     * because it cannot be read or has no such property. They are not selected.
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
  interface ReadOptions extends LookOptions {
    /** Ends the walk after the batch in flight. */
    readonly signal: AbortSignal;
    /** Receives each batch. The walk waits for it. */
    onStored(batch: readonly StoredSession[]): void | Promise<void>;
    /** Receives a session that cannot be copied, because of its id or its payload. */
    onFailed(failed: FailedSession): void;
  }

  /** A condition that a session meets or not. A fact that is null meets only those that say so. */
  export type Condition =
    | { readonly fact: "user"; readonly oneOf: readonly string[] }
    /** Also met by sessions without a user. */
    | { readonly fact: "user"; readonly noneOf: readonly string[] }
    | { readonly fact: "user" | "expiresAt"; readonly isNull: boolean }
    /** Before this time, exclusively. */
    | { readonly fact: TimeFact; readonly before: number }
    /** At this time or later; with `orNull`, or never. */
    | { readonly fact: TimeFact; readonly from: number; readonly orNull?: boolean }
    /** In one of these networks: an address, or CIDR. */
    | { readonly fact: "ip"; readonly networks: readonly string[] }
    | { readonly fact: "handle"; readonly oneOf: readonly string[] };

  /** A figure that is missing is not known. */
  export type Figures = Partial<Readonly<Record<FigureName, Figure>>>;

  /** What is known about a session. A fact that the store cannot tell is undefined. */
  export type SessionInfo = Candidate & {
    /** Bytes of the payload, and of the key or id. */
    readonly size: number;
    /** See {@linkcode StoredSession.storedIn}; undefined if nobody has asked for it. */
    readonly storedIn?: string | null | undefined;
  };

  /** The operator's limits. Durations are in milliseconds. */
  interface Budget {
    /** Sessions or scanned keys per batch, at most. */
    readonly batch?: number;
    /** Rest after each batch. */
    readonly pause?: number;
    /** Slow down if a batch takes longer. */
    readonly maxLatency?: number;
  }

  type StoreCheckId =
    | "reach.resolve"
    | "reach.addresses"
    | "reach.tls"
    | "reach.login"
    | "reach.latency"
    | "reach.clock"
    | "rights.list"
    | "rights.revoke"
    | "rights.clear"
    | "rights.sweep"
    | "redis.policy"
    | "redis.memory"
    | "redis.persistence"
    | "redis.replicas"
    | "redis.endless"
    | "redis.ttl"
    | "redis.prefixes"
    | "redis.look-alikes"
    | "redis.stray"
    | "table.shape"
    | "table.expiry-index"
    | "table.columns"
    | "table.time-zone"
    | "table.backlog"
    | "table.dead-rows"
    | "table.triggers"
    | "table.references"
    | "table.replica-identity";

  /** `skipped`: it could not be told, for the reason in the evidence. */
  type CheckStatus = "ok" | "warning" | "failure" | "skipped";

  /** A session that cannot be copied. */
  interface FailedSession {
    readonly handle: string;
    /** A phrase: `its id is not a text`. */
    readonly reason: string;
  }

  type TimeFact = "createdAt" | "visitedAt" | "expiresAt";

  export type FigureName =
    | "sessions"
    | "live"
    | "expired"
    | "endless"
    | "loggedIn"
    | "anonymous"
    | "bytes"
    | "indexBytes"
    | "freeBytes"
    | "deadRows"
    | "memoryUsed"
    | "memoryLimit"
    | "evicted";

  export interface Figure {
    readonly value: number;
    /** False for an estimate: from a sample, or by the server. */
    readonly isExact: boolean;
  }

  /**
   * A session as a selection sees it. A fact that is undefined is not known: such a session meets
   * no condition on it.
   */
  type Candidate = { readonly [Name in Fact]: Facts[Name] | undefined } & {
    readonly handle: string;
  };

  type Fact = keyof Facts;

  /** What is known about a session besides its handle. Times are in milliseconds since 1970. */
  interface Facts {
    /** Null if nobody is logged in. */
    readonly user: string | null;
    readonly createdAt: number | null;
    /** When it was last visited, as precisely as the app records it. */
    readonly visitedAt: number | null;
    /** Null if it never expires. */
    readonly expiresAt: number | null;
    readonly ip: string | null;
    readonly userAgent: string | null;
  }

  export {};
}
