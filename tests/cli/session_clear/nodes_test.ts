/** Nodes with caches that save sessions back before they hear that they are gone. */
import { deepStrictEqual, match } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { pausingProxy } from "../../support/network/pausing_proxy.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

const redisNeeded = needs("redis-server");
const CONFIG = "export default { session: { backends: { redis: { cluster: true, " +
  'keyPrefix: "session:" } } } };';

/** Clears three sessions, while something happens before each request. */
async function clear(
  before: (request: string, client: Redis) => Promise<unknown> | void,
  args: readonly string[] = [],
) {
  await using server = await startRedis();
  await using app = await tempDir();
  await writeTree(app.path, { "azu.config.ts": CONFIG });
  const client = new Redis(server.url);
  const node = client.duplicate();
  await node.subscribe("session:cluster:invalidate");
  await client.mset("session:1", "x", "session:2", "x", "session:3", "x");
  using proxy = pausingProxy(server.port, (request) => before(request, client));
  const env = { REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
  const result = await runAzu(["session:clear", "--force", ...args], { cwd: app.path, env });
  const left = await client.dbsize();
  client.disconnect();
  node.disconnect();
  return { ...result, left };
}

Deno.test("a session that a node saves back is counted once", redisNeeded, async () => {
  let told = 0;
  const { code, stdout, stderr, left } = await clear((request, client) => {
    if (request.includes("PUBLISH") && ++told === 1) return client.set("session:1", "x");
  });
  match(stdout, /^Cleared 3 session\(s\)\nTold 1 app node\(s\).*\n✓/m, stderr);
  deepStrictEqual([code, left, told], [0, 0, 2]);
});

Deno.test("a session that a node saves back repeatedly is not gone", redisNeeded, async () => {
  let isSavedBack = false;
  const { code, stdout, left } = await clear((request, client) => {
    isSavedBack ||= request.includes("PUBLISH");
    if (isSavedBack && request.includes("SCAN")) return client.set("session:1", "x");
  }, ["--json"]);
  const { outcome, cleared, remaining, error } = JSON.parse(stdout);
  deepStrictEqual([code, outcome, cleared, remaining, left], [1, "partial", 2, 1, 1]);
  match(error.message, /^1 session\(s\) from before the clear are there again/);
});

Deno.test("a new session stays, and is reported", redisNeeded, async () => {
  let told = 0;
  const { stdout, stderr, left } = await clear((request, client) => {
    if (request.includes("PUBLISH") && ++told === 1) {
      return client.mset("session:1", "x", "session:4", "x");
    }
  });
  match(stdout, /^Cleared 3 session\(s\)\nTold 1 app node\(s\).*\n✓/m);
  match(stderr, /^warning: 1 session\(s\) were written during the clear/m);
  deepStrictEqual(left, 1);
});

Deno.test(
  "what is saved back whenever nodes are told is never called gone",
  redisNeeded,
  async () => {
    const keys = ["session:1", "x", "session:2", "x"];
    const { code, stdout, stderr, left } = await clear((request, client) => {
      if (request.includes("PUBLISH")) return client.mset(...keys);
    });
    match(stdout, /^Cleared 1 session\(s\)$/m);
    match(stderr, /^error: 2 session\(s\) from before the clear are there again/m);
    deepStrictEqual([code, left, stdout.includes("✓")], [1, 2, false]);
  },
);

Deno.test("what a node saves in a store that was empty is told", redisNeeded, async () => {
  let told = 0;
  const { code, stdout, stderr } = await clear((request, client) => {
    if (told === 0 && request.includes("HELLO")) return client.flushall();
    if (request.includes("PUBLISH") && ++told === 1) return client.set("session:1", "x");
  });
  match(stdout, /^No sessions found\nTold 1 .*\n✓ Nothing to clear/m);
  match(stderr, /^warning: 1 session\(s\) were written during the clear/m);
  deepStrictEqual(code, 0);
});
