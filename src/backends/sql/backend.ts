import * as v from "valibot";
import { UsageError } from "../../core/errors.ts";
import { beginningOf, problemIn } from "../../core/connection_url.ts";
import { replaceVariables, withValues } from "../../core/from_env.ts";
import { duration, oneOf, options, textWithVariables, url, whole } from "../../core/schema.ts";
import { secretsIn } from "../../core/secrets.ts";
import { printable } from "../../core/text.ts";
import type { Recorded } from "../../core/recorded.ts";
import {
  type Backend,
  type BackendContext,
  CONNECT_TIMEOUT,
  type Migration,
  type Purpose,
  type Records,
  type SetupSpec,
  type Shard,
  type Store,
} from "../contract.ts";
import { type UrlSource, urlSource } from "../url_source.ts";
import { MYSQL_SHAPE, parseMysqlUrl } from "../mysql/url.ts";
import { parsePostgresUrl, POSTGRES_SHAPE } from "../postgres/url.ts";
import { addColumnStatements, dropColumnStatements } from "./alter.ts";
import {
  createStatements,
  dropStatement,
  type Engine,
  nameProblem,
  parseTable,
  type RecordedColumn,
  recordedColumns,
  type TableName,
} from "./ddl.ts";
import { databaseLayout, type DatabaseLayoutOptions } from "./layout_options.ts";
import { parseSqliteUrl } from "../sqlite/url.ts";

const USUAL_VARIABLE = "DATABASE_URL";

const SHAPES = {
  postgres: POSTGRES_SHAPE,
  mysql: MYSQL_SHAPE,
  sqlite: "sqlite3://./<file>",
} as const satisfies Record<Engine, string>;
const DATABASE_URL_SHAPE = `${SHAPES.postgres}, ${SHAPES.mysql} or ${SHAPES.sqlite}`;

/** What is needed to open a database, and the redacted address for messages. */
export interface DatabaseTarget {
  /** As configured, with credentials: never for messages. */
  readonly url: string;
  readonly engine: Engine;
  readonly address: string;
  /** Empty if the URL has none. */
  readonly password: string;
  /** The folder that the relative path of a SQLite file starts from. */
  readonly root: string;
  readonly table: TableName;
  /** The table as configured, for messages. */
  readonly tableText: string;
  /** Milliseconds to connect. */
  readonly timeout: number;
  /** The secrets that open sealed payloads, the current one first. */
  readonly secrets: readonly string[];
  /** What the table contains; undefined for a table that setup has created. */
  readonly layout?: DatabaseLayoutOptions;
  /** The columns that the app writes besides those that every table needs. */
  readonly recorded: readonly RecordedColumn[];
}

export const databaseOptions = options({
  /**
   * The database; default: `DATABASE_URL`. With `fromEnv("OTHER_DATABASE_URL")`, azu and the app
   * take it from another variable.
   */
  url: v.optional(url(databaseUrlProblem)),
  /**
   * The table, with a schema if need be: `"auth.sessions"`; default `"sessions"`. It may contain
   * variables: `fromEnv("APP_NAME", "shop") + "_sessions"`.
   */
  table: v.optional(
    textWithVariables('a table name such as "sessions" or "auth.sessions"', (name) => {
      return parseTable(name) !== undefined;
    }),
  ),
  /**
   * What the table contains, if other software has created it. It replaces what azu knows of the
   * table that setup writes; what it does not name is not known.
   */
  layout: v.optional(databaseLayout),
  /**
   * The kind of database, for what setup writes; default: that of the URL, or of the driver in
   * `shard.yml`. azu refuses a URL of another kind.
   */
  engine: v.optional(oneOf(["postgres", "mysql", "sqlite"])),
  /** How often the app removes expired sessions; default `"5m"`. */
  cleanupInterval: v.optional(duration()),
  /** Connections that the app keeps open; default 5. */
  poolSize: v.optional(whole(1, 1000)),
  /** How long the app waits for a free connection; default `"5s"`. */
  poolTimeout: v.optional(duration()),
});

/** The options of a database backend. All but the URL have a default. */
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

