/** Clearing a Redis behind real sentinels, also during a failover. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import type { Redis } from "ioredis";
import { runAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { pollUntil } from "../../../support/poll.ts";
import { cutReplication, observer, release } from "../../../support/servers/redis_cluster.ts";
import { MASTER, type Sentinels, startSentinels } from "../../../support/servers/redis_sentinel.ts";
import { freePort } from "../../../support/servers/server.ts";
import { tempDir, writeTree } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");
const SESSIONS = 200_000;

async function fill(client: Redis, count: number): Promise<void> {
  await client.eval(
    `for i = 1, ${count} do redis.call('SETEX', 'session:' .. i, 3600, '{"user_id":1}') end
     for i = 1, 1000 do redis.call('SET', 'cache:' .. i, 'x') end`,
    0,
  );
  await client.wait(1, 10_000);
}

async function clear(url: string, args: string[] = []) {
  await using app = await tempDir();
  const result = await runAzu(["session:clear", "--force", ...args], {
    ...{ cwd: app.path, env: { REDIS_URL: url }, timeoutMs: 100_000 },
  });
  return result;
}

function reportOf({ code, stdout }: { code: number; stdout: string }) {
  const { outcome, cleared, remaining, arrived } = JSON.parse(stdout);
  return { code, outcome, cleared, remaining, arrived };
}

const done = (cleared: number) => ({
  code: 0,
  outcome: "cleared",
  cleared,
  remaining: 0,
  arrived: 0,
});

const urlOf = ({ hosts }: Sentinels) => `redis+sentinel://${hosts}/${MASTER}`;

Deno.test(
  "sentinel: the master is cleared although one sentinel is down",
  redisNeeded,
  async () => {
    await using redis = await startSentinels();
    await fill(redis.master.client, 500);
    const url = `redis+sentinel://127.0.0.1:${freePort()},${redis.hosts}/${MASTER}`;
    const result = await clear(url);
    match(result.stdout, /Cleared 500 session\(s\)\n✓/, result.stderr);
    strictEqual(result.code, 0);
    strictEqual(await redis.master.client.dbsize(), 1000);
  },
);

Deno.test("sentinel: a database number after the name of the master", redisNeeded, async () => {
  await using redis = await startSentinels();
  const { client } = redis.master;
  await client.set("session:1", "x");
  await client.select(3);
  await fill(client, 50);
  await using app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `export default {
      session: { backends: { redis: { url: "${urlOf(redis)}/3" } } },
    };`,
  });
  const result = await runAzu(["session:clear", "--force", "--json"], { cwd: app.path });
  deepStrictEqual(reportOf(result), done(50), result.stderr);
  await client.select(0);
  strictEqual(await client.dbsize(), 1);
});

Deno.test("sentinel: a failover during a clear brings sessions back", redisNeeded, async () => {
  await using redis = await startSentinels();
  const { master, replica } = redis;
  await fill(master.client, SESSIONS);
  await cutReplication(master.client);
  const before = await master.client.dbsize();
  const clearing = clear(urlOf(redis), ["--json"]);
  await pollUntil("the first to go", async () => await master.client.dbsize() !== before);
  Deno.kill(master.server.pid, "SIGKILL");
  const result = await clearing;
  deepStrictEqual(reportOf(result), done(SESSIONS), result.stderr);
  const client = observer(replica.server.url); // a failover closes all connections
  deepStrictEqual(await client.keys("session:*"), []);
  strictEqual(await client.dbsize(), 1000);
  release(client);
});

Deno.test("sentinel: no sentinel knows the name of the master", redisNeeded, async () => {
  await using redis = await startSentinels();
  const result = await clear(`redis+sentinel://${redis.hosts}/other`);
  strictEqual(result.code, 1);
  match(result.stderr, /knows no master with the name in the URL/);
  doesNotMatch(result.stdout, /✓/);
});

Deno.test("sentinel: a redis:// URL that names a sentinel", redisNeeded, async () => {
  await using redis = await startSentinels();
  const result = await clear(redis.sentinels[0]?.url ?? "");
  strictEqual(result.code, 1);
  match(result.stderr, /is a sentinel/);
  match(result.stderr, /redis\+sentinel:\/\//);
});

Deno.test("sentinel: a redis+sentinel:// URL that names a server", redisNeeded, async () => {
  await using redis = await startSentinels();
  const result = await clear(`redis+sentinel://127.0.0.1:${redis.master.server.port}/${MASTER}`);
  strictEqual(result.code, 1);
  match(result.stderr, /is not a sentinel/);
});

Deno.test("sentinel: every sentinel is down", redisNeeded, async () => {
  const result = await clear(`redis+sentinel://:hunter2@127.0.0.1:${freePort()}/${MASTER}`);
  strictEqual(result.code, 1);
  match(result.stderr, /nothing listens there/);
  doesNotMatch(result.stderr + result.stdout, /hunter2/);
});

Deno.test(
  "sentinel: sentinels that require a password get the one in the URL",
  redisNeeded,
  async () => {
    await using redis = await startSentinels({ sentinelPassword: "hunter2" });
    await fill(redis.master.client, 50);
    const none = await clear(urlOf(redis));
    strictEqual(none.code, 1);
    match(none.stderr, /^error: A sentinel refused the login: .* and the URL has none/);
    match(
      none.stderr,
      /add it to the URL: \?sentinelUsername=<user>&sentinelPassword=<password>$/m,
    );
    // The servers need no password, and the sentinels have their own.
    const login = await clear(`${urlOf(redis)}?sentinelPassword=hunter2`);
    match(login.stdout, /Cleared 50 session\(s\)\n✓/, login.stderr);
    doesNotMatch(login.stdout + login.stderr, /hunter2/);
    await fill(redis.master.client, 50);
    const wrong = await clear(urlOf(redis).replace("//", () => "//:hunter1@"));
    strictEqual(wrong.code, 1);
    match(wrong.stderr, /refused the user or password/);
    doesNotMatch(wrong.stderr + wrong.stdout, /hunter1/);
    await redis.master.client.config("SET", "requirepass", "hunter2");
    const right = await clear(urlOf(redis).replace("//", () => "//:hunter2@"));
    match(right.stdout, /Cleared 50 session\(s\)\n✓/, right.stderr);
  },
);
