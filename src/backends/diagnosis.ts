/** What a store says of itself for `session:doctor`. */

/**
 * The checks that a store makes, by their ids, with what each stands for. `fix` is what helps in
 * general; a finding may say it more precisely.
 */
export const storeChecks = {
  "reach.resolve": {
    title: "The server's name leads to addresses",
    fix: "Correct the name in the URL, or its DNS record",
  },
  "reach.addresses": {
    title: "Something listens on every address",
    fix: "Let the server listen on all of them, or name one address in the URL",
  },
  "reach.tls": {
    title: "The connection is encrypted, and the certificate is valid for 30 days at least",
    fix: "Renew the certificate; or encrypt the connection: rediss://, or ?sslmode=verify-full",
  },
  "reach.login": {
    title: "The server accepts the login",
    fix: "Correct the user and the password in the URL",
  },
  "reach.latency": {
    title: "The server answers within 50 ms",
    fix: "Run azu, and the app, closer to the server; look at the server's load",
  },
  "reach.clock": {
    title: "The clocks of this machine and the server agree within 2 seconds",
    fix: "Synchronize both clocks, for example with chrony",
  },
  "rights.list": {
    title: "The user may read sessions (session:list, session:status)",
    fix: "Grant the right that is missing",
  },
  "rights.revoke": {
    title: "The user may remove sessions (session:revoke)",
    fix: "Grant the right that is missing",
  },
  "rights.clear": {
    title: "The user may clear the store (session:clear)",
    fix: "Grant the right that is missing",
  },
  "rights.sweep": {
    title: "The user may sweep the store (session:sweep)",
    fix: "Grant the right that is missing",
  },
  "redis.policy": {
    title: "Redis does not evict sessions",
    fix: "CONFIG SET maxmemory-policy noeviction",
  },
  "redis.memory": {
    title: "Redis has memory left",
    fix: "Raise maxmemory, or sweep sessions that never expire",
  },
  "redis.persistence": {
    title: "Sessions survive a restart of Redis",
    fix: "CONFIG SET appendonly yes",
  },
  "redis.replicas": {
    title: "Every replica follows its master closely",
    fix: "Look at the network and the load of the replica",
  },
  "redis.endless": {
    title: "Every session expires",
    fix: "azu session:sweep --fix-ttl",
  },
  "redis.ttl": {
    title: "No session lives longer than session.ttl",
    fix: "Correct session.ttl, or config.timeout in the initializer, and deploy",
  },
  "redis.prefixes": {
    title: "The key prefix does not contain that of another environment, nor itself twice",
    fix: "Change session.backends.redis.keyPrefix of one of them",
  },
  "redis.look-alikes": {
    title: "No keys under another prefix look like sessions",
    fix: "Correct the key prefix, or clear those keys with --backend and their prefix",
  },
  "redis.stray": {
    title: "Every key under the prefix looks like a session",
    fix: "Move other data to another prefix",
  },
  "table.shape": {
    title: "The table exists, and has the columns of a session",
    fix: "azu session:setup --apply",
  },
  "table.expiry-index": {
    title: "There is an index on expires_at",
    fix: "azu session:doctor --fix",
  },
  "table.columns": {
    title: "The table has the columns for what sessions record",
    fix: "azu session:setup --apply",
  },
  "table.time-zone": {
    title: "Times are stored without doubt about their time zone",
    fix: "Store UTC: TIMESTAMP WITH TIME ZONE in PostgreSQL, DATETIME in UTC in MySQL",
  },
  "table.backlog": {
    title: "Few expired sessions wait to be removed",
    fix: "azu session:sweep, and regularly: azu session:sweep --schedule cron",
  },
  "table.dead-rows": {
    title: "Few dead rows, and the table is vacuumed",
    fix: "VACUUM the table, and let autovacuum run on it",
  },
  "table.triggers": {
    title: "No trigger or rule acts when sessions are removed",
    fix: "Look at what the trigger does",
  },
  "table.references": {
    title: "No other table refers to the sessions",
    fix: "Drop the foreign key, or expect removals to fail or to cascade",
  },
  "table.replica-identity": {
    title: "Published rows can be removed",
    fix: "ALTER TABLE … REPLICA IDENTITY DEFAULT, with a primary key",
  },
} as const satisfies Readonly<Record<string, CheckText>>;

export interface CheckText {
  /** What is so if the check is ok: a sentence without a full stop. */
  readonly title: string;
  /** What helps in general: a command, a line of config, or a sentence. */
  readonly fix: string;
}

export type StoreCheckId = keyof typeof storeChecks;

/** `skipped`: it could not be told, for the reason in the evidence. */
export type CheckStatus = "ok" | "warning" | "failure" | "skipped";

/** The result of a check. No ids, payloads or credentials. */
export interface StoreFinding {
  readonly id: StoreCheckId;
  readonly status: CheckStatus;
  /** What was seen: a phrase with its numbers. */
  readonly evidence: string;
  /** A command, a statement or a line of config, if it is more precise than the general one. */
  readonly fix?: string;
}

/** What a store needs to judge its sessions. */
export interface DiagnosisOptions {
  readonly signal: AbortSignal;
  /** Whether sessions record these, so that the table has their columns. Milliseconds. */
  readonly ttl: number;
  /** The key prefixes of other environments on any server, by environment. */
  readonly otherPrefixes: ReadonlyMap<string, string>;
  now(): Date;
  /** Receives each finding as soon as it is known. */
  onFinding(finding: StoreFinding): void;
}
