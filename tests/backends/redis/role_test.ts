/** A standalone server that becomes a replica during a clear or a count. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { bindBackend } from "../../../src/backends/registry.ts";
import { needs } from "../../support/env.ts";
import { pausingProxy } from "../../support/network/pausing_proxy.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { context } from "../subject.ts";

const redisNeeded = needs("redis-server");
const { signal } = new AbortController();

/** A server with 100 sessions. `change` is called before the SCAN with that number, from 1. */
async function place(
  scan: number,
  change: (client: Redis) => Promise<unknown>,
  onHello?: (client: Redis, hellos: number) => Promise<unknown>,
) {
  const server = await startRedis();
  const client = new Redis(server.url);
  await client.eval("for i=1,100 do redis.call('SET','session:'..i,'x') end", 0);
  const asked: string[] = [];
  let scans = 0;
  const proxy = pausingProxy(server.port, async (request) => {
    asked.push(...request.match(/SCAN|UNLINK|HELLO|INFO|PING/g) ?? []);
    if (request.includes("SCAN") && ++scans === scan) await change(client);
    const hellos = asked.filter((command) => command === "HELLO").length;
    if (request.includes("HELLO")) await onHello?.(client, hellos);
  });
  const url = `redis://127.0.0.1:${proxy.port}`;
  return {
    ...{ client, asked, url },
    backend: bindBackend("redis", { url, keyPrefix: "session:" }, context),
    async [Symbol.asyncDispose]() {
      client.disconnect();
      proxy[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const follow = (client: Redis) => client.call("REPLICAOF", "127.0.0.1", "1");

Deno.test(
  "a clear fails if the server becomes a replica after its keys are removed",
  redisNeeded,
  async () => {
    await using redis = await place(2, follow);
    await using store = await redis.backend.connect(signal);
    let last = 0;
    const clear = store.clear({ signal, onProgress: (cleared) => last = cleared });
    await rejects(clear, /This Redis is a read-only replica/);
    strictEqual(last, 100);
  },
);

Deno.test(
  "a clear that finds nothing fails if the server becomes a replica",
  redisNeeded,
  async () => {
    await using redis = await place(1, async (client) => {
      await client.flushall();
      await follow(client);
    });
    await using store = await redis.backend.connect(signal);
    await rejects(store.clear({ signal, onProgress() {} }), /This Redis is a read-only replica/);
  },
);

Deno.test("a count starts again if the server was a replica for a while", redisNeeded, async () => {
  await using redis = await place(1, follow, async (client, hellos) => {
    // HELLO is sent on connecting, at the end of the pass, and on connecting again.
    if (hellos === 3) await client.call("REPLICAOF", "NO", "ONE");
  });
  await using store = await redis.backend.connect(signal);
  strictEqual(await store.count(signal), 100);
  deepStrictEqual(redis.asked.filter((command) => command === "SCAN").length, 2);
});

Deno.test("a pass checks the role with one HELLO, which needs no right", redisNeeded, async () => {
  await using redis = await place(1, (client) => {
    return client.call("ACL", "SETUSER", "default", "-info", "-role");
  });
  await using store = await redis.backend.connect(signal);
  const counts = await store.clear({ signal, onProgress() {} });
  deepStrictEqual(counts, { cleared: 100, remaining: 0, arrived: 0 });
  deepStrictEqual(redis.asked, ["HELLO", "SCAN", "UNLINK", "HELLO", "SCAN", "HELLO"]);
});

Deno.test("a server without HELLO whose user loses the right to INFO", redisNeeded, async () => {
  const forbid = (client: Redis) => client.call("ACL", "SETUSER", "default", "-info");
  await using server = await startRedis({ args: ["--rename-command", "HELLO", ""] });
  using client = disposable(new Redis(server.url));
  await client.redis.set("session:1", "x");
  using proxy = pausingProxy(server.port, async (request) => {
    if (request.includes("SCAN")) await forbid(client.redis);
  });
  const url = `redis://127.0.0.1:${proxy.port}`;
  const backend = bindBackend("redis", { url, keyPrefix: "session:" }, context);
  await using store = await backend.connect(signal);
  const counts = await store.clear({ signal, onProgress() {} });
  deepStrictEqual(counts, { cleared: 1, remaining: 0, arrived: 0 });
});

function disposable(redis: Redis) {
  return { redis, [Symbol.dispose]: () => redis.disconnect() };
}
