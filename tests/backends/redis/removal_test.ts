/** How the sessions that a clear removes are counted. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import { RedisConnection } from "../../../src/backends/redis/connection.ts";
import { openNode, type RedisNode } from "../../../src/backends/redis/node.ts";
import { Removal } from "../../../src/backends/redis/removal.ts";
import { parseRedisUrl } from "../../../src/backends/redis/url.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { needs } from "../../support/env.ts";
import { pausingProxy } from "../../support/network/pausing_proxy.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { context } from "../subject.ts";

const redisNeeded = needs("redis-server");
const keysOf = (...names: string[]) => names.map((name) => Buffer.from(`:${name}`));

/** A server with these keys, a connection of azu and one of the test. */
async function place(...names: string[]) {
  const server = await startRedis();
  const client = new Redis(server.url);
  for (const key of keysOf(...names)) await client.set(key, "x");
  const endpoint = parseRedisUrl(server.url);
  const access = { endpoint, tls: undefined, connectTimeout: 5000 };
  const node = await openNode(access, endpoint.nodes[0], new AbortController().signal);
  return {
    client,
    node,
    async [Symbol.asyncDispose]() {
      node[Symbol.dispose]();
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test(
  "a key that is written back and removed in the same sweep counts once",
  redisNeeded,
  async () => {
    await using redis = await place("a", "b", "c");
    const removal = new Removal(1);
    await removal.remove(redis.node, keysOf("a", "b"), false);
    await redis.client.set(":b", "x");
    await removal.remove(redis.node, keysOf("b", "c"), false);
    strictEqual(removal.gone, 3);
  },
);

Deno.test("a key that SCAN returns twice counts once", redisNeeded, async () => {
  await using redis = await place("a", "b", "c", "d");
  const removal = new Removal(1);
  await removal.remove(redis.node, keysOf("a", "b"), false);
  await removal.remove(redis.node, keysOf("b", "c"), false);
  strictEqual(removal.gone, 3);
  await removal.remove(redis.node, keysOf("d", "d"), false);
  strictEqual(removal.gone, 4);
});

Deno.test(
  "keys whose replies are lost are in doubt once, until a pass is complete",
  redisNeeded,
  async () => {
    await using redis = await place("a", "b", "c");
    const dead: RedisNode = { ...redis.node, connection: await closedConnection(redis.node) };
    const removal = new Removal(1);
    for (let attempt = 0; attempt < 6; attempt++) {
      removal.beginPass();
      await rejects(removal.remove(dead, keysOf("a", "b", "c"), attempt > 0), /lost/);
    }
    deepStrictEqual([removal.gone, removal.inDoubt], [0, 3]);
    removal.beginPass();
    await removal.remove(redis.node, keysOf("a"), true);
    removal.endPass();
    deepStrictEqual([removal.gone, removal.inDoubt], [3, 0]);
    const split = removal.split(keysOf("a", "b", "c", "d"));
    deepStrictEqual([split.old.length, split.new.length], [3, 1]);
  },
);

async function closedConnection({ address }: RedisNode): Promise<RedisConnection> {
  const target = { address, tls: undefined, timeout: 5000 };
  const connection = await RedisConnection.open(target, new AbortController().signal);
  connection.close(new Error("lost"));
  return connection;
}

/** Prepares a clear of 100 sessions as a user with these rights. `before` is called before each request. */
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

Deno.test(
  "a session that comes back is noticed where another has expired",
  redisNeeded,
  async () => {
    let [unlinks, scans] = [0, 0];
    await using clear = await clearing(["+scan", "+unlink"], (request, client) => {
      if (request.includes("UNLINK") && ++unlinks === 1) return client.del("session:1");
      if (request.includes("SCAN") && ++scans > 1) return client.set("session:2", "x");
    });
    deepStrictEqual(await clear.counts(), { cleared: 98, remaining: 1, kept: false, arrived: 0 });
  },
);

Deno.test(
  "many lost replies leave no more sessions in doubt than there were",
  redisNeeded,
  async () => {
    const abort = new AbortController();
    let lost = 0;
    await using clear = await clearing(["+scan", "+unlink", "+dbsize"], (request) => {
      if (!request.includes("UNLINK")) return;
      if (++lost === 4) abort.abort(new Error("enough"));
      throw new Error("the connection is lost");
    }, abort.signal);
    await rejects(clear.counts(), /enough/);
    deepStrictEqual([lost, Math.max(...clear.doubts)], [4, 100]);
  },
);
