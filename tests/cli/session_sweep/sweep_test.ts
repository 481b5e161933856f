/** `azu session:sweep`, on real stores. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { createStatements } from "../../../src/backends/sql/ddl.ts";
import { runAzu, spawnAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { pollUntil } from "../../support/poll.ts";
import { freshPostgres, sqlite, sqliteCount } from "../../support/servers/database.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { tempDir } from "../../support/temp.ts";

const ENV = { DATABASE_URL: "sqlite3://./app.db" };
const SWEEP = ["session:sweep", "--backend", "database"];
const HOUR = 3_600_000;

/** A time as the app's driver writes it. */
const at = (milliseconds: number) => {
  return new Date(Date.now() + milliseconds).toISOString().replace("T", " ").replace("Z", "");
};

/** An app whose sessions expire so many milliseconds from now. */
async function appWith(expiries: readonly number[]) {
  const app = await tempDir();
  const statements = createStatements("sqlite", { name: "sessions" });
  const columns = "session_id, data, created_at, updated_at, expires_at";
  sqlite(
    app.path,
    "app.db",
    ...statements.map((lines) => lines.join("\n")),
    ...expiries.map((expiry, index) => {
      const times = [at(-9 * HOUR), at(-9 * HOUR), at(expiry)].map((time) => `'${time}'`);
      return `INSERT INTO sessions (${columns}) VALUES ('s${index}', '{}', ${times.join(", ")})`;
    }),
  );
  return app;
}

Deno.test("sweeps what has expired, and nothing else", async () => {
  await using app = await appWith([-HOUR, -1000, HOUR, 24 * HOUR]);
  const run = (...args: string[]) => runAzu([...SWEEP, ...args], { cwd: app.path, env: ENV });
  const left = () => sqliteCount(app.path, "app.db", "sessions");
  const head = "Sweeping expired sessions...\nBackend: database\n";

  const dry = await run("--dry-run");
  strictEqual(dry.stdout, `${head}Would remove 2 session(s); nothing was removed\n`);
  strictEqual(left(), 4);

  const grace = await run("--grace", "30m");
  strictEqual(
    grace.stdout,
    `${head}Removed 1 session(s)\n✓ No sessions that expired more than 30m ago are left\n`,
  );
  strictEqual(left(), 3);

  const { stdout, stderr, code } = await run();
  strictEqual(stdout, `${head}Removed 1 session(s)\n✓ No expired sessions are left\n`);
  deepStrictEqual([stderr, code, left()], ["", 0, 2]);

  const again = await run("--json");
  const document: unknown = JSON.parse(again.stdout);
  const { durationMs, ...fields } = Object(document);
  ok(durationMs >= 0);
  deepStrictEqual(fields, {
    command: "session:sweep",
    backend: "database",
    decidedBy: "flag",
    environment: "production",
    environmentFrom: null,
    target: "sqlite3://./app.db",
    targetFrom: "DATABASE_URL",
    table: "sessions",
    dryRun: false,
    outcome: "empty",
    swept: 0,
    remaining: 0,
    timeIsOver: false,
    endless: null,
    fixed: null,
    exitCode: 0,
    warnings: [],
  });
});

Deno.test("a sweep stops when its time budget is over, with a true count", async () => {
  await using app = await appWith(Array.from({ length: 300 }, () => -HOUR));
  const slow = ["--time-budget", "700ms", "--batch", "1", "--pause", "20ms"];
  const { stdout, stderr, code } = await runAzu([...SWEEP, ...slow], { cwd: app.path, env: ENV });
  const removed = Number(/^Removed (\d+) session/m.exec(stdout)?.[1]);
  strictEqual(sqliteCount(app.path, "app.db", "sessions"), 300 - removed);
  ok(removed > 0 && removed < 300, stdout);
  match(stderr, /^The time budget is over: the next sweep goes on$/m);
  doesNotMatch(stdout, /✓/);
  strictEqual(code, 0);
  const json = await runAzu([...SWEEP, ...slow, "--json"], { cwd: app.path, env: ENV });
  match(json.stdout, /"outcome": "swept"[^]*"remaining": null,\s*"timeIsOver": true/);
});

Deno.test("an interrupted sweep tells how far it got", async () => {
  await using app = await appWith(Array.from({ length: 300 }, () => -HOUR));
  const args = [...SWEEP, "--batch", "1", "--pause", "20ms"];
  await using azu = await spawnAzu(args, { cwd: app.path, env: ENV });
  const left = () => sqliteCount(app.path, "app.db", "sessions");
  await pollUntil("the first batches", () => left() < 295);
  azu.signal("SIGINT");
  const { stdout, stderr, code } = await azu.finished();
  strictEqual(code, 130);
  const removed = Number(/^Removed (\d+) session\(s\), then interrupted$/m.exec(stdout)?.[1]);
  strictEqual(left(), 300 - removed);
  match(stderr, /running the command again is safe/);
});

