// Types for azu.config.ts, written by `azu init`. Refresh with: azu init --update-types

declare module "azu" {
  /** Gives the config its type: the editor completes and checks it. Returns it unchanged. */
  export function defineConfig(config: ConfigExport): ConfigExport;

  /** A Redis backend, for an entry of `session.backends` under a name of your own. */
  export function redis(options?: RedisOptions): RedisOptions & { readonly type: "redis" };

  /** A database backend (PostgreSQL, MySQL or SQLite, by the URL's scheme), likewise. */
  export function database(
    options?: DatabaseOptions,
  ): DatabaseOptions & { readonly type: "database" };

  /** A memory backend, likewise. */
  export function memory(options?: MemoryOptions): MemoryOptions & { readonly type: "memory" };

  /** A config, or a function that makes one for an environment. */
  export type ConfigExport =
    | Config
    | ((environment: ConfigEnvironment) => Config | Promise<Config>);

  /** What a Redis backend may be told; everything has a default. */
  export type RedisOptions = {
    /** Where Redis is; default: `REDIS_URL`, else `redis://localhost:6379`. */
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
    /** What every session key starts with; default `"<app>:session:"`. */
    keyPrefix?: string | undefined;
    /** Connections that the app holds open; default 5. */
    poolSize?: number | undefined;
    /** How long the app waits for a free connection; default `"5s"`. */
    poolTimeout?: Duration | undefined;
    /**
     * Whether the app runs as several nodes that share this Redis and keep sessions in local caches
     * (the session shard's `ClusteredRedisStore`); default false. Redis Cluster is not meant.
     */
    cluster?: boolean | {
      /** The channel on which the nodes listen; default `"session:cluster:invalidate"`. */
      channel?: string | undefined;
      /** How long a node may serve a session from its cache; default `"30s"`, at least `"1s"`. */
      cacheTtl?: Duration | undefined;
    } | undefined;
  };

  /** The options of a database backend. All but the URL have a default. */
  export type DatabaseOptions = {
    /** The database; default: `DATABASE_URL`. */
    url?: string | undefined;
    /** The table, with a schema if need be: `"auth.sessions"`; default `"sessions"`. */
    table?: string | undefined;
    /** How often the app removes expired sessions; default `"5m"`. */
    cleanupInterval?: Duration | undefined;
    /** Connections that the app keeps open; default 5. */
    poolSize?: number | undefined;
    /** How long the app waits for a free connection; default `"5s"`. */
    poolTimeout?: Duration | undefined;
  };

  /** What a memory backend may be told; everything has a default. */
  export type MemoryOptions = {
    /** How often the app removes expired sessions; default `"5m"`. */
    cleanupInterval?: Duration | undefined;
  };

  /** What azu.config.ts says. */
  export type Config = Overrides & {
    /** A folder of templates to use in place of azu's own: `azu session:setup --eject` makes it. */
    templates?: string | undefined;
    /** What differs in an environment; `AZU_ENV` chooses it. */
    environments?: { [name: string]: Overrides } | undefined;
  };

  /** What a config that is a function is called with. */
  export interface ConfigEnvironment {
    /** `AZU_ENV`, or `"development"`. */
    readonly env: string;
  }

  /** A length of time in words: `"500ms"`, `"45s"`, `"15m"`, `"1h"`, `"30d"`, `"2w"`. */
  export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d" | "w"}`;

  /** What one environment changes. */
  export type Overrides = {
    /** The app's name; default: the name in shard.yml. */
    app?: string | undefined;
    /** Where and how sessions are kept. */
    session?: {
      /**
       * Which of the backends the app uses: `"redis"`, `"database"`, `"memory"` or a name of your
       * own.
       */
      backend?: string | undefined;
      /** How long a session lives without a visit; default `"24h"`, at least `"1s"`. */
      ttl?: Duration | undefined;
      /** Whether every visit begins the time anew; default true. */
      sliding?: boolean | undefined;
      /** The session cookie. */
      cookie?: CookieOptions | undefined;
      /** What is known of each backend, and backends of your own. */
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
  };

  /** The session cookie. */
  export type CookieOptions = {
    /** The cookie's name; default `"<app>_session"`. */
    name?: string | undefined;
    /** Sent over HTTPS only; default true. */
    secure?: boolean | undefined;
    /** Hidden from scripts; default true. */
    httpOnly?: boolean | undefined;
    /** Whether other sites' requests carry it; default `"strict"`. */
    sameSite?: "strict" | "lax" | "none" | undefined;
    /** The domain, its subdomains included; default: the host that set it, alone. */
    domain?: string | undefined;
    /** The path below which it is sent; default `"/"`. */
    path?: string | undefined;
  };

  /** How a config brings a backend of its own: `session.backends.<name>` may be such a function. */
  export type BackendFactory = (context: BackendContext) => Backend;

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

  /** A database engine. */
  type Engine = "postgres" | "mysql" | "sqlite";

  /** What is read from the app's source, where it can be read. */
  interface Stated {
    readonly keyPrefix?: string;
    readonly table?: string;
    /** Whether the app's nodes keep caches. */
    readonly clustered?: boolean;
    /** The channel on which they listen. */
    readonly channel?: string;
  }

  /** What a backend can do, as data: code asks these, never the backend's name. */
  export interface Capabilities {
    /**
     * Whether sessions can be removed from outside the app; if not, why, and what to do instead.
     */
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
  interface SetupSpec {
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

  /** Nodes of the app that share one Redis and keep sessions in caches of their own. */
  interface NodeCache {
    /** The channel on which they tell each other what to drop. */
    readonly channel: string;
    /** Milliseconds that a cache serves a session without asking Redis. */
    readonly cacheTtl: number;
  }

  /** How a store is opened. */
  export interface ConnectOptions {
    /** Default `"operate"`. */
    readonly purpose?: Purpose;
    /** Milliseconds that connecting to one server may take; default 5000. */
    readonly timeout?: number;
  }

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
     * of it ({@link dropCaches}), and nothing else. What it counts, in its progress too, is the
     * whole:
     * what was removed twice is counted once. Without it, `clear` is called again, and the larger
     * of
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

  /** What a store template is filled with. */
  interface StoreValues {
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

  /** How the table is made, and unmade. */
  interface Migration {
    /** SQL statements, each as its lines. */
    readonly up: readonly (readonly string[])[];
    readonly down: readonly (readonly string[])[];
  }

  /** Why a store is opened: `create` may bring a database file into being. */
  type Purpose = "operate" | "create";

  /** How what only looks is watched and slowed down. */
  interface LookOptions {
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
     * Empties the table at once instead of in batches: quicker, but whoever uses it waits
     * meanwhile.
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

  /** What the operator allows; durations in milliseconds. */
  interface Budget {
    /** Sessions, or keys looked at, in one batch at the most. */
    readonly batch?: number;
    /** Rest after each batch. */
    readonly pause?: number;
    /** How long the store may keep a batch waiting; above that, the work slows down. */
    readonly maxLatency?: number;
  }

  export {};
}
