/** A SQLite file that another process has locked before azu opens it. */
import { DatabaseSync } from "node:sqlite";
import { doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { spawnAzu } from "../../../support/cli.ts";
import { sqlite, sqliteCount } from "../../../support/servers/database.ts";
import { tempDir } from "../../../support/temp.ts";

const CLEAR = ["session:clear", "--backend", "database", "--force"];

async function locked() {
  const app = await tempDir();
  sqlite(
    app.path,
    "a.db",
    "CREATE TABLE sessions (session_id integer)",
    "INSERT INTO sessions VALUES (1)",
  );
  const holder = new DatabaseSync(`${app.path}/a.db`);
  holder.exec("BEGIN EXCLUSIVE");
  return {
    path: app.path,
    options: { cwd: app.path, env: { DATABASE_URL: "sqlite3://./a.db" } },
    release: () => holder.exec("ROLLBACK"),
    async [Symbol.asyncDispose]() {
      holder.close();
      await app[Symbol.asyncDispose]();
    },
  };
}

const later = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`sqlite: ${signal} while the file is locked at opening`, async () => {
    await using app = await locked();
    await using azu = await spawnAzu(CLEAR, app.options);
    await azu.waitFor(/^Backend: database$/m);
    await later(500);
    const began = performance.now();
    azu.signal(signal);
    const ended = await azu.finished();
    ok(performance.now() - began < 3000);
    strictEqual(ended.code, code, ended.stderr);
    doesNotMatch(ended.stdout, /✓/);
    app.release();
    strictEqual(sqliteCount(app.path, "a.db", "sessions"), 1);
  });
}

Deno.test("sqlite: a file that is locked at opening, for a while or for good", async () => {
  await using app = await locked();
  await using kept = await spawnAzu(CLEAR, app.options);
  const given = await kept.finished();
  strictEqual(given.code, 1);
  match(given.stderr, /^error: The database was busy for too long/m);
  await using azu = await spawnAzu(CLEAR, app.options);
  await azu.waitFor(/^Backend: database$/m);
  await later(1000);
  app.release();
  match((await azu.finished()).stdout, /^Cleared 1 session\(s\)\n✓/m);
});
