/** Settings of the server do not change what a clear does or says. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { ClearCounts } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { AzuError } from "../../../src/core/errors.ts";
import { freshMariadb, type TestDatabase } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { startMariadb } from "../../support/servers/mariadb.ts";
import { context } from "../subject.ts";

const { signal } = new AbortController();

const ROWS = 2500;

async function clear(url: string): Promise<number | ClearCounts | AzuError> {
  try {
    await using store = await bindBackend("database", { url }, context).connect(signal);
    return await store.clear({ signal, budget: { batch: 1000 }, onProgress() {} });
  } catch (error) {
    if (error instanceof AzuError) return error;
    throw error;
  }
}

/** Sessions, written by a connection that commits whatever the server's settings are. */
async function filled(database: TestDatabase, key: string): Promise<void> {
  await database.query("SET SESSION autocommit = 1, completion_type = 'NO_CHAIN'");
  await database.query(`CREATE TABLE sessions (${key}, created_at timestamp NOT NULL)`);
  await database.query(`INSERT INTO sessions SELECT seq, now() FROM seq_1_to_${ROWS}`);
}

async function left(database: TestDatabase): Promise<number> {
  return Number((await database.query("SELECT COUNT(*) AS n FROM sessions"))[0]?.["n"]);
}

for (const completion of ["NO_CHAIN", "CHAIN", "RELEASE"]) {
  Deno.test(
    `mysql: sessions are removed without autocommit, completion_type ${completion}`,
    needs("mariadb-server"),
    async () => {
      const args = ["--autocommit=0", `--completion-type=${completion}`];
      await using server = await startMariadb({ args });
      await using database = await freshMariadb(server.url);
      await filled(database, "id int PRIMARY KEY");
      deepStrictEqual(await clear(database.url), { cleared: ROWS, remaining: 0, arrived: 0 });
      strictEqual(await left(database), 0);
    },
  );
}

const NARROW = [
  "sql_select_limit = 1",
  "sql_safe_updates = 1",
  "max_join_size = 10",
  "tx_isolation = 'READ-UNCOMMITTED'",
  "tx_isolation = 'SERIALIZABLE'",
  "sql_mode = 'ANSI'",
];

Deno.test(
  "mysql: settings that cut answers or refuse statements",
  needs("mariadb-server"),
  async () => {
    await using server = await startMariadb({ args: ["--log-bin", "--binlog-format=STATEMENT"] });
    for (const setting of NARROW) {
      for (const key of ["id int PRIMARY KEY", "id varchar(9)"]) {
        await using database = await freshMariadb(server.url);
        await filled(database, key);
        await database.query(`SET GLOBAL ${setting}`);
        try {
          const done = await clear(database.url);
          deepStrictEqual(done, { cleared: ROWS, remaining: 0, arrived: 0 }, `${setting}, ${key}`);
          strictEqual(await left(database), 0);
        } finally {
          await database.query(`SET GLOBAL ${setting.replace(/=.*/, "= DEFAULT")}`);
        }
      }
    }
  },
);

Deno.test("mysql: read-only transactions by default", needs("mariadb-server"), async () => {
  await using server = await startMariadb();
  await using database = await freshMariadb(server.url);
  await filled(database, "id int PRIMARY KEY");
  await database.query("SET GLOBAL tx_read_only = 1");
  const error = await clear(database.url);
  const { message = "", hint = "" } = error instanceof AzuError ? error : {};
  match(message, /^The database is read-only .* ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION/);
  match(hint, /check the variables read_only and tx_read_only$/);
  strictEqual(await left(database), ROWS);
});
