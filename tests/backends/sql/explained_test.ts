/** The messages of failures name the real cause. */
import { doesNotMatch, match, rejects, strictEqual } from "node:assert/strict";
import type { ClearCounts } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { AzuError } from "../../../src/core/errors.ts";
import { freshMariadb, freshPostgres, type TestDatabase } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { startMariadb } from "../../support/servers/mariadb.ts";
import { tempDir } from "../../support/temp.ts";
import { context } from "../subject.ts";

const { signal } = new AbortController();

/** Clears row by row, and does something when the first one is gone. */
async function clear(
  url: string,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<{ counts: number | ClearCounts } | { error: AzuError }> {
  let happening: Promise<unknown> | undefined;
  const onProgress = (cleared: number) => {
    if (cleared > 0) happening ??= meanwhile();
  };
  try {
    await using store = await bindBackend("database", { url }, context).connect(signal);
    return { counts: await store.clear({ signal, budget: { batch: 1, pause: 50 }, onProgress }) };
  } catch (error) {
    if (error instanceof AzuError) return { error };
    throw error;
  } finally {
    await happening;
  }
}

async function problem(...args: Parameters<typeof clear>): Promise<AzuError> {
  const result = await clear(...args);
  if ("error" in result) return result.error;
  throw new Error(`cleared: ${JSON.stringify(result.counts)}`);
}

async function fill(database: TestDatabase): Promise<TestDatabase> {
  await database.query("CREATE TABLE sessions (id int PRIMARY KEY)");
  const rows = Array.from({ length: 100 }, (_, i) => `(${i})`).join();
  await database.query(`INSERT INTO sessions VALUES ${rows}`);
  return database;
}

Deno.test("mysql: the server is stopped during a clear", needs("mariadb-server"), async () => {
  const server = await startMariadb();
  const database = await fill(await freshMariadb(server.url));
  const error = await problem(database.url, async () => await server[Symbol.asyncDispose]());
  match(error.message, /^The connection to the database was lost/);
  await rejects(async () => await database[Symbol.asyncDispose]());
});

Deno.test(
  "mysql: a Unix socket, and a missing one",
  needs("mariadb-server"),
  async () => {
    await using server = await startMariadb();
    await using database = await fill(await freshMariadb(server.url));
    await using folder = await tempDir();
    const url = new URL(database.url);
    for (const path of [`${folder.path}/none`, folder.path]) {
      match(
        (await problem(socketUrl(url, path))).message,
        /^Cannot connect to the database: nothing listens/,
      );
    }
    const result = await clear(socketUrl(url, `${server.dir}/socket`));
    strictEqual("counts" in result, true, JSON.stringify(result));
  },
);

/** The URL of the same database, by the server's socket. */
function socketUrl({ username, password, pathname }: URL, socket: string): string {
  return `mysql://${username}:${password}@${socket}?database=${pathname.slice(1)}`;
}

Deno.test("mysql: someone cancels a statement", needs("mariadb"), async () => {
  await using database = await fill(await freshMariadb());
  await database.query(
    "CREATE TRIGGER slow BEFORE DELETE ON sessions FOR EACH ROW " +
      "IF OLD.id = 50 THEN DO SLEEP(1); SIGNAL SQLSTATE '70100' SET MYSQL_ERRNO = 1317; END IF",
  );
  const { message, hint } = await problem(database.url);
  match(message, /^A statement was cancelled, or took too long/);
  match(hint ?? "", /safe to repeat/);
});

Deno.test("postgres: someone cancels a statement", needs("postgres"), async () => {
  await using database = await fill(await freshPostgres());
  await database.query(
    "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS " +
      "'BEGIN PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN OLD; END'",
  );
  await database.query(
    "CREATE TRIGGER slow BEFORE DELETE ON sessions FOR EACH ROW WHEN (OLD.id = 50) " +
      "EXECUTE FUNCTION slow()",
  );
  const { message, hint } = await problem(database.url);
  match(message, /^A statement was cancelled, or took too long/);
  doesNotMatch(message + hint, /lock/);
  match(hint ?? "", /safe to repeat/);
});

Deno.test("postgres: the table is dropped during a clear", needs("postgres"), async () => {
  await using database = await fill(await freshPostgres());
  await database.query("INSERT INTO sessions SELECT generate_series(100, 5000)");
  const { message } = await problem(database.url, () => database.query("DROP TABLE sessions"));
  match(message, /^The table does not exist /);
});

Deno.test("mysql: the table is dropped during a clear", needs("mariadb"), async () => {
  await using database = await fill(await freshMariadb());
  const { message } = await problem(database.url, () => database.query("DROP TABLE sessions"));
  match(message, /^Table sessions does not exist/);
});
