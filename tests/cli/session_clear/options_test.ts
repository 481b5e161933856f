/** How hard a clear works, and for what it waits: what the options may say, and what they do. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu } from "../../support/cli.ts";
import { sqlite, sqliteCount } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { pollUntil } from "../../support/poll.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

const CLEAR = ["session:clear", "--force"];

for (
  const [args, flags, expected] of [
    [["--batch", "0"], "--batch <n>", "a whole number from 1 to 100000"],
    [
      ["--pause=soon"],
      "--pause <time>",
      'a time with a unit such as "50ms" or "5s", from 0 ms to 60 s',
    ],
    [
      ["--pause", "-5"],
      "--pause <time>",
      'a time with a unit such as "50ms" or "5s", from 0 ms to 60 s',
    ],
    [
      ["--max-latency", "0"],
      "--max-latency <time>",
      'a time with a unit such as "50ms" or "5s", from 1 ms to 60 s',
    ],
    [
      ["--timeout", "5"],
      "--timeout <time>",
      'a time with a unit such as "50ms" or "5s", from 1 ms to 60 s',
    ],
    [
      ["--timeout", "2h"],
      "--timeout <time>",
      'a time with a unit such as "50ms" or "5s", from 1 ms to 60 s',
    ],
    [["--wait-replicas", "1.5"], "--wait-replicas <n>", "a whole number from 1 to 1000"],
  ] as const
) {
  Deno.test(`a wrong value is refused with what is expected: ${args.join(" ")}`, async () => {
    const { code, stdout, stderr } = await runAzu([...CLEAR, ...args]);
    const value = args.length === 1 ? args[0].replace(/^.*=/, "") : args[1];
    deepStrictEqual([code, stdout], [2, ""]);
    strictEqual(
      stderr,
      `error: Option '${flags}' argument '${value}' is invalid. Expected ${expected}.\n` +
        "See azu session:clear --help\n",
    );
  });
}

Deno.test("what a backend cannot do is told before anything is done", async () => {
  await using app = await tempDir();
  sqlite(app.path, "a.db", "CREATE TABLE sessions (session_id text)");
  sqlite(app.path, "a.db", "INSERT INTO sessions VALUES ('a')");
  const options = { cwd: app.path, env: { DATABASE_URL: "sqlite3://./a.db" } };
  const args = [...CLEAR, "-b", "database", "--truncate", "--wait-replicas", "1"];
  const { code, stdout, stderr } = await runAzu(args, options);
  strictEqual(code, 3);
  match(
    stderr,
    /^error: The database backend cannot empty a table at once \(--truncate\), nor tell whether replicas have caught up \(--wait-replicas\)\nNothing was cleared: /,
  );
  doesNotMatch(stdout, /Clearing/);
  strictEqual(sqliteCount(app.path, "a.db", "sessions"), 1);
  const json = JSON.parse((await runAzu([...args, "--json", "--dry-run"], options)).stdout);
  deepStrictEqual([json.outcome, json.exitCode, json.cleared], ["impossible", 3, 0]);
});

Deno.test("a custom backend gets the options of the command line", async () => {
  await using app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `export default { session: { backend: "acme", backends: { acme: () => ({
  name: "acme", describe: () => ({}),
  capabilities: { clear: true, createTable: false, truncate: true, replicas: true },
  connect: async (_, options) => ({
    count: async () => 0,
    clear: async ({ budget, truncate }) => {
      console.log(JSON.stringify({ options, budget, truncate }));
      return { cleared: 3, remaining: 0, arrived: 0, advice: "VACUUM\u001b[31m" };
    },
    replicated: async (...asked) => asked[0],
    async [Symbol.asyncDispose]() { throw new Error("too late to matter"); } }) }) } } };`,
  });
  const args = ["--batch", "7", "--pause", "0", "--max-latency", "1s", "--timeout=250ms"];
  const { code, stdout, stderr } = await runAzu(
    [...CLEAR, ...args, "--truncate", "--wait-replicas", "4"],
    { cwd: app.path },
  );
  const [told = "", ...after] = stderr.split("\n");
  deepStrictEqual(after, ["VACUUM\\u001b[31m", ""]);
  deepStrictEqual(JSON.parse(told), {
    options: { timeout: 250 },
    budget: { batch: 7, pause: 0, maxLatency: 1000 },
    truncate: true,
  });
  match(
    stdout,
    /^Cleared 3 session\(s\)\nAt least 4 replica\(s\) of each server have caught up\n✓/m,
  );
  strictEqual(code, 0);
});

Deno.test("--pause rests after each batch of --batch", needs("redis-server"), async () => {
  await using server = await startRedis();
  await using app = await tempDir();
  const client = new Redis(server.url);
  await client.eval("for i=1,1000 do redis.call('SET','session:'..i,'x') end", 0);
  client.disconnect();
  const args = [...CLEAR, "--json", "--batch", "100", "--pause", "60ms"];
  const { stdout } = await runAzu(args, { cwd: app.path, env: { REDIS_URL: server.url } });
  const { cleared, durationMs } = JSON.parse(stdout);
  strictEqual(cleared, 1000);
  strictEqual(durationMs >= 9 * 60, true, stdout);
});

for (const scheme of ["redis", "postgres", "mysql"]) {
  Deno.test(`--timeout is how long a server of ${scheme} may take to let us in`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using app = await tempDir();
    const url = `${scheme}://u:p@127.0.0.1:${listener.addr.port}/${scheme === "redis" ? "" : "db"}`;
    const backend = scheme === "redis" ? "redis" : "database";
    const options = { cwd: app.path, env: { REDIS_URL: url, DATABASE_URL: url } };
    const args = [...CLEAR, "--backend", backend, "--timeout", "600ms", "--json"];
    const { code, stdout, stderr } = await runAzu(args, options);
    strictEqual(code, 1);
    match(stderr, /did not answer in time/);
    match(stderr, /^Nothing was cleared$/m);
    const { outcome, durationMs } = JSON.parse(stdout);
    strictEqual(outcome, "failed");
    strictEqual(durationMs >= 550 && durationMs < 4500, true, stdout);
  });
}

Deno.test("replicas are waited for, and too few are a failure", needs("redis-server"), async () => {
  await using server = await startRedis();
  await using replica = await startRedis({
    args: ["--replicaof", "127.0.0.1", `${server.port}`],
  });
  await using app = await tempDir();
  const options = { cwd: app.path, env: { REDIS_URL: server.url } };
  const client = new Redis(server.url);
  const copy = new Redis(replica.url);
  const fill = () => client.eval("for i=1,5000 do redis.call('SET','session:'..i,'x') end", 0);
  await fill();
  await pollUntil("the replica to follow", async () => await copy.dbsize() === 5000);

  const followed = await runAzu([...CLEAR, "--wait-replicas", "1", "--json"], options);
  strictEqual(await copy.dbsize(), 0);
  const report = JSON.parse(followed.stdout);
  deepStrictEqual([report.outcome, report.cleared, report.replicasFollowed], ["cleared", 5000, 1]);

  await fill();
  await client.wait(1, 0);
  Deno.kill(replica.pid, "SIGSTOP");
  try {
    const few = [...CLEAR, "--wait-replicas", "1", "--timeout", "700ms"];
    const { code, stdout, stderr } = await runAzu(few, options);
    strictEqual(code, 1);
    match(stdout, /^Cleared 5000 session\(s\)\n$/m);
    doesNotMatch(stdout, /✓/);
    match(
      stderr,
      /^error: 5000 session\(s\) are gone, and none remain, but only 0 of 1 replica\(s\) have caught up within 700 ms\n.* sessions come back\. .*safe to repeat\n$/,
    );
    // Nothing is left to remove, and the replica has still not followed.
    const again = JSON.parse((await runAzu([...few, "--json"], options)).stdout);
    deepStrictEqual([again.outcome, again.exitCode, again.remaining, again.replicasFollowed], [
      "failed",
      1,
      0,
      0,
    ]);
  } finally {
    Deno.kill(replica.pid, "SIGCONT");
    client.disconnect();
    copy.disconnect();
  }
});
