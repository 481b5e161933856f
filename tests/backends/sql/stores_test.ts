/** The conformance suite on each SQL engine, with the table of setup and with others. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  createStatements,
  type Engine,
  quoteTable,
  recordedColumns,
  type TableName,
} from "../../../src/backends/sql/ddl.ts";
import { needs } from "../../support/env.ts";
import { conforms } from "../conformance.ts";
import { CONNECT_PG_SIMPLE, type ForeignTable, laravel } from "./foreign_tables.ts";
import { database, type Shape } from "./places.ts";

/** Names that have a meaning in SQL or for a driver, or look like another name. */
const NAMES = [
  ...["select", "user", "null", "'", '"', '""', "`", "a.b", ".", "a;b", "--", "/*", "\\", "a\\'b"],
  ...["%s", "?", "$1", ":id", "@a", "{{a}}", "a\nb", "\u{1}", "\u{1b}[2J", " a", "1", "sessions2"],
  ...["Sessions", "SESSIONS", "сессии", "ß", "İ", "e\u{301}", "é", "\ufeffa", "\u{202e}a"],
].map((name) => ({ name }));

const long = (character: string, length: number) => ({ name: character.repeat(length) });

const HOSTILE: Record<Engine, readonly TableName[]> = {
  postgres: [
    ...NAMES,
    ...[long("n", 63), long("ä", 31), long("€", 21), { name: "\u{1f511}" }, { name: "a " }],
    ...[{ schema: 'au"th', name: 'my "t' }, { schema: "a.b", name: "c.d" }],
    ...[{ schema: "select", name: "table" }, { schema: " ", name: " " }],
  ],
  // A schema of MySQL is a database, and all test runs share those.
  mysql: [
    ...NAMES,
    ...[long("n", 64), long("ä", 64), long("€", 50), long("`", 50)], // as long as files allow
    ...["au`th", "a.b", "select \"x'"].map((schema) => ({
      schema: `${schema}${crypto.randomUUID()}`,
      name: "my `t.x",
    })),
  ],
  sqlite: [
    ...NAMES,
    ...[long("n", 5000), { name: "\u{1f511}" }, { name: "a " }],
    ...[{ name: "[a]" }, { name: "main.a" }, { schema: "main", name: 'my "t' }],
  ],
};

const SERVICE = {
  postgres: needs("postgres"),
  mysql: needs("mariadb"),
  sqlite: { ignore: false },
} as const;

function subject(engine: Engine, what: string, shape?: Shape | ForeignTable): void {
  conforms({
    name: `${engine}, ${what}`,
    needs: SERVICE[engine],
    hostile: shape === undefined ? HOSTILE[engine] : [],
    start: () => database(engine, shape),
  });
}

for (const engine of ["postgres", "mysql", "sqlite"] as const) {
  subject(engine, "the table of setup");
}

const COLUMNS = "session_id varchar(255), data bytea, created_at timestamptz, " +
  "updated_at timestamptz, expires_at timestamptz";
const UUID = "uuid DEFAULT gen_random_uuid()";

const postgres = (what: string, shape: Shape) => subject("postgres", what, shape);
const parts = (table: string, count: number) =>
  Array.from({ length: count }, (_, part) => {
    const values = `FOR VALUES WITH (MODULUS ${count}, REMAINDER ${part})`;
    return `CREATE TABLE part${part} PARTITION OF ${table} ${values}`;
  }).join("; ");
postgres("key is no number", (table) => {
  return `CREATE TABLE ${table} (id ${UUID} PRIMARY KEY, ${COLUMNS})`;
});
postgres("no key", (table) => `CREATE TABLE ${table} (${COLUMNS})`);
postgres("partitions with a key", (table) => {
  return `CREATE TABLE ${table} (id bigserial PRIMARY KEY, ${COLUMNS}) PARTITION BY HASH (id); ` +
    parts(table, 3);
});
postgres("partitions without", (table) => {
  return `CREATE TABLE ${table} (${COLUMNS}) PARTITION BY HASH (session_id); ${parts(table, 2)}`;
});

