/** Databases for one test, on the shared servers. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
// @ts-types="@types/pg"
import pg from "pg";
import { createConnection } from "mysql2/promise";
import { endMysql } from "../../../src/backends/mysql/connection.ts";
import { isRecord } from "../../../src/core/record.ts";
import { service } from "../env.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Runs one statement and returns its rows. */
  query(sql: string): Promise<Record<string, unknown>[]>;
}

/** Creates a PostgreSQL database, by default on the shared server. */
export async function freshPostgres(server = service("postgres")): Promise<TestDatabase> {
  const name = `azu_${crypto.randomUUID().replaceAll("-", "")}`;
  await once(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  client.on("error", () => {}); // where a test ends it
  await client.connect();
  return {
    url: url.href,
    query: async (sql) => (await client.query(sql)).rows,
    async [Symbol.asyncDispose]() {
      await client.end();
      await once(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** Creates a MariaDB database, by default on the shared server. */
export async function freshMariadb(server = service("mariadb")): Promise<TestDatabase> {
  const name = `azu_${crypto.randomUUID().replaceAll("-", "")}`;
  const url = new URL(server);
  const client = await createConnection({ uri: url.href, multipleStatements: true });
  await client.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4; USE ${name}`);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async query(sql) {
      const rows: unknown = (await client.query(sql.replace(SEQUENCE, everywhere)))[0];
      return Array.isArray(rows) ? rows.filter(isRecord) : [];
    },
    async [Symbol.asyncDispose]() {
      await client.query(`DROP DATABASE ${name}`);
      await endMysql(client);
    },
  };
}

/** MariaDB's tables of whole numbers. They are replaced, so that the tests also run on MySQL. */
const SEQUENCE = /\bseq_1_to_(\d+)\b/g;

function everywhere(name: string, last: string): string {
  const list = `CONCAT('[', REPEAT('0,', ${last} - 1), '0]')`;
  return `JSON_TABLE(${list}, '$[*]' COLUMNS (seq FOR ORDINALITY)) AS ${name}`;
}

/** A URL with other parts. */
export function changedUrl(
  url: string,
  parts: Partial<Pick<URL, "username" | "password" | "hostname" | "port" | "pathname" | "search">>,
): string {
  return Object.assign(new URL(url), parts).href;
}

async function once(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Runs statements on a SQLite file in a folder. Creates the file if it is missing. */
export function sqlite(folder: string, file: string, ...statements: string[]): void {
  const database = new DatabaseSync(join(folder, file));
  try {
    for (const statement of statements) database.exec(statement);
  } finally {
    database.close();
  }
}

/** The number of rows of a table of a SQLite file. */
export function sqliteCount(folder: string, file: string, table: string): number {
  const database = new DatabaseSync(join(folder, file));
  try {
    database.exec("PRAGMA busy_timeout = 5000");
    return Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count);
  } finally {
    database.close();
  }
}
