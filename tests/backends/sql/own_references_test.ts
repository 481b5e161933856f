/** Sessions that refer to other sessions by a foreign key. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import type { ClearCounts } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import type { Engine } from "../../../src/backends/sql/ddl.ts";
import { AzuError } from "../../../src/core/errors.ts";
import { freshMariadb, freshPostgres, type TestDatabase } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { context } from "../subject.ts";

const ROWS = 3000;

const SERVERS: readonly [Engine, { ignore: boolean }, () => Promise<TestDatabase>, string][] = [
  ["mysql", needs("mariadb"), freshMariadb, `SELECT seq + 1, 1 FROM seq_1_to_${ROWS - 1}`],
  ["postgres", needs("postgres"), freshPostgres, `SELECT i, 1 FROM generate_series(2, ${ROWS}) i`],
];

async function clear({ url }: TestDatabase): Promise<number | ClearCounts | AzuError> {
  const { signal } = new AbortController();
  try {
    await using store = await bindBackend("database", { url }, context).connect(signal);
    return await store.clear({ signal, budget: { batch: 1 }, onProgress() {} });
  } catch (error) {
    if (error instanceof AzuError) return error;
    throw error;
  }
}

for (const [engine, needed, fresh, children] of SERVERS) {
  const test = (action: string, work: (database: TestDatabase) => Promise<void>) =>
    Deno.test(`${engine}: sessions refer to the first, ON DELETE ${action}`, needed, async () => {
      await using database = await fresh();
      await database.query(
        "CREATE TABLE sessions (id int PRIMARY KEY, parent int, " +
          `FOREIGN KEY (parent) REFERENCES sessions (id) ON DELETE ${action})`,
      );
      await database.query("INSERT INTO sessions VALUES (1, NULL)");
      await database.query(`INSERT INTO sessions ${children}`);
      await work(database);
    });

  const left = async (database: TestDatabase) =>
    (await database.query("SELECT 1 FROM sessions")).length;

  test("CASCADE", async (database) => {
    deepStrictEqual(await clear(database), { cleared: ROWS, remaining: 0, arrived: 0 });
    strictEqual(await left(database), 0);
  });

  test("NO ACTION", async (database) => {
    const error = await clear(database);
    const { message = "", hint = "" } = error instanceof AzuError ? error : {};
    match(message, /^Sessions refer to each other \(/);
    doesNotMatch(message, /another table/);
    match(hint, /SET NULL/);
    strictEqual(await left(database), ROWS);
  });
}

Deno.test("mysql: sessions refer to the first, ON DELETE SET NULL", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  await database.query(
    "CREATE TABLE sessions (id int PRIMARY KEY, parent int, " +
      "FOREIGN KEY (parent) REFERENCES sessions (id) ON DELETE SET NULL)",
  );
  await database.query("INSERT INTO sessions VALUES (1, NULL), (2, 1), (3, 2)");
  deepStrictEqual(await clear(database), { cleared: 3, remaining: 0, arrived: 0 });
});