Deno.test("where there is nothing to sweep, it says so", async () => {
  await using app = await tempDir();
  const memory = await runAzu(["session:sweep", "--backend", "memory"], { cwd: app.path });
  match(memory.stderr, /^error: Sessions of the memory backend cannot be swept from outside/);
  strictEqual(memory.code, 3);
  const ttl = await runAzu([...SWEEP, "--fix-ttl"], { cwd: app.path, env: ENV });
  match(ttl.stderr, /^error: Sessions of the database backend have no TTL to fix \(--fix-ttl\)/);
  strictEqual(ttl.code, 3);
  const wrong = await runAzu([...SWEEP, "--grace", "soon"], { cwd: app.path, env: ENV });
  strictEqual(wrong.code, 2);
});

Deno.test("a table without an expiry cannot be swept", async () => {
  await using app = await tempDir();
  sqlite(app.path, "app.db", "CREATE TABLE sessions (id integer PRIMARY KEY, session_id text)");
  const { stderr, code } = await runAzu(SWEEP, { cwd: app.path, env: ENV });
  match(stderr, /^error: The table sessions has nothing that tells when a session expires/m);
  strictEqual(code, 3);
});

Deno.test("postgres: a row in use is left to the next sweep", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await using app = await tempDir();
  const { query } = database;
  for (const lines of createStatements("postgres", { name: "sessions" })) {
    await query(lines.join("\n"));
  }
  await query(
    "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) " +
      "SELECT 's' || i, '{}', now(), now(), now() - interval '1 hour' FROM generate_series(1, 3) i",
  );
  await query("BEGIN");
  await query("SELECT * FROM sessions WHERE session_id = 's2' FOR UPDATE");
  const env = { DATABASE_URL: database.url };
  const { stdout, stderr, code } = await runAzu(SWEEP, { cwd: app.path, env });
  await query("COMMIT");
  match(stdout, /^Removed 2 session\(s\)$/m);
  doesNotMatch(stdout, /✓/);
  match(
    stderr,
    /^1 expired session\(s\) are left to the next sweep: another client has locked them, or a/m,
  );
  strictEqual(code, 0);
  const next = await runAzu(SWEEP, { cwd: app.path, env });
  match(next.stdout, /^Removed 1 session\(s\)\n✓ No expired sessions are left$/m);
});

Deno.test(
  "redis: sessions that never expire are counted, and given a TTL",
  needs("redis-server"),
  async () => {
    await using server = await startRedis();
    await using app = await tempDir();
    const client = new Redis(server.url);
    try {
      await client.set("session:a", "{}", "EX", 100);
      await client.mset({ "session:b": "{}", "session:c": "{}", "other:d": "{}" });
      const run = (...args: string[]) =>
        runAzu(["session:sweep", "--backend", "redis", ...args], {
          cwd: app.path,
          env: { REDIS_URL: server.url },
        });
      const counted = await run();
      match(counted.stdout, /^The store itself removes sessions when they expire$/m);
      doesNotMatch(counted.stdout, /✓/);
      match(counted.stderr, /^warning: 2 session\(s\) never expire: with --fix-ttl, .* of 1d$/m);
      strictEqual(await client.ttl("session:b"), -1);

      const dry = await run("--fix-ttl", "--dry-run", "--json");
      match(dry.stdout, /"outcome": "empty"[^]*"endless": 2,\s*"fixed": 0/);
      strictEqual(await client.ttl("session:b"), -1);

      const fixed = await run("--fix-ttl");
      match(
        fixed.stdout,
        /^Gave 2 session\(s\) a lifetime of 1d\n✓ Every session has a lifetime$/m,
      );
      const ttls = await Promise.all(["a", "b", "c"].map((id) => client.ttl(`session:${id}`)));
      ok((ttls[0] ?? 0) <= 100, "a session that has a TTL keeps it");
      ok(ttls.slice(1).every((ttl) => ttl > 86_300 && ttl <= 86_400), ttls.join());
      strictEqual(await client.ttl("other:d"), -1);
      match((await run("--json")).stdout, /"outcome": "empty"[^]*"endless": 0/);
    } finally {
      client.disconnect();
    }
  },
);
