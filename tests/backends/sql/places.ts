/** Tables for the conformance suite: the one of setup, and others. */
import { DatabaseSync } from "node:sqlite";
import { bindBackend } from "../../../src/backends/registry.ts";
import {
  createStatements,
  type Engine,
  quoteTable,
  type TableName,
} from "../../../src/backends/sql/ddl.ts";
import { freshMariadb, freshPostgres, type TestDatabase } from "../../support/servers/database.ts";
import { tempDir } from "../../support/temp.ts";
import { app } from "./app.ts";
import type { ForeignTable } from "./foreign_tables.ts";
import { context, type Fixture, type Place } from "../subject.ts";

/** A name with SQL in it: it must be quoted. */
const NAME: TableName = { name: "my \"ses'sions`; --" };

/** Makes the statements that create another table than the default one of setup. */
export type Shape = (table: string) => string | readonly string[];

/** A fresh database on the server that all tests share. */
export async function database(
  engine: Engine,
  shape?: Shape | ForeignTable,
): Promise<Place<TableName>> {
  const opened = await CONNECT[engine]();
  return {
    fixture: (table = NAME) => fixture(engine, opened, table, shape),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

export interface Opened extends TestDatabase {
  /** The folder that the URL is relative to. */
  readonly root?: string;
}

async function fixture(
  engine: Engine,
  { url, root = "/", query }: Opened,
  table: TableName,
  shape?: Shape | ForeignTable,
): Promise<Fixture> {
  await using making = new AsyncDisposableStack();
  const last = (sql: string) => making.defer(async () => void await query(sql));
  const quoted = quoteTable(engine, table);
  const schema = engine === "sqlite" ? undefined : table.schema;
  if (schema !== undefined) {
    await query(`CREATE SCHEMA ${quoteTable(engine, { name: schema })}`);
    last(`DROP SCHEMA ${quoteTable(engine, { name: schema })}`);
  }
  const foreign = typeof shape === "object" ? shape : undefined;
  const own = typeof shape === "function" ? [shape(quoted)].flat() : undefined;
  const statements = foreign?.create(quoted) ?? own ??
    createStatements(engine, table).map((lines) => lines.join("\n"));
  for (const statement of statements) await query(statement);
  last(`DROP TABLE ${quoted}`);
  const others = neighbours(engine, table).map((other) => quoteTable(engine, other));
  for (const other of others) {
    await query(`CREATE TABLE ${other} (id int)`);
    last(`DROP TABLE ${other}`);
    await query(`INSERT INTO ${other} VALUES (1), (2)`);
  }
  const made = making.move();
  const created = statements.join("; ");
  const isUnique = /UNIQUE|PRIMARY KEY \(session_id\)|session_id text PRIMARY KEY/.test(created);
  const options = {
    url,
    table: quoteTable("postgres", table),
    ...(foreign === undefined ? {} : { layout: foreign.layout }),
  };
  return {
    backend: bindBackend("database", options, { ...context, root }),
    ...(foreign?.app(query, quoted) ?? app(engine, query, quoted, own?.join("\n"))),
    packsPayloads: foreign !== undefined,
    takesCopies: foreign === undefined && isUnique && !created.includes("MyISAM"),
    async look() {
      const [row] = await query(`SELECT count(*) AS n FROM ${quoted}`);
      const rows = [];
      for (const other of others) rows.push(await query(`SELECT * FROM ${other} ORDER BY id`));
      return { sessions: Number(row?.["n"]), neighbours: rows };
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}

/** Tables with nearly the same name, if the engine allows it. */
function neighbours(engine: Engine, { schema, name }: TableName): TableName[] {
  const shorter = [...name].slice(0, -1).join("").trimEnd();
  const inCase = [name.toUpperCase(), name.toLowerCase()];
  const others = ["other", shorter, ...(engine === "sqlite" ? [] : inCase)];
  const fits = (other: string) => other !== name && other !== "" && other.length <= 64;
  const near = [...new Set(others)].filter(fits).map((other) => ({
    ...(schema === undefined ? {} : { schema }),
    name: other,
  }));
  // And one of the same name in the default schema.
  return schema === undefined || engine === "sqlite" ? near : [...near, { name }];
}

async function freshSqlite(): Promise<Opened> {
  const folder = await tempDir();
  const database = new DatabaseSync(`${folder.path}/a.db`);
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF");
  return {
    url: "sqlite3://./a.db",
    root: folder.path,
    query: (sql) => Promise.resolve(database.prepare(sql).all()),
    async [Symbol.asyncDispose]() {
      database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export const CONNECT: Record<Engine, () => Promise<Opened>> = {
  postgres: freshPostgres,
  mysql: freshMariadb,
  sqlite: freshSqlite,
};
