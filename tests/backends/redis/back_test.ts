/** Sessions that an app writes back during a clear are not counted as gone. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { bindBackend } from "../../../src/backends/registry.ts";
import { needs } from "../../support/env.ts";
import { pausingProxy } from "../../support/network/pausing_proxy.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { context } from "../subject.ts";

const redisNeeded = needs("redis-server");
const { signal } = new AbortController();

/** A server with 100 sessions. `before` is called before each request, and may change them. */
async function place(before: (request: string, client: Redis) => Promise<unknown> | void) {
  const server = await startRedis();
  const client = new Redis(server.url);
  await client.eval("for i=1,100 do redis.call('SET','session:'..i,'x') end", 0);
  const proxy = pausingProxy(server.port, (request) => before(request, client));
  const url = `redis://127.0.0.1:${proxy.port}`;
  const backend = bindBackend("redis", { url, keyPrefix: "session:" }, context);
  return {
    ...{ client, backend },
    async [Symbol.asyncDispose]() {
      client.disconnect();
      proxy[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a session that comes back and stays is not counted as gone", redisNeeded, async () => {
  await using redis = await place((request, client) => {
    if (request.includes("SCAN")) return client.set("session:7", "x");
  });
  await using store = await redis.backend.connect(signal);
  const progress: number[] = [];
  const counts = await store.clear({ signal, onProgress: (cleared) => progress.push(cleared) });
  deepStrictEqual(counts, { cleared: 99, remaining: 1, kept: false, arrived: 0 });
  strictEqual(await redis.client.dbsize(), 1);
  deepStrictEqual([Math.max(...progress), progress.at(-1)], [100, 99]);
});

Deno.test("a session that comes back to an empty store remains", redisNeeded, async () => {
  await using redis = await place((request, client) => {
    if (request.includes("SCAN")) return client.set("session:7", "x");
  });
  await redis.client.flushall();
  await using store = await redis.backend.connect(signal);
  const counts = await store.clear({ signal, onProgress() {} });
  deepStrictEqual(counts, { cleared: 0, remaining: 1, kept: false, arrived: 0 });
});

Deno.test(
  "sessions that came back before a clear failed are not counted as gone",
  redisNeeded,
  async () => {
    let scans = 0;
    await using redis = await place(async (request, client) => {
      if (!request.includes("SCAN") || ++scans !== 2) return;
      await client.mset("session:1", "x", "session:2", "x", "session:3", "x");
      await client.call("ACL", "SETUSER", "default", "-unlink");
    });
    await using store = await redis.backend.connect(signal);
    const told: { cleared: number; inDoubt: number }[] = [];
    const onProgress = (cleared: number, _?: number, inDoubt = 0) =>
      told.push({ cleared, inDoubt });
    await rejects(store.clear({ signal, onProgress }), /^OperationError: [^;]* may not run UNLINK/);
    strictEqual(await redis.client.dbsize(), 3);
    deepStrictEqual(told.at(-1), { cleared: 97, inDoubt: 0 });
  },
);

Deno.test("a session that came back and was removed again is gone", redisNeeded, async () => {
  let scans = 0;
  await using redis = await place((request, client) => {
    if (request.includes("SCAN") && ++scans < 4) return client.set("session:7", "x");
  });
  await using store = await redis.backend.connect(signal);
  const progress: number[] = [];
  const counts = await store.clear({ signal, onProgress: (cleared) => progress.push(cleared) });
  deepStrictEqual(counts, { cleared: 100, remaining: 0, arrived: 0 });
  strictEqual(progress.at(-1), 100);
});

Deno.test("clearAgain counts no session twice", redisNeeded, async () => {
  await using redis = await place(() => {});
  await using store = await redis.backend.connect(signal);
  const first = await store.clear({ signal, onProgress() {} });
  deepStrictEqual(first, { cleared: 100, remaining: 0, arrived: 0 });
  await redis.client.mset("session:7", "x", "session:new", "x");
  const progress: number[] = [];
  const onProgress = (cleared: number) => progress.push(cleared);
  const looked = await store.clearAgain?.({ signal, onProgress }, true);
  deepStrictEqual(looked, { cleared: 99, remaining: 1, kept: false, arrived: 1, again: 0 });
  strictEqual(await redis.client.dbsize(), 2);
  const again = await store.clearAgain?.({ signal, onProgress }, false);
  deepStrictEqual(again, { cleared: 100, remaining: 0, arrived: 1, again: 1 });
  // session:7 is back until it is removed again; session:new is not removed.
  deepStrictEqual([Math.min(...progress), progress.at(-1)], [99, 100]);
  deepStrictEqual(await redis.client.keys("*"), ["session:new"]);
});