/** Sessions as rows of a table. The URL's scheme decides the engine. */
export function bindDatabase(
  chosen: v.InferOutput<typeof databaseOptions>,
  context: BackendContext,
): Backend {
  const named = context.stated.table ?? chosen.table ?? "sessions";
  const expected = context.stated.engine ?? chosen.engine;
  const source = urlSource(chosen.url, USUAL_VARIABLE, context);
  const { url, from: addressFrom } = source;
  checkUrl(source);
  const engine = engineOfUrl(url) ?? context.driver ?? "postgres";
  const place = url === undefined ? undefined : { url, engine, ...placeOf(engine, url) };
  const tableText = () =>
    withValues(named, "the table's name", (name) => partOfName(name, context.env(name)));
  const check = () => {
    if (place === undefined) throw missingUrl(source.variable);
    if (expected !== undefined && expected !== engine) {
      throw otherEngine(expected, place.address, addressFrom);
    }
    return place;
  };
  const targetOf = (tableText: string, timeout: number): DatabaseTarget => ({
    ...check(),
    root: context.root,
    table: checkedTable(engine, tableText),
    tableText,
    timeout,
    secrets: secretsIn(context.env),
    recorded: recordedColumns(engine, context.recorded),
  });
  // Not the table's value: a variable may be set only where the app runs.
  checkedTable(
    expected ?? engine,
    replaceVariables(named, ({ name, fallback }) => {
      partOfName(name, fallback);
      return "x";
    }),
  );
  return {
    name: "database",
    capabilities: {
      clear: true,
      createTable: chosen.layout === undefined,
      truncate: engine === "postgres",
    },
    describe: () => {
      const table = tableText();
      return place === undefined ? { table } : { address: place.address, addressFrom, table };
    },
    announce: () => ["Clearing database sessions..."],
    // The app's store cannot use a table of another layout.
    ...(chosen.layout === undefined
      ? { setup: setupSpec(expected ?? engine, named, chosen, source.variable, context.recorded) }
      : {}),
    check: () => void check(),
    async reach(options) {
      if (place === undefined) return; // to connect fails with the reason
      switch (engine) {
        case "postgres": {
          const { reachPostgres } = await import("../postgres/reach.ts");
          return await reachPostgres(parsePostgresUrl(place.url), options);
        }
        case "mysql": {
          const { reachMysql } = await import("../mysql/reach.ts");
          return await reachMysql(parseMysqlUrl(place.url), options);
        }
        case "sqlite": // a file has no addresses
      }
    },
    async connect(signal, { purpose = "operate", timeout = CONNECT_TIMEOUT } = {}) {
      const target = {
        ...targetOf(tableText(), timeout),
        ...(chosen.layout === undefined ? {} : { layout: chosen.layout }),
      };
      return await openStore(target, signal, purpose);
    },
    async records(table, signal) {
      return await openRecordTable(targetOf(table, CONNECT_TIMEOUT), signal);
    },
  };
}

/**
 * The value of a variable in the table's name.
 * @throws {UsageError} for characters that would begin another part of the name.
 */
