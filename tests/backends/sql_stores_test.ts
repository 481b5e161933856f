/** What every store must do, asked of each SQL engine, for tables as setup makes them and others. */
import { strictEqual } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { bindBackend } from "../../src/backends/registry.ts";
import {
  createStatements,
  type Engine,
  quoteTable,
  type TableName,
} from "../../src/backends/sql.ts";
import { freshMariadb, freshPostgres, type TestDatabase } from "../support/database.ts";
import { needs } from "../support/env.ts";
import { tempDir } from "../support/temp.ts";
import { conforms, type Fixture, removed } from "./conformance.ts";

const context = { app: "app", root: "/", env: () => undefined, driver: undefined, stated: {} };

/** A name that would be something else, were it not quoted. */
const NAME = "my \"ses'sions`; --";

const PAYLOAD = new TextEncoder().encode("payload");

/** The statement that makes the table, where it is not the one of setup. */
type Shape = (table: string) => string;

interface Place {
  readonly engine: Engine;
  readonly table: TableName;
  /** Opens it: the app's connection to the database. */
  readonly connect: () => Promise<TestDatabase & { readonly root?: string }>;
  readonly shape?: Shape | undefined;
}

/** How the engines write what differs in the tests' own statements. */
const WORDS = {
  postgres: {
    now: "clock_timestamp()",
    bytes: (payload: Uint8Array) => `'\\x${payload.toHex()}'`,
    series: (count: number) => `SELECT i FROM generate_series(1, ${count}) AS i`,
    joined: (number: string) => `'s' || ${number}`,
  },
  mysql: {
    now: "SYSDATE(6)",
    bytes: (payload: Uint8Array) => `X'${payload.toHex()}'`,
    series: (count: number) => `SELECT seq AS i FROM seq_1_to_${count}`,
    joined: (number: string) => `CONCAT('s', ${number})`,
  },
  sqlite: {
    now: "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    bytes: (payload: Uint8Array) => `X'${payload.toHex()}'`,
    series: (count: number) =>
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) ` +
      "SELECT i FROM n",
    joined: (number: string) => `'s' || ${number}`,
  },
} as const satisfies Record<Engine, unknown>;

async function fixture({ engine, table, connect, shape }: Place): Promise<Fixture> {
  const database = await connect();
  const quoted = quoteTable(engine, table);
  const { bytes, series, joined } = WORDS[engine];
  if (table.schema !== undefined) {
    await database.query(`CREATE SCHEMA ${quoteTable(engine, { name: table.schema })}`);
  }
  const statements = shape === undefined
    ? createStatements(engine, table).map((lines) => lines.join("\n"))
    : [shape(quoted)];
  for (const statement of statements) await database.query(statement);
  await database.query("CREATE TABLE other (id int)");
  await database.query("INSERT INTO other VALUES (1), (2)");
  const columns = "(session_id, data, created_at, updated_at, expires_at)";
  const time = WORDS[engine].now;
  const times = `${time}, ${time}, '2100-01-01'`;
  let next = 0;
  const counted = async (where: string) =>
    Number((await database.query(`SELECT count(*) AS n FROM ${quoted} WHERE ${where}`))[0]?.["n"]);
  const options = { url: database.url, table: quoteTable("postgres", table) };
  return {
    backend: bindBackend("database", options, { ...context, root: database.root ?? "/" }),
    async put(count) {
      const rows = `SELECT ${joined("i")}, ${bytes(PAYLOAD)}, ${times} FROM (${
        series(count)
      }) AS n`;
      await database.query(`INSERT INTO ${quoted} ${columns} ${rows}`);
    },
    async look() {
      return {
        sessions: await counted("1 = 1"),
        neighbours: await database.query("SELECT * FROM other ORDER BY id"),
      };
    },
    app: {
      async insert(payload = PAYLOAD) {
        const values = `'new${next++}', ${bytes(payload)}, ${times}`;
        await database.query(`INSERT INTO ${quoted} ${columns} VALUES (${values})`);
      },
      async update(from, upTo) {
        const names = Array.from({ length: upTo - from }, (_, index) => `'s${from + index}'`);
        // Longer than before: the row has no room where it is.
        const longer = bytes(new Uint8Array(200));
        await database.query(
          `UPDATE ${quoted} SET data = ${longer} WHERE session_id IN (${names.join(", ")})`,
        );
      },
      old: () => counted("session_id LIKE 's%'"),
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

async function freshSqlite(): Promise<TestDatabase & { readonly root: string }> {
  const folder = await tempDir();
  const database = new DatabaseSync(`${folder.path}/a.db`);
  database.exec("PRAGMA busy_timeout = 5000");
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

function subject(name: string, service: "postgres" | "mariadb" | undefined, place: Place): void {
  const has = service === undefined ? { ignore: false } : needs(service);
  conforms({ name, needs: has, fixture: () => fixture(place) });
}

const COLUMNS = "session_id varchar(255), data bytea, created_at timestamptz, " +
  "updated_at timestamptz, expires_at timestamptz";
const UUID = "uuid DEFAULT gen_random_uuid()";

const postgres = { engine: "postgres", table: { name: NAME }, connect: freshPostgres } as const;
subject("postgres", "postgres", { ...postgres, table: { schema: 'au"th', name: NAME } });
subject("postgres, key is no number", "postgres", {
  ...postgres,
  shape: (table) => `CREATE TABLE ${table} (id ${UUID} PRIMARY KEY, ${COLUMNS})`,
});
subject("postgres, no key", "postgres", {
  ...postgres,
  shape: (table) => `CREATE TABLE ${table} (${COLUMNS})`,
});
subject("postgres, partitions with a key", "postgres", {
  ...postgres,
  shape: (table) =>
    `CREATE TABLE ${table} (id bigserial PRIMARY KEY, ${COLUMNS}) PARTITION BY HASH (id);` +
    [0, 1, 2].map((part) =>
      `CREATE TABLE part${part} PARTITION OF ${table} FOR VALUES WITH (MODULUS 3, REMAINDER ${part})`
    ).join(";"),
});
subject("postgres, partitions without", "postgres", {
  ...postgres,
  shape: (table) =>
    `CREATE TABLE ${table} (${COLUMNS}) PARTITION BY HASH (session_id);` +
    [0, 1].map((part) =>
      `CREATE TABLE part${part} PARTITION OF ${table} FOR VALUES WITH (MODULUS 2, REMAINDER ${part})`
    ).join(";"),
});

const SQLITE_COLUMNS = "data blob, created_at, updated_at, expires_at";
const sqlite = { engine: "sqlite", table: { name: NAME }, connect: freshSqlite } as const;
subject("sqlite", undefined, sqlite);
subject("sqlite, columns named as the row id", undefined, {
  ...sqlite,
  shape: (table) =>
    `CREATE TABLE ${table} (session_id text PRIMARY KEY, rowid, oid, ${SQLITE_COLUMNS})`,
});

subject("sqlite, without row id", undefined, {
  ...sqlite,
  shape: (table) =>
    `CREATE TABLE ${table} (session_id text PRIMARY KEY, ${SQLITE_COLUMNS}) WITHOUT ROWID`,
});
subject("sqlite, without row id, two columns as the key", undefined, {
  ...sqlite,
  shape: (table) =>
    `CREATE TABLE ${table} (session_id text, ${SQLITE_COLUMNS}, ` +
    "PRIMARY KEY (expires_at, session_id)) WITHOUT ROWID",
});

const MARIADB_COLUMNS = "session_id varchar(255), data longblob, created_at datetime(6), " +
  "updated_at datetime(6), expires_at datetime(6)";
const mariadb = { engine: "mysql", table: { name: NAME }, connect: freshMariadb } as const;
subject("mariadb", "mariadb", mariadb);
subject("mariadb, another key", "mariadb", {
  ...mariadb,
  shape: (table) =>
    `CREATE TABLE ${table} (k bigint unsigned AUTO_INCREMENT PRIMARY KEY, ${MARIADB_COLUMNS})`,
});

subject("mariadb, key is no number", "mariadb", {
  ...mariadb,
  shape: (table) => `CREATE TABLE ${table} (${MARIADB_COLUMNS}, PRIMARY KEY (session_id))`,
});
subject("mariadb, no key", "mariadb", {
  ...mariadb,
  shape: (table) => `CREATE TABLE ${table} (${MARIADB_COLUMNS})`,
});

const texts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => text.isWellFormed());

Deno.test(
  "property: for any table and schema that PostgreSQL takes, exactly its rows go",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    const { signal } = new AbortController();
    const fits = (text: string) => new TextEncoder().encode(text).length < 60; // PostgreSQL cuts at 63
    const names = texts.filter((text) => !/\0|^pg_/i.test(text) && fits(text));
    await fc.assert(
      fc.asyncProperty(names, names, async (schema, name) => {
        const table = quoteTable("postgres", { schema, name });
        const quotedSchema = quoteTable("postgres", { name: schema });
        await database.query(`CREATE SCHEMA IF NOT EXISTS ${quotedSchema}`);
        await database.query(`CREATE TABLE ${table} AS SELECT generate_series(1, 3) AS id`);
        await database.query(
          `CREATE TABLE ${quotedSchema}."${name.replaceAll('"', '""')}2" AS SELECT 1 AS id`,
        );
        try {
          await using store = await bindBackend("database", { url: database.url, table }, context)
            .connect(signal);
          strictEqual(removed(await store.clear({ signal, onProgress() {} })), 3);
          const left = await database.query(
            `SELECT * FROM ${quotedSchema}."${name.replaceAll('"', '""')}2"`,
          );
          strictEqual(left.length, 1);
        } finally {
          await database.query(`DROP SCHEMA ${quotedSchema} CASCADE`);
        }
      }),
      { numRuns: 60 },
    );
  },
);

Deno.test(
  "property: for any table that MariaDB takes, exactly its rows go",
  needs("mariadb"),
  async () => {
    await using database = await freshMariadb();
    const { signal } = new AbortController();
    // What it takes in a name: nothing beyond U+FFFF, and no blank at the end.
    const names = texts.filter((text) => !/[\0\u{10000}-\u{10ffff}]|\s$/u.test(text));
    await fc.assert(
      fc.asyncProperty(names, async (name) => {
        const table = quoteTable("mysql", { name });
        const other = quoteTable("mysql", { name: `${name}2` });
        await database.query(`CREATE TABLE ${table} AS SELECT seq AS id FROM seq_1_to_3`);
        await database.query(`CREATE TABLE ${other} AS SELECT 1 AS id`);
        try {
          const options = { url: database.url, table: quoteTable("postgres", { name }) };
          await using store = await bindBackend("database", options, context).connect(signal);
          strictEqual(removed(await store.clear({ signal, onProgress() {} })), 3);
          strictEqual((await database.query(`SELECT * FROM ${other}`)).length, 1);
        } finally {
          await database.query(`DROP TABLE ${table}, ${other}`);
        }
      }),
      { numRuns: 60 },
    );
  },
);
