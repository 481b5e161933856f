import * as v from "valibot";
import { UsageError } from "../../core/errors.ts";
import { redactUrl } from "../../core/redact.ts";
import { duration, options, text, url, whole } from "../../core/schema.ts";
import { printable } from "../../core/text.ts";
import {
  type Backend,
  type BackendContext,
  CONNECT_TIMEOUT,
  type SetupSpec,
  type Shard,
  type Store,
} from "../contract.ts";
import type { DatabaseTarget } from "./schema.ts";
import { mysqlUrlProblem } from "../mysql/url.ts";
import { postgresUrlProblem } from "../postgres/url.ts";
import {
  createStatements,
  dropStatement,
  type Engine,
  nameProblem,
  parseTable,
  quoteTable,
  type TableName,
} from "./schema.ts";
import { sqliteUrlProblem } from "../sqlite/url.ts";

export const DATABASE_URL_SHAPE =
  "postgres://<user>:<password>@<host>[:<port>]/<database>, mysql://<user>:<password>@<host>[:<port>]/<database> or sqlite3://./<file>";

export const databaseOptions = options({
  /** Where the database is; default: `DATABASE_URL`. */
  url: v.optional(url(databaseUrlProblem)),
  /** The table, with its schema where it is in one: `"auth.sessions"`; default `"sessions"`. */
  table: v.optional(
    text('a table name such as "sessions" or "auth.sessions"', (name) => {
      return parseTable(name) !== undefined;
    }),
  ),
  /** How often the app removes expired sessions; default `"5m"`. */
  cleanupInterval: v.optional(duration()),
  /** Connections that the app holds open; default 5. */
  poolSize: v.optional(whole(1, 1000)),
  /** How long the app waits for a free connection; default `"5s"`. */
  poolTimeout: v.optional(duration()),
});

/** What a database backend may be told; everything but the URL has a default. */
export type DatabaseOptions = v.InferInput<typeof databaseOptions>;

export const SHARD_OF_ENGINE = {
  postgres: { name: "pg", github: "will/crystal-pg" },
  mysql: { name: "mysql", github: "crystal-lang/crystal-mysql" },
  sqlite: { name: "sqlite3", github: "crystal-lang/crystal-sqlite3" },
} as const satisfies Record<Engine, Shard>;

const ENGINE_OF_SCHEME: ReadonlyMap<string, Engine> = new Map([
  ["postgres", "postgres"],
  ["postgresql", "postgres"],
  ["mysql", "mysql"],
  ["sqlite3", "sqlite"],
  ["sqlite", "sqlite"],
]);

/** Sessions as rows of a table; the URL's scheme tells the engine. */
export function bindDatabase(
  chosen: v.InferOutput<typeof databaseOptions>,
  context: BackendContext,
): Backend {
  const tableText = context.stated.table ?? chosen.table ?? "sessions";
  const table = parseTable(tableText) ?? { name: tableText };
  const url = chosen.url ?? urlFromEnvironment(context);
  const engine = engineOf(url) ?? context.driver ?? "postgres";
  const problem = nameProblem(engine, table);
  if (problem !== undefined) {
    throw new UsageError(`session.backends.database.table: ${printable(tableText)} has ${problem}`);
  }
  return {
    name: "database",
    capabilities: { clear: true, createTable: true, truncate: engine === "postgres" },
    describe: () => ({
      ...(url === undefined ? {} : { address: redactUrl(url) }),
      table: tableText,
    }),
    announce: () => ["Clearing database sessions..."],
    setup: setupSpec(engine, table, tableText, chosen),
    check() {
      if (url === undefined) throw missingUrl();
    },
    async connect(signal, { purpose = "operate", timeout = CONNECT_TIMEOUT } = {}) {
      if (url === undefined) throw missingUrl();
      const address = redactUrl(url);
      const target = { url, address, root: context.root, table, tableText, timeout };
      return await openStore(target, signal, purpose);
    },
  };
}

async function openStore(
  target: DatabaseTarget,
  signal: AbortSignal,
  purpose: "operate" | "create",
): Promise<Store> {
  switch (engineOf(target.url)) {
    case "postgres":
      return (await import("../postgres/store.ts")).openPostgresStore(target, signal);
    case "sqlite":
      return (await import("../sqlite/store.ts")).openSqliteStore(target, signal, purpose);
    case "mysql":
      return (await import("../mysql/store.ts")).openMysqlStore(target, signal);
    case undefined:
      throw missingUrl();
  }
}

function setupSpec(
  engine: Engine,
  table: TableName,
  tableText: string,
  chosen: v.InferOutput<typeof databaseOptions>,
): SetupSpec {
  return {
    template: "database",
    shards: [{ name: "cql", github: "azutoolkit/cql" }, SHARD_OF_ENGINE[engine]],
    requires: ["db", SHARD_OF_ENGINE[engine].name],
    variables: [{ name: "DATABASE_URL", shape: DATABASE_URL_SHAPE }],
    values: {
      table: tableText,
      quotedTable: quoteTable(engine, table),
      engine,
      poolSize: chosen.poolSize ?? 5,
      poolTimeout: chosen.poolTimeout ?? 5000,
      cleanupInterval: chosen.cleanupInterval ?? 300_000,
    },
    migration: {
      up: createStatements(engine, table),
      down: [dropStatement(engine, table)],
    },
  };
}

function urlFromEnvironment(context: BackendContext): string | undefined {
  const url = context.env("DATABASE_URL");
  const problem = url === undefined ? undefined : databaseUrlProblem(url);
  if (problem !== undefined) throw new UsageError(`DATABASE_URL: ${problem}`);
  return url;
}

function missingUrl(): UsageError {
  return new UsageError("No database to connect to: DATABASE_URL is not set", {
    hint: `Set DATABASE_URL, or session.backends.database.url, to ${DATABASE_URL_SHAPE}`,
  });
}

function engineOf(url: string | undefined): Engine | undefined {
  return ENGINE_OF_SCHEME.get(url?.split(":", 1)[0]?.toLowerCase() ?? "");
}

/** What keeps a text from being a database URL, without repeating its credentials. */
export function databaseUrlProblem(candidate: string): string | undefined {
  switch (engineOf(candidate)) {
    case "postgres":
      return postgresUrlProblem(candidate);
    case "sqlite":
      return sqliteUrlProblem(candidate);
    case "mysql":
      return mysqlUrlProblem(candidate);
    case undefined:
      return `expected ${DATABASE_URL_SHAPE}, got ${printable(redactUrl(candidate))}`;
  }
}
