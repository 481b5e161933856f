/** Rows are told apart by the time of their creation, even in an hour that a local time repeats. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ClearCounts } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { freshMariadb, type TestDatabase } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { startMariadb } from "../../support/servers/mariadb.ts";
import { context } from "../subject.ts";

const { signal } = new AbortController();

/** Summer time that ends on 2025-10-26 at 1:00 UTC, so that the hour before is repeated. */
const ZONE = [
  "INSERT INTO mysql.time_zone VALUES (1, 'N')",
  "INSERT INTO mysql.time_zone_name VALUES ('Test/Summer', 1)",
  "INSERT INTO mysql.time_zone_transition_type VALUES (1, 0, 7200, 1, 'S'), (1, 1, 3600, 0, 'W')",
  "INSERT INTO mysql.time_zone_transition VALUES (1, UNIX_TIMESTAMP('2025-03-30 01:00:00'), 0), " +
  "(1, UNIX_TIMESTAMP('2025-10-26 01:00:00'), 1)",
  "SET GLOBAL time_zone = 'Test/Summer'",
];

/** In UTC. */
const TIMES = [
  "2025-10-25 23:00:00",
  "2025-10-26 00:40:00.25",
  "2025-10-26 01:01:00",
  "2025-10-26 01:30:00.123456",
];

async function clear(
  { url }: TestDatabase,
  onProgress: (cleared: number) => void = () => {},
): Promise<number | ClearCounts> {
  await using store = await bindBackend("database", { url }, context).connect(signal);
  return await store.clear({ signal, budget: { batch: 1, pause: 20 }, onProgress });
}

async function ids(database: TestDatabase): Promise<unknown[]> {
  return (await database.query("SELECT session_id FROM sessions")).map((row) => row["session_id"]);
}

const SHAPES: Readonly<Record<string, string>> = {
  "a key of text": "session_id varchar(99) PRIMARY KEY, created_at timestamp(6) NULL",
  "no key": "session_id varchar(99), created_at timestamp(6) NULL",
  "whole seconds": "session_id varchar(99) PRIMARY KEY, created_at timestamp NULL",
  "a key of times": "session_id varchar(99), created_at timestamp(6) PRIMARY KEY",
  "a datetime in UTC": "session_id varchar(99) PRIMARY KEY, created_at datetime(6) NULL",
};

Deno.test(
  "mysql: in the repeated hour when summer time ends",
  needs("mariadb-server"),
  async () => {
    await using server = await startMariadb({ args: ["--default-time-zone=+00:00"] });
    await using database = await freshMariadb(server.url);
    for (const statement of ZONE) await database.query(statement);
    for (const [what, columns] of Object.entries(SHAPES)) {
      await database.query(`CREATE TABLE sessions (${columns})`);
      const none = columns.includes("created_at timestamp(6) PRIMARY") ? [] : ["NULL", "''"];
      const times = [...TIMES.map((time) => `'${time}'`), ...none];
      await database.query("SET SESSION sql_mode = ''"); // '' is 0000-00-00
      for (const [at, time] of times.entries()) {
        await database.query(`INSERT INTO sessions VALUES ('s${at}', ${time})`);
      }
      const done = await clear(database);
      deepStrictEqual(done, { cleared: times.length, remaining: 0, arrived: 0 }, what);
      deepStrictEqual(await ids(database), [], what);
      await database.query("DROP TABLE sessions");
    }
  },
);

Deno.test("mysql: a session that arrives a microsecond later", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  await database.query(
    "CREATE TABLE sessions (session_id varchar(9) PRIMARY KEY, created_at timestamp(6) NULL)",
  );
  await database.query("INSERT INTO sessions VALUES ('a', '2025-01-01 00:00:00.100000')");
  await database.query("INSERT INTO sessions VALUES ('b', NULL)");
  let arriving: Promise<unknown> | undefined;
  const counts = await clear(database, (cleared) => {
    if (cleared === 0) return;
    arriving ??= database.query("INSERT INTO sessions VALUES ('c', '2025-01-01 00:00:00.100001')");
  });
  await arriving;
  deepStrictEqual(counts, { cleared: 2, remaining: 0, arrived: 1 });
  deepStrictEqual(await ids(database), ["c"]);
});

Deno.test("mysql: times that are 0000-00-00", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  await database.query(
    "CREATE TABLE sessions (session_id varchar(9) PRIMARY KEY, " +
      "created_at timestamp NOT NULL DEFAULT '0000-00-00 00:00:00')",
  );
  await database.query("INSERT INTO sessions (session_id) VALUES ('a'), ('b')");
  strictEqual((await ids(database)).length, 2);
  deepStrictEqual(await clear(database), { cleared: 2, remaining: 0, arrived: 0 });
});
