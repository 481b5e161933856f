/** The state of a Redis: its memory, what it may evict, and what its user may ask. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { payloadOf } from "../../backends/subject.ts";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { tempDir } from "../../support/temp.ts";
import { session } from "../sessions.ts";

async function redisWith(sessions: number) {
  const server = await startRedis({
    args: ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"],
  });
  const client = new Redis(server.url);
  const folder = await tempDir();
  const fill = async (count: number) => {
    const pipeline = client.pipeline();
    for (let index = 0; index < count; index++) {
      const payload = payloadOf(session(`s${index}`, { user: "42" }));
      pipeline.set(`session:s${index}`, payload, "EX", 100_000);
    }
    await pipeline.exec();
  };
  await fill(sessions);
  for (let index = 0; index < 10; index++) await client.set(`another:s${index}`, "x");
  return {
    client,
    fill,
    status: (args: readonly string[] = [], url = server.url) => {
      const env = { REDIS_URL: url };
      return runAzu(["session:status", ...args], { cwd: folder.path, env });
    },
    urlOf: (login: string) => server.url.replace("//", `//${login}@`),
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await folder[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("what endangers the sessions in a Redis", needs("redis-server"), async () => {
  await using redis = await redisWith(500);
  const evicting = await redis.status();
  strictEqual(evicting.code, 0, evicting.stderr);
  match(evicting.stdout, /^Sessions +500$/m);
  match(evicting.stdout, /^Size +≈ \d+ KiB, \d+ B each$/m);
  match(evicting.stdout, /^Server\n {2}memory +\d\.\d MiB of 100 MiB, \d%/m);
  match(evicting.stdout, /^ {2}policy +allkeys-lru$/m);
  match(evicting.stderr, /^warning: Redis may evict sessions that have not expired/);

  await redis.client.config("SET", "maxmemory-policy", "noeviction");
  strictEqual((await redis.status()).stderr, "");
  await redis.client.persist("session:s1");
  const endless = await redis.status();
  match(endless.stdout, /^ {2}never expire +1 +<1%/m);
  match(endless.stderr, /^warning: Some sessions never expire: `azu session:sweep --fix-ttl`/);
  strictEqual((await redis.status(["--quiet", "--fail-if", "endless > 0"])).code, 1);
  strictEqual((await redis.status(["--quiet", "--fail-if", "evicted > 0"])).code, 0);

  // Keys are evicted once the memory is full.
  await redis.client.config("SET", "maxmemory-policy", "allkeys-random");
  for (let index = 0; index < 50; index++) await redis.client.set(`fill:${index}`, "x".repeat(1e5));
  await redis.client.config("SET", "maxmemory", "4mb");
  await redis.client.set("last", "x");
  const evicted = await redis.status(["--quiet", "--fail-if", "evicted > 0"]);
  strictEqual(evicted.code, 1, evicted.stderr);
  match(evicted.stderr, /A limit is reached: evicted > 0: it is \d+$/m);
});

Deno.test(
  "sessions that never expire are counted by the server, if it can",
  needs("redis-server"),
  async () => {
    await using redis = await redisWith(6000);
    const endless = async () => {
      const { figures, estimated } = JSON.parse((await redis.status(["--json"])).stdout);
      return [figures.endless, estimated.includes("endless")];
    };
    // Other keys never expire either, so the sessions among them are not known.
    strictEqual((await endless())[1], true);
    await redis.client.flushdb();
    await redis.client.set("another", "x", "EX", 1000);
    await redis.fill(6000);
    deepStrictEqual(await endless(), [0, false]);
    await redis.client.persist("session:s1");
    await redis.client.del("another");
    deepStrictEqual(await endless(), [1, false]);
  },
);

Deno.test("a user who may only read is told less", needs("redis-server"), async () => {
  await using redis = await redisWith(300);
  const rights = ["~session:*", "+scan", "+mget", "+pexpiretime", "+dbsize"];
  await redis.client.call("ACL", "SETUSER", "reader", "on", ">pw", ...rights);
  for (const args of [[], ["--quick"]]) {
    const { code, stdout, stderr } = await redis.status(args, redis.urlOf("reader:pw"));
    strictEqual(code, 0, stderr);
    match(stdout, /^Sessions +300$/m);
    match(stdout, /^Server\n {2}memory +unknown: this user may not run INFO$/m);
    doesNotMatch(stdout, /^Size/m);
    doesNotMatch(stdout + stderr, /another|pw/);
  }
});
