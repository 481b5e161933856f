/** For any name of a schema and table, exactly that table's rows are removed. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { bindBackend } from "../../../src/backends/registry.ts";
import { type Engine, quoteTable, type TableName } from "../../../src/backends/sql/ddl.ts";
import { needs } from "../../support/env.ts";
import { CONNECT, type Opened } from "./places.ts";
import { context, removed } from "../subject.ts";

const { signal } = new AbortController();

/** Any text, and often text that has a meaning in SQL or for a driver. */
const texts = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom(..."\"'`.;\\%?$:@[]- \n\tAaÄäİß"),
    minLength: 1,
    maxLength: 6,
  }),
  fc.constantFrom("select", "table", "Sessions", "sessions", "SESSIONS", "null", "a.b", '"a"'),
).filter((text) => text.isWellFormed() && !text.includes("\0"));

const bytes = (text: string) => new TextEncoder().encode(text).length;

/** The names that each engine allows, according to its manual. */
const TAKEN: Record<Engine, (name: string) => boolean> = {
  postgres: (name) => !/^pg_/i.test(name) && bytes(name) < 60, // it cuts names after 63 bytes
  mysql: (name) => !/[\u{10000}-\u{10ffff}]|\s$/u.test(name), // none beyond U+FFFF, no trailing space
  sqlite: (name) => !/^sqlite_/i.test(name),
};

/** Fills tables with three rows each, clears one of them, and counts all. */
async function onlyItsOwn(
  engine: Engine,
  { url, root = "/", query }: Opened,
  table: TableName,
): Promise<void> {
  const { schema, name } = table;
  const others = [`${name}2`, `x${name}`].map((other) => ({ ...table, name: other }));
  const named = [
    table,
    ...others,
    ...(schema === undefined || engine === "sqlite" ? [] : [{ name }]),
  ]
    .map((each) => quoteTable(engine, each));
  const made: string[] = [];
  try {
    for (const each of named) {
      await query(`CREATE TABLE ${each} AS SELECT 1 AS id UNION SELECT 2 UNION SELECT 3`);
      made.push(each);
    }
    const options = { url, table: quoteTable("postgres", table) };
    const backend = bindBackend("database", options, { ...context, root });
    await using store = await backend.connect(signal);
    strictEqual(await store.count(signal), 3);
    strictEqual(removed(await store.clear({ signal, onProgress() {} })), 3);
    const counts = [];
    for (const each of named) {
      const [row] = await query(`SELECT count(*) AS n FROM ${each}`);
      counts.push(Number(row?.["n"]));
    }
    deepStrictEqual(counts, [0, ...named.slice(1).map(() => 3)]);
  } finally {
    for (const each of made) await query(`DROP TABLE ${each}`);
  }
}

for (const [engine, service] of [["postgres", "postgres"], ["mysql", "mariadb"]] as const) {
  Deno.test(`property: any name of a schema and table in ${engine}`, needs(service), async () => {
    await using database = await CONNECT[engine]();
    const names = texts.filter(TAKEN[engine]);
    // A schema of MySQL is a database, and all tests share those.
    const ending = engine === "mysql" ? crypto.randomUUID() : "";
    await fc.assert(
      fc.asyncProperty(fc.option(names), names, async (prefix, name) => {
        if (prefix === null) return await onlyItsOwn(engine, database, { name });
        const schema = prefix + ending;
        const quoted = quoteTable(engine, { name: schema });
        await database.query(`CREATE SCHEMA ${quoted}`);
        try {
          await onlyItsOwn(engine, database, { schema, name });
        } finally {
          await database.query(`DROP SCHEMA ${quoted}`);
        }
      }),
      { numRuns: engine === "mysql" ? 40 : 80 },
    );
  });
}

Deno.test("property: any name of a table in SQLite", async () => {
  await using database = await CONNECT.sqlite();
  await fc.assert(
    fc.asyncProperty(fc.boolean(), texts.filter(TAKEN.sqlite), async (qualified, name) => {
      const schema = qualified ? { schema: "main" } : {};
      await onlyItsOwn("sqlite", database, { ...schema, name });
    }),
    { numRuns: 150 },
  );
});
