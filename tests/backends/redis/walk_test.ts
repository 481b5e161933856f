/** A walk over the keys of one server. */
import { deepStrictEqual, rejects } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import { Pace } from "../../../src/backends/pace.ts";
import { openNode } from "../../../src/backends/redis/node.ts";
import { walk } from "../../../src/backends/redis/walk.ts";
import { parseRedisUrl } from "../../../src/backends/redis/url.ts";
import { needs } from "../../support/env.ts";
import { startRedis } from "../../support/servers/redis.ts";

const redisNeeded = needs("redis-server");
const { signal } = new AbortController();

Deno.test(
  "the failure of a batch is thrown after the later batches have ended",
  redisNeeded,
  async () => {
    await using server = await startRedis();
    const client = new Redis(server.url);
    await client.eval("for i=1,300 do redis.call('SET','session:'..i,'x') end", 0);
    client.disconnect();
    const endpoint = parseRedisUrl(server.url);
    const access = { endpoint, tls: undefined, connectTimeout: 5000 };
    using node = await openNode(access, endpoint.nodes[0], signal);
    const keys = { pattern: Buffer.from("session:*"), prefix: Buffer.from("session:") };
    const pace = new Pace({}, { batch: 100, maxLatency: 1000 });
    const ended: string[] = [];
    let batch = 0;
    const visit = async () => {
      const which = batch++;
      await new Promise((resolve) => setTimeout(resolve, 100 * which));
      ended.push(`batch ${which}`);
      if (which < 2) throw new Error(`batch ${which} failed`);
    };
    await rejects(walk(node, keys, { signal, pace }, visit), /^Error: batch 0 failed$/);
    deepStrictEqual(ended, ["batch 0", "batch 1", "batch 2"]);
  },
);