function partOfName(variable: string, value: string | undefined): string | undefined {
  if (value === undefined || !/[."`]/.test(value)) return value;
  throw new UsageError(`${variable}: a part of a table's name may not contain ., " or \``, {
    hint: 'A schema stands outside: "auth." + fromEnv("NAME")',
  });
}

/** @throws {UsageError} if no table can have the name. */
function checkedTable(engine: Engine, text: string): TableName {
  const table = parseTable(text);
  const problem = table === undefined ? "a form that no table has" : nameProblem(engine, table);
  if (table !== undefined && problem === undefined) return table;
  throw new UsageError(`session.backends.database.table: ${printable(text)} has ${problem}`);
}

const ENGINE_NAMES = { postgres: "PostgreSQL", mysql: "MySQL", sqlite: "SQLite" } as const;

function otherEngine(engine: Engine, address: string, addressFrom: string): UsageError {
  return new UsageError(
    `The sessions of this environment are in ${ENGINE_NAMES[engine]}, but the URL is ${address} ` +
      `(from ${addressFrom})`,
    { hint: "Check which environment is named, and which URL belongs to it" },
  );
}

async function openStore(
  target: DatabaseTarget,
  signal: AbortSignal,
  purpose: Purpose,
): Promise<Store> {
  const { openSqlStore } = await import("./store.ts");
  switch (target.engine) {
    case "postgres": {
      const { postgres } = await import("../postgres/store.ts");
      return await openSqlStore(postgres, target, signal, purpose);
    }
    case "mysql": {
      const { mysql } = await import("../mysql/store.ts");
      return await openSqlStore(mysql, target, signal, purpose);
    }
    case "sqlite": {
      const { sqlite } = await import("../sqlite/store.ts");
      return await openSqlStore(sqlite, target, signal, purpose);
    }
  }
}

async function openRecordTable(target: DatabaseTarget, signal: AbortSignal): Promise<Records> {
  const { openRecords } = await import("./records.ts");
  switch (target.engine) {
    case "postgres": {
      const { postgres } = await import("../postgres/store.ts");
      return await openRecords(postgres, target, signal);
    }
    case "mysql": {
      const { mysql } = await import("../mysql/store.ts");
      return await openRecords(mysql, target, signal);
    }
    case "sqlite": {
      const { sqlite } = await import("../sqlite/store.ts");
      return await openRecords(sqlite, target, signal);
    }
  }
}

/** What messages may say about the place that a URL names, and what they may not. */
function placeOf(engine: Engine, url: string): Pick<DatabaseTarget, "address" | "password"> {
  switch (engine) {
    case "postgres":
      return parsePostgresUrl(url);
    case "mysql":
      return parseMysqlUrl(url);
    case "sqlite":
      return { address: printable(url), password: "" };
  }
}

/** @param named The table as configured, maybe with variables. */
function setupSpec(
  engine: Engine,
  named: string,
  chosen: v.InferOutput<typeof databaseOptions>,
  variable: string,
  recorded: Recorded,
): SetupSpec {
  const table = parseTable(named) ?? { name: named };
  return {
    template: "database",
    shards: [{ name: "cql", github: "azutoolkit/cql" }, SHARD_OF_ENGINE[engine]],
    requires: ["db", SHARD_OF_ENGINE[engine].name],
    variables: [{ name: variable, shape: SHAPES[engine] }],
    values: {
      table: named,
      engine,
      poolSize: chosen.poolSize ?? 5,
      poolTimeout: chosen.poolTimeout ?? 5000,
      cleanupInterval: chosen.cleanupInterval ?? 300_000,
      ...(variable === USUAL_VARIABLE ? {} : { urlVariable: variable }),
    },
    migration: migrationOf(engine, table, recorded),
  };
}

export function migrationOf(
  engine: Engine,
  table: TableName,
  recorded: Recorded,
): Migration {
  const columns = recordedColumns(engine, recorded);
  const lines = (statements: readonly string[]) => statements.map((statement) => [statement]);
  return {
    up: createStatements(engine, table, columns),
    down: [dropStatement(engine, table)],
    columns: columns.map((column) => ({
      name: column.name,
      up: lines(addColumnStatements(engine, table, column)),
      down: lines(dropColumnStatements(engine, table, column)),
      failsIfPresent: engine !== "postgres",
    })),
    earlier: subsets(recordedColumns(engine, { ...recorded, ip: true, userAgent: true }))
      .map((present) => {
        const names = present.map(({ name }) => name);
        return {
          up: createStatements(engine, table, present),
          without: columns.map(({ name }) => name).filter((name) => !names.includes(name)),
        };
      }),
  };
}

function subsets<T>(values: readonly T[]): T[][] {
  const [first, ...others] = values;
  if (first === undefined) return [[]];
  return subsets(others).flatMap((subset) => [subset, [first, ...subset]]);
}

/** @throws {UsageError} if a variable contains no usable URL; the config has been checked. */
function checkUrl({ url, from, variable }: UrlSource): void {
  if (url === undefined || from === "the config") return;
  const problem = databaseUrlProblem(url);
  if (problem !== undefined) throw new UsageError(`${variable}: ${problem}`);
}

function missingUrl(variable: string): UsageError {
  const places = variable === USUAL_VARIABLE
    ? "DATABASE_URL, or session.backends.database.url,"
    : variable;
  return new UsageError(`No database to connect to: ${variable} is not set`, {
    hint: `Set ${places} to ${DATABASE_URL_SHAPE}`,
  });
}

function engineOfUrl(url: string | undefined): Engine | undefined {
  return ENGINE_OF_SCHEME.get(url?.split(":", 1)[0]?.toLowerCase() ?? "");
}

/** Why a text is not a usable database URL; undefined if it is. Repeats no part of it. */
export function databaseUrlProblem(candidate: string): string | undefined {
  switch (engineOfUrl(candidate)) {
    case "postgres":
      return problemIn(parsePostgresUrl, candidate);
    case "sqlite":
      return problemIn(parseSqliteUrl, candidate);
    case "mysql":
      return problemIn(parseMysqlUrl, candidate);
    case undefined:
      return `expected ${DATABASE_URL_SHAPE}, got ${beginningOf(candidate)}`;
  }
}
