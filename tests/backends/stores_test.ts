import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { Redis } from "ioredis";
import { bindBackend } from "../../src/backends/registry.ts";
import { needs } from "../support/env.ts";
import { startRedis } from "../support/redis.ts";
import { conforms, removed } from "./conformance.ts";

const context = { app: "app", root: "/", env: () => undefined, driver: undefined, stated: {} };

conforms({
  name: "redis",
  needs: needs("redis-server"),
  async fixture() {
    const server = await startRedis();
    const client = new Redis(server.url);
    await client.mset(
      "app:sessions:1",
      "a",
      "session:2",
      "b",
      "xapp:session:3",
      "c",
      "app:session",
      "d",
    );
    return {
      backend: bindBackend("redis", { url: server.url }, context),
      async put(count) {
        for (let i = 0; i < count; i += 1000) {
          const keys = Array.from(
            { length: Math.min(1000, count - i) },
            (_, j) => `app:session:${i + j}`,
          );
          await client.mset(Object.fromEntries(keys.map((key) => [key, "x"])));
        }
      },
      async look() {
        const keys = await client.keys("*");
        const neighbours = keys.filter((key) => !key.startsWith("app:session:")).sort();
        return { sessions: keys.length - neighbours.length, neighbours };
      },
      async [Symbol.asyncDispose]() {
        client.disconnect();
        await server[Symbol.asyncDispose]();
      },
    };
  },
});

const texts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => text.isWellFormed());
/** Texts of the characters that mean something in a Redis glob. */
const globs = fc.string({ unit: fc.constantFrom(..."*?[]^-\\ab:"), minLength: 1, maxLength: 8 });

Deno.test(
  "property: for any prefix and neighbours, exactly the prefix's keys go",
  needs("redis-server"),
  async () => {
    await using server = await startRedis();
    const client = new Redis(server.url);
    const prefixes = fc.oneof(globs, texts);
    const { signal } = new AbortController();
    try {
      await fc.assert(
        fc.asyncProperty(
          prefixes,
          fc.array(fc.oneof(globs, texts), { minLength: 1, maxLength: 20 }),
          async (prefix, others) => {
            await client.flushall();
            const keys = [...new Set([...others, ...others.map((other) => prefix + other)])];
            for (const key of keys) await client.set(key, "x");
            await using store = await bindBackend(
              "redis",
              { url: server.url, keyPrefix: prefix },
              context,
            ).connect(signal);
            const ours = keys.filter((key) => key.startsWith(prefix)).length;
            strictEqual(removed(await store.clear({ signal, onProgress() {} })), ours);
            const left = keys.filter((key) => !key.startsWith(prefix)).sort();
            deepStrictEqual((await client.keys("*")).sort(), left);
          },
        ),
        { numRuns: 150 },
      );
    } finally {
      client.disconnect();
    }
  },
);
