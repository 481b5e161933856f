import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import {
  createStatements,
  indexName,
  parseTable,
  quoteIdentifier,
  quoteTable,
} from "../../../src/backends/sql/ddl.ts";

Deno.test("a table is a name, or a schema and a name", () => {
  deepStrictEqual(parseTable("sessions"), { name: "sessions" });
  deepStrictEqual(parseTable("auth.user-sessions"), { schema: "auth", name: "user-sessions" });
  deepStrictEqual(parseTable('"my.schema"."a ""b"""'), { schema: "my.schema", name: 'a "b"' });
  deepStrictEqual(parseTable('auth."x.y"'), { schema: "auth", name: "x.y" });
  for (const wrong of ["", ".", "a.", ".a", "a.b.c", 'a"b', '"', '""', '"a', "a\0b"]) {
    strictEqual(parseTable(wrong), undefined, wrong);
  }
});

Deno.test("identifiers are quoted, whatever they contain", () => {
  strictEqual(quoteIdentifier("postgres", 'a"; DROP TABLE b; --'), '"a""; DROP TABLE b; --"');
  strictEqual(quoteIdentifier("sqlite", "order"), '"order"');
  strictEqual(quoteIdentifier("mysql", "a`b"), "`a``b`");
  strictEqual(
    quoteTable("postgres", { schema: "auth", name: "user-sessions" }),
    '"auth"."user-sessions"',
  );
});

const names = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 })
  .filter((name) => !name.includes("\0") && name.isWellFormed());

Deno.test("property: a quoted name in a config is read back", () => {
  fc.assert(fc.property(names, names, (schema, name) => {
    const text = quoteTable("postgres", { schema, name });
    deepStrictEqual(parseTable(text), { schema, name });
  }));
});

Deno.test("property: SQLite creates exactly the named table", () => {
  fc.assert(fc.property(names.filter((name) => !/^sqlite_/i.test(name)), (name) => {
    const database = new DatabaseSync(":memory:");
    try {
      for (const lines of createStatements("sqlite", { name })) database.exec(lines.join("\n"));
      const rows = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
      deepStrictEqual(rows.map((row) => row["name"]), [name]);
    } finally {
      database.close();
    }
  }));
});

Deno.test("index names have at most 63 bytes and differ", () => {
  const long = "ä".repeat(60);
  const [a, b] = [indexName(long, "session_id"), indexName(long, "expires_at")];
  notStrictEqual(a, b);
  notStrictEqual(a, indexName(`${long}x`, "session_id"));
  for (const name of [a, b]) strictEqual(new TextEncoder().encode(name).length <= 63, true);
  strictEqual(indexName("sessions", "session_id"), "sessions_session_id_idx");
});
