/** What a clear of Redis reports while it works, and how it waits for replicas. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { bindBackend } from "../../../src/backends/registry.ts";
import { needs } from "../../support/env.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { context } from "../subject.ts";

const redisNeeded = needs("redis-server");
const { signal } = new AbortController();

async function redisWith(ours: number, others: number) {
  const server = await startRedis();
  const client = new Redis(server.url);
  const fill = "for i=1,ARGV[2] do redis.call('SET',ARGV[1]..i,'x') end";
  await client.eval(fill, 0, "app:session:", ours);
  await client.eval(fill, 0, "other:", others);
  return {
    client,
    store: await bindBackend("redis", { url: server.url }, context).connect(signal),
    async [Symbol.asyncDispose]() {
      await this.store[Symbol.asyncDispose]();
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test(
  "a clear reports its phases, and an estimate that turns out right",
  redisNeeded,
  async () => {
    await using redis = await redisWith(20_000, 60_000);
    const phases: string[] = [];
    const estimates: number[] = [];
    const counts = await redis.store.clear({
      signal,
      onPhase: (phase) => phases.push(phase),
      onProgress(cleared, total) {
        if (total === undefined) return;
        strictEqual(total >= cleared, true, `${cleared} of ${total}`);
        estimates.push(total);
      },
    });
    deepStrictEqual(counts, { cleared: 20_000, remaining: 0, arrived: 0 });
    deepStrictEqual(phases, ["clearing", "verifying"]);
    const late = estimates.slice(Math.floor(estimates.length / 10));
    strictEqual(late.length > 10, true);
    for (const total of late) strictEqual(total > 15_000 && total < 25_000, true, `${total}`);
    strictEqual(estimates.at(-1), 20_000);
  },
);

Deno.test(
  "a store without sessions is scanned once, and waits for no replica",
  redisNeeded,
  async () => {
    await using redis = await redisWith(0, 1000);
    const phases: string[] = [];
    await redis.store.clear({ signal, onPhase: (phase) => phases.push(phase), onProgress() {} });
    deepStrictEqual(phases, ["clearing"]);
    strictEqual(await redis.store.replicated?.(0, 1000, signal), 0);
  },
);

Deno.test(
  "waiting for replicas ends after the timeout, or when interrupted",
  redisNeeded,
  async () => {
    await using redis = await redisWith(0, 0);
    const start = performance.now();
    strictEqual(await redis.store.replicated?.(1, 300, signal), 0);
    strictEqual(performance.now() - start < 3000, true);
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("enough")), 100);
    const answer = await redis.store.replicated?.(1, 30_000, abort.signal).catch(String);
    strictEqual(answer, "Error: enough");
    strictEqual(performance.now() - start < 6000, true);
  },
);

Deno.test("a user without the right to INFO relies on WAIT", redisNeeded, async () => {
  await using redis = await redisWith(0, 0);
  await redis.client.call("CONFIG", "SET", "requirepass", "");
  await redis.client.call("ACL", "SETUSER", "default", "-info");
  strictEqual(await redis.store.replicated?.(1, 200, signal), 0);
});
