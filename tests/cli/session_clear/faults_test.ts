/** What is said when a store goes away, hangs, or the reader does. */
import { doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu, spawnAzu } from "../../support/cli.ts";
import { freshPostgres, sqlite } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { tempDir } from "../../support/temp.ts";

const CLEAR = ["session:clear", "--force"];

/** A server that takes connections and never says a word. */
function silentServer(): { port: number } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  (async () => {
    for await (const connection of listener) open.push(connection);
  })().catch(() => {}); // ends when the listener is closed
  return {
    port: listener.addr.port,
    [Symbol.dispose]() {
      listener.close();
      for (const connection of open) connection.close();
    },
  };
}

for (
  const [backend, url] of [
    ["redis", "redis://:pw@127.0.0.1"],
    ["database", "postgres://app:pw@127.0.0.1"],
  ] as const
) {
  Deno.test(`${backend}: a server that never answers is given up on`, async () => {
    using server = silentServer();
    await using app = await tempDir();
    const variable = backend === "redis" ? "REDIS_URL" : "DATABASE_URL";
    const path = backend === "redis" ? "" : "/app";
    const result = await runAzu([...CLEAR, "-b", backend], {
      cwd: app.path,
      env: { [variable]: `${url}:${server.port}${path}` },
      timeoutMs: 25_000,
    });
    strictEqual(result.code, 1);
    match(result.stderr, /did not answer in time/);
    doesNotMatch(result.stdout, /✓/);
  });
}

Deno.test(
  "Ctrl-C during a clear: the batch ends, the count is true, exit 130",
  needs("redis-server"),
  async () => {
    await using server = await startRedis();
    await using app = await tempDir();
    const client = new Redis(server.url);
    const total = 300_000;
    await client.eval(`for i=1,${total} do redis.call('SET','session:'..i,'x') end`, 0);
    await using azu = await spawnAzu(CLEAR, { cwd: app.path, env: { REDIS_URL: server.url } });
    await azu.waitFor(/Clearing Redis sessions/);
    while (await client.dbsize() === total);
    azu.signal("SIGINT");
    const { code, stdout, stderr } = await azu.finished();
    const left = await client.dbsize();
    client.disconnect();
    strictEqual(code, 130, stderr);
    match(stdout, new RegExp(`^Cleared ${total - left} session\\(s\\), then interrupted$`, "m"));
    strictEqual(left > 0, true);
    doesNotMatch(stdout, /✓/);
  },
);

Deno.test(
  "a server is killed during a clear: exit 1, with a count",
  needs("redis-server"),
  async () => {
    await using server = await startRedis();
    await using app = await tempDir();
    const client = new Redis(server.url, { retryStrategy: () => null });
    client.on("error", () => {});
    const total = 300_000;
    await client.eval(`for i=1,${total} do redis.call('SET','session:'..i,'x') end`, 0);
    await using azu = await spawnAzu([...CLEAR, "--json"], {
      cwd: app.path,
      env: { REDIS_URL: server.url },
    });
    while (await client.dbsize() === total);
    await client.quit();
    Deno.kill(server.pid, "SIGKILL");
    const { code, stdout, stderr } = await azu.finished();
    const report = JSON.parse(stdout);
    strictEqual(code, 1);
    strictEqual(report.outcome, "failed");
    strictEqual(report.remaining, null);
    strictEqual(report.cleared < total, true);
    match(stderr, /The connection to Redis was lost/);
  },
);

Deno.test("sqlite: a lock that somebody else holds is waited for, not for ever", async () => {
  await using app = await tempDir();
  sqlite(
    app.path,
    "a.db",
    "CREATE TABLE sessions (session_id text)",
    "INSERT INTO sessions VALUES ('a')",
  );
  const { DatabaseSync } = await import("node:sqlite");
  const other = new DatabaseSync(`${app.path}/a.db`);
  other.exec("BEGIN IMMEDIATE");
  try {
    const env = { DATABASE_URL: "sqlite3://./a.db" };
    const result = await runAzu([...CLEAR, "-b", "database"], { cwd: app.path, env });
    strictEqual(result.code, 1);
    match(result.stderr, /The database was busy for too long/);
    doesNotMatch(result.stdout, /✓/);
  } finally {
    other.close();
  }
});

Deno.test(
  "postgres: a lock that somebody else holds is waited for, not for ever",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    await using app = await tempDir();
    await database.query("CREATE TABLE sessions (session_id text)");
    await database.query("BEGIN");
    await database.query("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE");
    const env = { DATABASE_URL: database.url };
    const result = await runAzu([...CLEAR, "-b", "database"], { cwd: app.path, env });
    await database.query("ROLLBACK");
    strictEqual(result.code, 1);
    match(result.stderr, /The database was busy for too long/);
  },
);

Deno.test("a reader that closes its pipe is no error", needs("script"), async () => {
  await using app = await tempDir();
  const { code, stderr } = await runAzu(["--help"], { cwd: app.path });
  strictEqual(code, 0, stderr);
  const piped = await new Deno.Command("sh", {
    args: [
      "-c",
      `"$1" run -A --quiet --config "$2/deno.json" "$2/main.ts" --help | head -c 1; exit 0`,
      "sh",
      Deno.execPath(),
      `${import.meta.dirname}/../../..`,
    ],
    cwd: app.path,
    stdout: "piped",
    stderr: "piped",
  }).output();
  strictEqual(new TextDecoder().decode(piped.stderr), "");
});

Deno.test(
  "an app that goes on writing: never a check mark over sessions",
  needs("redis-server"),
  async () => {
    await using server = await startRedis();
    await using app = await tempDir();
    const client = new Redis(server.url);
    let writing = true;
    const writer = (async () => {
      while (writing) await client.set(`session:${crypto.randomUUID()}`, "x");
    })();
    const result = await runAzu(CLEAR, { cwd: app.path, env: { REDIS_URL: server.url } });
    writing = false;
    await writer;
    client.disconnect();
    if (result.code === 0) match(result.stdout, /✓/); // the writer was between two sessions
    else {
      strictEqual(result.code, 1);
      match(
        result.stderr,
        /session\(s\) are in the store again: a running app writes them/,
      );
      doesNotMatch(result.stdout, /✓/);
    }
  },
);
