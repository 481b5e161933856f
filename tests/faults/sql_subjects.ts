/** Databases with sessions and other tables, for faults of the connection. */
import { bindBackend } from "../../src/backends/registry.ts";
import { createStatements, type Engine } from "../../src/backends/sql/ddl.ts";
import { context } from "../backends/subject.ts";
import { freshMariadb, freshPostgres, type TestDatabase } from "../support/servers/database.ts";
import type { Subject } from "./sweep.ts";

const SESSIONS = 500;

const CONTEXT = { ...context, app: "shop" };

/** The differences between the engines. */
interface Dialect {
  readonly engine: Engine & ("postgres" | "mysql");
  readonly fresh: () => Promise<TestDatabase>;
  /** The statement that empties a table. */
  readonly empty: "TRUNCATE" | "DELETE FROM";
  /** A table of the numbers from 1 to {@linkcode SESSIONS}, as `i`. */
  readonly series: string;
  /** A query for one value that depends on all rows. */
  fingerprint(table: string): string;
  /** A query that counts the other connections to the database. */
  readonly others: string;
  /** The URL's parameter for encryption, and its value. */
  readonly encryption: readonly [name: string, value: string];
}

export const postgres: Dialect = {
  engine: "postgres",
  fresh: freshPostgres,
  empty: "TRUNCATE",
  series: `generate_series(1, ${SESSIONS}) AS n(i)`,
  fingerprint: (table) => `SELECT md5(string_agg(t::text, ';' ORDER BY id)) AS sum FROM ${table} t`,
  others: "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() " +
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
  encryption: ["sslmode", "disable"],
};

export const mysql: Dialect = {
  engine: "mysql",
  fresh: mariadbForOne,
  empty: "DELETE FROM",
  series: `(SELECT seq AS i FROM seq_1_to_${SESSIONS}) n`,
  fingerprint: (table) =>
    `SELECT MD5(GROUP_CONCAT(CONCAT_WS(',', id, session_id, HEX(data), updated_at) ORDER BY id)) ` +
    `AS sum FROM ${table}`,
  others: "SELECT count(*) AS n FROM information_schema.PROCESSLIST WHERE DB = DATABASE() " +
    "AND ID <> CONNECTION_ID()",
  encryption: ["ssl-mode", "disabled"],
};

/** Creates a database with a user who may not stop the server: a garbled request could ask for that. */
async function mariadbForOne(): Promise<TestDatabase> {
  const database = await freshMariadb();
  const url = new URL(database.url);
  const name = url.pathname.slice(1);
  url.username = name;
  url.password = "pw";
  await database.query(`GRANT ALL ON ${name}.* TO ${name} IDENTIFIED BY 'pw'`);
  return {
    url: url.href,
    query: database.query,
    async [Symbol.asyncDispose]() {
      await database.query(`DROP USER ${name}`);
      await database[Symbol.asyncDispose]();
    },
  };
}

const NEIGHBOURS = ["session", "sessions_old", "sessionr", "ressions", "users"];

/** The same dialect with TLS. */
export function encrypted<T extends Dialect>(dialect: T): T {
  const { encryption: [name], engine } = dialect;
  return { ...dialect, encryption: [name, engine === "mysql" ? "required" : "require"] };
}

/**
 * A fresh database.
 * @param selection Which sessions to remove; others are then beside them.
 */
export async function sqlSubject(
  dialect: Dialect,
  selection: Subject["selection"] = [],
): Promise<Subject> {
  const { empty } = dialect;
  const isSelective = selection.length > 0;
  const database = await dialect.fresh();
  for (const table of ["sessions", ...NEIGHBOURS]) {
    for (const lines of createStatements(dialect.engine, { name: table })) {
      await database.query(lines.join("\n"));
    }
    await database.query(filling(table, dialect));
  }
  const through = (port: number) => byWayOf(port, database.url, dialect);
  const backend = (port: number) => bindBackend("database", { url: through(port) }, CONTEXT);
  const port = Number(new URL(database.url).port);
  return {
    name: "database",
    url: database.url,
    port,
    backend,
    through,
    selection,
    protocol: /^require/.test(dialect.encryption[1]) ? "tls" : dialect.engine,
    own: backend(port),
    batch: 100,
    async fill() {
      await database.query(`${empty} sessions`);
      const meant = isSelective ? { data: '{"user_id":42}', expires: "2019-12-31" } : {};
      await database.query(filling("sessions", dialect, meant));
      if (isSelective) {
        const kept = { data: '{"user_id":1}', expires: "2100-01-01", prefix: "kept" };
        await database.query(filling("sessions", dialect, kept));
      }
      return SESSIONS;
    },
    async sessions() {
      const sql = "SELECT count(*) AS n FROM sessions WHERE session_id LIKE 's%'";
      return Number((await database.query(sql))[0]?.["n"]);
    },
    neighbours: () =>
      Promise.all([
        ...NEIGHBOURS.map((table) => database.query(dialect.fingerprint(table))),
        database.query("SELECT count(*) AS n FROM sessions WHERE session_id LIKE 'kept%'"),
      ]),
    others: async () => Number((await database.query(dialect.others))[0]?.["n"]),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

function byWayOf(port: number, url: string, { encryption }: Dialect): string {
  const way = new URL(url);
  way.port = `${port}`;
  way.searchParams.set(...encryption);
  return way.href;
}

function filling(
  table: string,
  { series }: Dialect,
  { data = "0123456789".repeat(4), expires = "2026-11-28", prefix = "s" } = {},
): string {
  return `INSERT INTO ${table} (session_id, data, created_at, updated_at, expires_at) ` +
    `SELECT CONCAT('${prefix}', i), '${data}', now(), now(), '${expires}' FROM ${series}`;
}
