/** Redis behind a line that breaks, stops, damages and delays, at hundreds of places. */
import { deepStrictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { bindBackend } from "../../src/backends/registry.ts";
import type { Fault } from "../support/fault_proxy.ts";
import { needs } from "../support/env.ts";
import { startRedis } from "../support/redis.ts";
import { clearWithFault, conversation, places, type Subject } from "./sweep.ts";

const SESSIONS = 1200;

async function redisSubject(): Promise<Subject & AsyncDisposable> {
  const server = await startRedis();
  const client = new Redis(server.url);
  const prefix = "shop:session:";
  const others = Object.fromEntries(
    ["shop:sessions:1", "shop:session", "xshop:session:1", "cart:1"].map((key) => [key, "x"]),
  );
  await client.mset(others);
  const keys = () => client.keys(`${prefix}*`);
  return {
    port: server.port,
    async fill() {
      const script = "for i = 1, ARGV[2] do redis.call('SET', ARGV[1] .. i, 'x') end";
      await client.eval(script, 0, prefix, SESSIONS);
      return SESSIONS;
    },
    sessions: async () => (await keys()).length,
    async neighbours() {
      const all = await client.keys("*");
      return all.filter((key) => !key.startsWith(prefix)).sort();
    },
    backend: (port) =>
      bindBackend("redis", { url: `redis://127.0.0.1:${port}`, keyPrefix: prefix }, {
        app: "shop",
        root: "/",
        env: () => undefined,
        driver: undefined,
        stated: {},
      }),
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

const HOW_MANY: readonly [Fault["kind"], number][] = [
  ["cut", 120],
  ["half-close", 40],
  ["garble", 120],
  ["delay", 20],
];

for (const side of ["request", "answer"] as const) {
  for (const [kind, count] of HOW_MANY) {
    Deno.test(
      `redis: ${kind} in the ${side} at ${count} places`,
      needs("redis-server"),
      async () => {
        await using subject = await redisSubject();
        const length = (await conversation(subject))[side];
        const outcomes = new Map<string, number>();
        for (const at of places(length, count, 20261122)) {
          const outcome = await clearWithFault(subject, { kind, side, at });
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
        if (kind === "delay") deepStrictEqual([...outcomes.keys()], ["cleared"]);
      },
    );
  }
}
