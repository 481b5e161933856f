/** The rights that a Redis user needs, and the message for each missing right. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { startCluster } from "../../../support/servers/redis_cluster.ts";
import { type RedisServer, startRedis } from "../../../support/servers/redis.ts";
import { tempDir, writeTree } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");

/** As docs/reference/connections.md lists them. */
const RIGHTS = ["+scan", "+unlink"];

async function withUser(server: RedisServer, rights: readonly string[]): Promise<string> {
  const client = new Redis(server.url);
  await client.call("ACL", "SETUSER", "azu", "reset", "on", ">hunter2", ...rights);
  client.disconnect();
  return server.url.replace("//", () => "//azu:hunter2@");
}

async function clear(url: string, config = "") {
  await using app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `export default { session: { backends: { redis: { ${config} } } } };`,
  });
  const env = { REDIS_URL: url };
  const result = await runAzu(["session:clear", "--force"], { cwd: app.path, env });
  doesNotMatch(result.stdout + result.stderr, /hunter2/);
  return result;
}

async function withSessions(database = 0) {
  const server = await startRedis();
  const client = new Redis(server.url, { db: database });
  for (let index = 0; index < 10; index++) await client.set(`session:${index}`, "x");
  await client.set("other", "x");
  return {
    ...{ server, client },
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a user with exactly the documented rights can clear", redisNeeded, async () => {
  await using redis = await withSessions();
  const url = await withUser(redis.server, ["~session:*", ...RIGHTS]);
  const result = await clear(url);
  match(result.stdout, /Cleared 10 session\(s\)\n✓/, result.stderr);
  strictEqual(await redis.client.dbsize(), 1);
});

Deno.test("a database number needs SELECT", redisNeeded, async () => {
  await using redis = await withSessions(2);
  const without = await clear(`${await withUser(redis.server, ["~session:*", ...RIGHTS])}/2`);
  strictEqual(without.code, 1);
  match(without.stderr, /^error: The Redis user may not run SELECT .*\n.*\+select/);
  const rights = ["~session:*", ...RIGHTS, "+select"];
  const result = await clear(`${await withUser(redis.server, rights)}/2`);
  match(result.stdout, /Cleared 10 session\(s\)\n✓/, result.stderr);
});

Deno.test("telling app nodes needs PUBLISH and the channel", redisNeeded, async () => {
  await using redis = await withSessions();
  const rights = ["~session:*", ...RIGHTS];
  const channel = "&session:cluster:invalidate";
  for (const some of [[], ["+publish"], [channel]]) {
    const result = await clear(await withUser(redis.server, [...rights, ...some]), "cluster: true");
    strictEqual(result.code, 1, result.stderr);
    match(result.stderr, /may not publish on the channel of the app's nodes/);
  }
  const all = await withUser(redis.server, [...rights, "+publish", channel]);
  const result = await clear(all, "cluster: true");
  strictEqual(result.code, 0, result.stderr);
});

Deno.test("each missing right is named, and no key is removed", redisNeeded, async () => {
  await using redis = await withSessions();
  for (
    const [rights, said] of [
      [["~session:*", "+unlink"], /^error: The Redis user may not run SCAN .*\n.*\+scan/],
      [["~session:*", "+scan"], /^error: The Redis user may not run UNLINK .*\n.*\+unlink/],
      [["~other:*", "+scan", "+unlink"], /^error: The Redis user may not access keys under this/],
    ] as const
  ) {
    const result = await clear(await withUser(redis.server, rights));
    match(result.stderr, said);
    doesNotMatch(result.stderr, /not known/);
    strictEqual(result.code, 1);
  }
  strictEqual(await redis.client.dbsize(), 11);
});

Deno.test("a cluster needs CLUSTER SLOTS and CLUSTER NODES", redisNeeded, async () => {
  await using cluster = await startCluster({ replicas: false });
  const keys = Array.from({ length: 100 }, (_, index) => `session:${index}`);
  await cluster.put(keys);
  const withRights = async (...more: string[]) => {
    for (const { server } of cluster.masters) {
      await withUser(server, ["~session:*", ...RIGHTS, ...more]);
    }
    return await clear(cluster.url.replace("//", () => "//azu:hunter2@"));
  };
  const slots = await withRights("+cluster|nodes");
  match(slots.stderr, /^error: The Redis user may not run CLUSTER SLOTS .*\n.*\+cluster\|slots/);
  const nodes = await withRights("+cluster|slots");
  match(nodes.stderr, /^error: The Redis user may not run CLUSTER NODES .*\n.*\+cluster\|nodes/);
  deepStrictEqual([slots.code, nodes.code], [1, 1]);
  const result = await withRights("+cluster|slots", "+cluster|nodes");
  match(result.stdout, /Cleared 100 session\(s\)\n✓/, result.stderr);
});
