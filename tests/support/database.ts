/** A PostgreSQL database of a test's own, on the shared server. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
// @ts-types="@types/pg"
import pg from "pg";
import { service } from "./env.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Runs one statement and gives its rows. */
  query(sql: string): Promise<Record<string, unknown>[]>;
}

export async function freshPostgres(): Promise<TestDatabase> {
  const name = `azu_${crypto.randomUUID().replaceAll("-", "")}`;
  const server = service("postgres");
  await once(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
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

async function once(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Runs statements on a SQLite file in a folder, which is made where it is missing. */
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
    return Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count);
  } finally {
    database.close();
  }
}
