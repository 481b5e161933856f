/** What a clear of Redis remembers of what it has removed. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { Removed } from "../../../src/backends/redis/removed.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import type { RawKeys } from "../../../src/backends/redis/resp/scan.ts";
import { needs } from "../../support/env.ts";
import { pausingProxy } from "../../support/pausing_proxy.ts";
import { startRedis } from "../../support/redis.ts";
import { context } from "../subject.ts";

const redisNeeded = needs("redis-server");
const encoder = new TextEncoder();

function raw(...keys: string[]): RawKeys {
  const text = keys.map((key) => `$${key.length}\r\n${key}\r\n`).join("");
  return { bytes: encoder.encode(text), count: keys.length };
}

Deno.test("a key that is written back, and removed in the same sweep, counts once", () => {
  const removed = new Removed(1);
  removed.add(2, [raw(":a", ":b")]);
  removed.add(2, [raw(":b", ":c")]);
  strictEqual(removed.gone, 3);
});

Deno.test("a key that SCAN gives twice counts once", () => {
  const removed = new Removed(1);
  removed.add(2, [raw(":a", ":b")]);
  strictEqual(removed.add(1, [raw(":b", ":c")]), false);
  strictEqual(removed.gone, 3);
  strictEqual(removed.add(1, [raw(":d", ":d")]), false);
  strictEqual(removed.gone, 4);
});

Deno.test("keys whose answers are lost are told apart, however often that happens", () => {
  const removed = new Removed(1);
  for (let attempt = 0; attempt < 6; attempt++) removed.lose([raw(":a", ":b"), raw(":c")]);
  deepStrictEqual([removed.gone, removed.inDoubt], [0, 3]);
  removed.add(1, [raw(":a")]); // it was there still
  deepStrictEqual([removed.gone, removed.inDoubt], [1, 2]);
  removed.settle();
  deepStrictEqual([removed.gone, removed.inDoubt], [3, 0]);
  strictEqual(removed.known(raw(":a", ":b", ":c", ":d")).yes.count, 3);
});

/** Clears a hundred sessions as a user with these rights; something happens before each request. */
async function clearing(
  rights: readonly string[],
  before: (request: string, client: Redis) => Promise<unknown> | void,
  signal = new AbortController().signal,
) {
  const server = await startRedis();
  const client = new Redis(server.url);
  await client.eval("for i=1,100 do redis.call('SET','session:'..i,'x') end", 0);
  await client.call("ACL", "SETUSER", "azu", "on", ">pw", "~session:*", ...rights);
  const proxy = pausingProxy(server.port, (request) => before(request, client));
  const url = `redis://azu:pw@127.0.0.1:${proxy.port}`;
  const store = await bindBackend("redis", { url, keyPrefix: "session:" }, context).connect(signal);
  const doubts: number[] = [];
  return {
    ...{ client, doubts },
    counts: () => store.clear({ signal, onProgress: (_, __, inDoubt = 0) => doubts.push(inDoubt) }),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      proxy[Symbol.dispose]();
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

for (const rights of [["+scan", "+unlink"], ["+scan", "+unlink", "+exists"]]) {
  Deno.test(
    `where some expire, others that come back are known: ${rights.join(" ")}`,
    redisNeeded,
    async () => {
      let [unlinks, scans] = [0, 0];
      await using clear = await clearing(rights, (request, client) => {
        if (request.includes("UNLINK") && ++unlinks === 1) return client.del("session:1");
        if (request.includes("SCAN") && ++scans > 1) return client.set("session:2", "x");
      });
      deepStrictEqual(await clear.counts(), { cleared: 98, remaining: 1, kept: false, arrived: 0 });
    },
  );
}

Deno.test("no more is in doubt than there is, after many lost answers", redisNeeded, async () => {
  const abort = new AbortController();
  let lost = 0;
  await using clear = await clearing(["+scan", "+unlink", "+dbsize"], (request) => {
    if (!request.includes("UNLINK")) return;
    if (++lost === 4) abort.abort(new Error("enough"));
    throw new Error("the connection is lost");
  }, abort.signal);
  await rejects(clear.counts(), /enough/);
  deepStrictEqual([lost, Math.max(...clear.doubts)], [4, 100]);
});
