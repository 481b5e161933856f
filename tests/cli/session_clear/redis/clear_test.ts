/** Clearing a standalone Redis. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import { runAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { startRedis } from "../../../support/servers/redis.ts";
import { tempDir, writeTree } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");

/** A Redis for one test, and a client to fill and inspect it. */
async function freshRedis(options: Parameters<typeof startRedis>[0] = {}) {
  const server = await startRedis(options);
  const client = new Redis(server.url);
  return {
    url: server.url,
    client,
    async put(prefix: string, count: number) {
      for (let start = 0; start < count; start += 1000) {
        const pipeline = client.pipeline();
        for (let i = start; i < Math.min(start + 1000, count); i++) {
          pipeline.setex(`${prefix}${crypto.randomUUID()}`, 3600, '{"user_id":1}');
        }
        await pipeline.exec();
      }
    },
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

function configWith(prefix: string): string {
  return `export default { session: { backends: { redis: { keyPrefix: ${
    JSON.stringify(prefix)
  } } } } };`;
}

Deno.test("clear prints exactly the documented lines", redisNeeded, async () => {
  await using redis = await freshRedis();
  await using app = await tempDir();
  await writeTree(app.path, { "shard.yml": "name: myapp\nversion: 0.1.0\n" });
  await redis.put("myapp:session:", 142);
  const result = await runAzu(["session:clear", "--force"], {
    cwd: app.path,
    env: { REDIS_URL: redis.url },
  });
  strictEqual(
    result.decision,
    `Backend: redis (default, because nothing selects another), environment production (the default), target ${redis.url} (from REDIS_URL), keys myapp:session:*`,
  );
  deepStrictEqual(result.stdout.split("\n"), [
    "Clearing sessions...",
    "Backend: redis",
    `Redis URL: ${redis.url}`,
    "Clearing Redis sessions with pattern: myapp:session:*",
    "Cleared 142 session(s)",
    "✓ Sessions cleared successfully",
    "",
  ]);
  strictEqual(result.stderr, "");
  strictEqual(result.code, 0);
  strictEqual(await redis.client.dbsize(), 0);
});

Deno.test("a prefix with glob characters removes exactly its own keys", redisNeeded, async () => {
  await using redis = await freshRedis();
  await using app = await tempDir();
  const prefix = "my*app[1]:session:";
  const neighbours = ["myXapp1:session:", "my*app[1]:sessions:", "session:", "my*app1:session:"];
  await redis.put(prefix, 10_000);
  for (const neighbour of neighbours) await redis.put(neighbour, 100);
  await writeTree(app.path, { "azu.config.ts": configWith(prefix) });
  const result = await runAzu(["session:clear", "--force"], {
    cwd: app.path,
    env: { REDIS_URL: redis.url },
  });
  match(result.stdout, /^Cleared 10000 session\(s\)\n✓ Sessions cleared successfully$/m);
  strictEqual(result.code, 0);
  const left = await redis.client.keys("*");
  strictEqual(left.length, 400);
  for (const neighbour of neighbours) {
    strictEqual(left.filter((key) => key.startsWith(neighbour)).length, 100);
  }
});

Deno.test("keys that are not UTF-8 are cleared, too", redisNeeded, async () => {
  await using redis = await freshRedis();
  await using app = await tempDir();
  await writeTree(app.path, { "shard.yml": "name: myapp\n" });
  const keys = [0xff, 0x00, 0x0a].map((byte) =>
    Buffer.concat([Buffer.from("myapp:session:"), Buffer.from([byte, 0x80])])
  );
  for (const key of keys) await redis.client.set(key, "x");
  const env = { REDIS_URL: redis.url };
  const result = await runAzu(["session:clear", "--force"], { cwd: app.path, env });
  match(result.stdout, /Cleared 3 session\(s\)\n✓/);
  strictEqual(await redis.client.dbsize(), 0);
});

Deno.test("a wrong prefix is noticed by keys that look like sessions", redisNeeded, async () => {
  await using redis = await freshRedis();
  await using app = await tempDir();
  await writeTree(app.path, { "shard.yml": "name: myapp\n", "azu.config.ts": configWith("web:") });
  await redis.put("session:", 7);
  await redis.put("myapp:session:", 3);
  await redis.client.set("other", "1");
  const options = { cwd: app.path, env: { REDIS_URL: redis.url } };
  const result = await runAzu(["session:clear", "--force"], options);
  strictEqual(result.code, 0);
  match(result.stdout, /^No sessions found$/m);
  doesNotMatch(result.stdout, /✓/);
  match(result.stderr, /7 key\(s\) under session:\* look like sessions/);
  match(result.stderr, /3 key\(s\) under myapp:session:\* look like sessions/);
  strictEqual(await redis.client.dbsize(), 11);
  const json = JSON.parse((await runAzu(["session:clear", "-f", "--json"], options)).stdout);
  strictEqual(json.outcome, "empty");
  deepStrictEqual(json.lookAlikes, [
    { pattern: "session:*", count: 7 },
    { pattern: "myapp:session:*", count: 3 },
  ]);
});

Deno.test("a warning about look-alike keys shows no session id", redisNeeded, async () => {
  await using redis = await freshRedis();
  await using app = await tempDir();
  const id = crypto.randomUUID();
  await redis.client.set(`${id}:session:data`, "1");
  await redis.client.set(`session:${id}`, "1");
  await writeTree(app.path, { "shard.yml": "name: myapp\n" });
  const env = { REDIS_URL: redis.url };
  const { stdout, stderr } = await runAzu(["session:clear", "--force"], { cwd: app.path, env });
  match(stderr, /1 key\(s\) under session:\*/);
  strictEqual((stdout + stderr).includes(id), false);
});

Deno.test("a dry run counts sessions and removes none", redisNeeded, async () => {
  await using redis = await freshRedis();
  await using app = await tempDir();
  await writeTree(app.path, { "shard.yml": "name: myapp\n" });
  await redis.put("myapp:session:", 25);
  const options = { cwd: app.path, env: { REDIS_URL: redis.url } };
  const result = await runAzu(["session:clear", "--dry-run"], options);
  strictEqual(result.code, 0);
  match(result.stdout, /Would clear 25 session\(s\); nothing was cleared/);
  doesNotMatch(result.stdout, /✓/);
  strictEqual(await redis.client.dbsize(), 25);
});

Deno.test("--json prints one document", redisNeeded, async () => {
  await using redis = await freshRedis();
  await using app = await tempDir();
  await writeTree(app.path, { "shard.yml": "name: myapp\n" });
  await redis.put("myapp:session:", 12);
  const options = { cwd: app.path, env: { REDIS_URL: redis.url } };
  const result = await runAzu(["session:clear", "--force", "--json"], options);
  const { durationMs, ...rest } = JSON.parse(result.stdout);
  strictEqual(typeof durationMs, "number");
  deepStrictEqual(rest, {
    command: "session:clear",
    backend: "redis",
    decidedBy: "default",
    environment: "production",
    environmentFrom: null,
    doubts: [],
    targetFrom: "REDIS_URL",
    target: redis.url,
    pattern: "myapp:session:*",
    dryRun: false,
    outcome: "cleared",
    cleared: 12,
    remaining: 0,
    arrived: 0,
    lookAlikes: [],
    evidence: null,
    nodesTold: null,
    replicasFollowed: null,
    exitCode: 0,
    warnings: [],
  });
  strictEqual(result.stderr, "");
});

Deno.test("--quiet prints only warnings and errors", redisNeeded, async () => {
  await using redis = await freshRedis();
  await using app = await tempDir();
  await redis.put("session:", 2);
  const options = { cwd: app.path, env: { REDIS_URL: redis.url } };
  const done = await runAzu(["session:clear", "--force", "-q"], options);
  deepStrictEqual([done.code, done.stdout, done.stderr], [0, "", ""]);
  const failed = await runAzu(["session:clear", "--force", "-q"], {
    cwd: app.path,
    env: { REDIS_URL: "redis://127.0.0.1:1" },
  });
  strictEqual(failed.code, 1);
  match(failed.stderr, /^error: Cannot connect to Redis: nothing listens there/);
});

Deno.test(
  "a database number that does not exist is an error, not database 0",
  redisNeeded,
  async () => {
    await using redis = await freshRedis();
    await using app = await tempDir();
    await redis.put("session:", 5);
    const result = await runAzu(["session:clear", "--force"], {
      cwd: app.path,
      env: { REDIS_URL: `${redis.url}/99` },
    });
    strictEqual(result.code, 1);
    match(result.stderr, /database number in the Redis URL does not exist/);
    strictEqual(await redis.client.dbsize(), 5);
  },
);

Deno.test("only the database in the URL is cleared", redisNeeded, async () => {
  await using redis = await freshRedis();
  await using app = await tempDir();
  await redis.put("session:", 5);
  await redis.client.select(3);
  await redis.put("session:", 4);
  const env = { REDIS_URL: `${redis.url}/3` };
  const result = await runAzu(["session:clear", "--force"], { cwd: app.path, env });
  match(result.stdout, /Cleared 4 session\(s\)/);
  strictEqual(await redis.client.dbsize(), 0);
  await redis.client.select(0);
  strictEqual(await redis.client.dbsize(), 5);
});

Deno.test("a cluster with unassigned slots cannot be cleared", redisNeeded, async () => {
  await using redis = await freshRedis({ args: ["--cluster-enabled", "yes"] });
  await using app = await tempDir();
  const env = { REDIS_URL: redis.url };
  const result = await runAzu(["session:clear", "--force", "--json"], { cwd: app.path, env });
  strictEqual(result.code, 1);
  strictEqual(JSON.parse(result.stdout).outcome, "failed");
  match(result.stderr, /some of its slots have no master/);
});

Deno.test("a server without UNLINK, as before Redis 4: DEL does it", redisNeeded, async () => {
  await using redis = await freshRedis({ args: ["--rename-command", "UNLINK", ""] });
  await using app = await tempDir();
  for (let id = 0; id < 700; id++) await redis.client.set(`session:${id}`, "x");
  const env = { REDIS_URL: redis.url };
  const dry = await runAzu(["session:clear", "--dry-run"], { cwd: app.path, env });
  match(dry.stdout, /Would clear 700 session/, dry.stderr);
  const result = await runAzu(["session:clear", "--force"], { cwd: app.path, env });
  match(result.stdout, /^Cleared 700 session\(s\)\n✓/m, result.stderr);
  strictEqual(await redis.client.dbsize(), 0);
});

const WITHOUT_BOTH = ["--rename-command", "UNLINK", "", "--rename-command", "DEL", ""];

Deno.test("the error of a server that removes no key quotes none", redisNeeded, async () => {
  await using redis = await freshRedis({ args: WITHOUT_BOTH });
  await using app = await tempDir();
  const id = crypto.randomUUID();
  await redis.client.set(`session:${id}`, "x");
  const env = { REDIS_URL: redis.url };
  const result = await runAzu(["session:clear", "--force"], { cwd: app.path, env });
  strictEqual(result.code, 1);
  match(result.stderr, /unknown command 'DEL'/i);
  strictEqual((result.stdout + result.stderr).includes(id.slice(0, 8)), false);
  strictEqual(await redis.client.dbsize(), 1);
});
