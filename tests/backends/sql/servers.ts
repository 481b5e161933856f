/** Database servers for one test, which may crash them. */
// @ts-types="@types/pg"
import pg from "pg";
import { createConnection } from "mysql2/promise";
import { endMysql } from "../../../src/backends/mysql/connection.ts";
import { createStatements, type Engine } from "../../../src/backends/sql/ddl.ts";
import { isRecord } from "../../../src/core/record.ts";
import { startMariadb } from "../../support/servers/mariadb.ts";
import { pollUntil } from "../../support/poll.ts";
import { startPostgres } from "../../support/servers/postgres.ts";

/** Sessions that {@linkcode fill} creates. */
export const ROWS = 4000;

type Rows = readonly Readonly<Record<string, unknown>>[];

/** A server for one test, and queries that each use a new connection. */
export interface Server extends AsyncDisposable {
  readonly engine: Engine;
  readonly url: string;
  /** As a superuser. */
  query(sql: string): Promise<Rows>;
  /** The server comes up again by itself. */
  crash(): Promise<void>;
  readonly series: string;
  /** Ends every other connection, in one statement. */
  readonly killOthers: string;
}

export async function postgres(): Promise<Server> {
  // So that a committed transaction survives a crash.
  const server = await startPostgres({ args: ["-c", "synchronous_commit=on"] });
  const query = async (sql: string): Promise<Rows> => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    return await client.query(sql).then(({ rows }) => rows).finally(() => client.end());
  };
  return {
    engine: "postgres",
    url: server.url,
    query,
    series: `SELECT 's' || i, '', now(), now(), now() FROM generate_series(1, ${ROWS}) AS i`,
    killOthers: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity " +
      "WHERE application_name = 'azu'",
    async crash() {
      const [found] = await query(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'azu'",
      );
      Deno.kill(Number(found?.["pid"]), "SIGKILL"); // then the server restarts all of them
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export async function mysql(): Promise<Server> {
  const server = await startMariadb({ args: ["--innodb-flush-log-at-trx-commit=2"] });
  const url = new URL(server.url);
  const query = async (sql: string): Promise<Rows> => {
    const client = await createConnection({ uri: url.href });
    const [rows]: readonly unknown[] = await client.query(sql).finally(() => endMysql(client));
    return Array.isArray(rows) ? rows.filter(isRecord) : [];
  };
  await query("CREATE DATABASE app");
  url.pathname = "/app";
  return {
    engine: "mysql",
    url: url.href,
    query,
    crash: server.crash,
    series: `SELECT CONCAT('s', seq), '', now(), now(), now() FROM seq_1_to_${ROWS}`,
    killOthers: "BEGIN NOT ATOMIC FOR other IN (SELECT ID FROM information_schema.PROCESSLIST " +
      "WHERE DB = DATABASE() AND ID <> CONNECTION_ID()) DO KILL CONNECTION other.ID; END FOR; END",
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export async function fill({ engine, query, series }: Server): Promise<void> {
  for (const lines of createStatements(engine, { name: "sessions" })) await query(lines.join("\n"));
  const columns = "(session_id, data, created_at, updated_at, expires_at)";
  await query(`INSERT INTO sessions ${columns} ${series}`);
}

export async function left({ query }: Server): Promise<number> {
  const count = async () => Number((await query("SELECT count(*) AS n FROM sessions"))[0]?.["n"]);
  return await pollUntil("the server to answer", () => count().then(String, () => undefined))
    .then(Number);
}