const MARIADB_COLUMNS = "session_id varchar(255), data longblob, created_at datetime(6), " +
  "updated_at datetime(6), expires_at datetime(6)";
const mysql = (what: string, shape: Shape) => subject("mysql", what, shape);
mysql("another key", (table) => {
  return `CREATE TABLE ${table} (k bigint unsigned AUTO_INCREMENT PRIMARY KEY, ${MARIADB_COLUMNS})`;
});
mysql("key is no number", (table) => {
  return `CREATE TABLE ${table} (${MARIADB_COLUMNS}, PRIMARY KEY (session_id))`;
});
mysql("no key", (table) => `CREATE TABLE ${table} (${MARIADB_COLUMNS})`);
mysql("without transactions", (table) => {
  const key = "id bigint AUTO_INCREMENT PRIMARY KEY";
  return `CREATE TABLE ${table} (${key}, ${MARIADB_COLUMNS}) ENGINE = MyISAM`;
});
mysql("characters of three bytes", (table) => {
  const key = "PRIMARY KEY (session_id)";
  return `CREATE TABLE ${table} (${MARIADB_COLUMNS}, ${key}) CHARACTER SET utf8mb3`;
});
mysql("partitions", (table) => {
  const key = "id bigint AUTO_INCREMENT PRIMARY KEY";
  return `CREATE TABLE ${table} (${key}, ${MARIADB_COLUMNS}) PARTITION BY HASH (id) PARTITIONS 3`;
});

const SQLITE_COLUMNS = "data blob, created_at, updated_at, expires_at";
const sqlite = (what: string, shape: Shape) => subject("sqlite", what, shape);
sqlite("columns named as the row id", (table) => {
  return `CREATE TABLE ${table} (session_id text PRIMARY KEY, rowid, oid, ${SQLITE_COLUMNS})`;
});
sqlite("without row id", (table) => {
  return `CREATE TABLE ${table} (session_id text PRIMARY KEY, ${SQLITE_COLUMNS}) WITHOUT ROWID`;
});
sqlite("without row id, two columns as the key", (table) => {
  return `CREATE TABLE ${table} (session_id text, ${SQLITE_COLUMNS}, ` +
    "PRIMARY KEY (expires_at, session_id)) WITHOUT ROWID";
});

// An app that does not know the columns uses the table of setup above. This one fills them.
for (const engine of ["postgres", "mysql", "sqlite"] as const) {
  for (const user of ["int64", "string"] as const) {
    const columns = recordedColumns(engine, { user, ip: true, userAgent: true });
    subject(engine, `columns for users of the type ${user}`, (table) => {
      const quoted = quoteTable(engine, { name: "placeholder" });
      const statements = createStatements(engine, { name: "placeholder" }, columns);
      return statements.map((lines) => lines.join("\n").replace(quoted, () => table));
    });
  }
}

subject("postgres", "the table of connect-pg-simple", CONNECT_PG_SIMPLE);
subject("mysql", "the table of Laravel", laravel("mysql"));
subject("sqlite", "the table of Laravel", laravel("sqlite"));

Deno.test("sqlite counts a large table in steps, and can be interrupted after each", async () => {
  const { signal } = new AbortController();
  const shapes: (Shape | undefined)[] = [
    undefined,
    (table) =>
      `CREATE TABLE ${table} (session_id text PRIMARY KEY, ${SQLITE_COLUMNS}) WITHOUT ROWID`,
  ];
  for (const shape of shapes) {
    await using place = await database("sqlite", shape);
    await using made = await place.fixture();
    await made.put(100_000);
    await made.insert();
    await using store = await made.backend.connect(signal);
    const found: number[] = [];
    strictEqual(await store.count(signal, { onProgress: (n) => found.push(n) }), 100_001);
    deepStrictEqual(found, [50_000, 100_000]);
    const abort = new AbortController();
    const stop = () => abort.abort(new Error("enough"));
    await rejects(store.count(abort.signal, { onProgress: stop }), /enough/);
  }
});
