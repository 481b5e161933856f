/** A key is removed if it starts with the prefix and kept if not, whatever its bytes. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { Redis } from "ioredis";
import { bindBackend } from "../../../src/backends/registry.ts";
import { needs } from "../../support/env.ts";
import { pollUntil } from "../../support/poll.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { context, removed } from "../subject.ts";

const redisNeeded = needs("redis-server");
const { signal } = new AbortController();

async function clear(url: string, keyPrefix: string): Promise<number> {
  await using store = await bindBackend("redis", { url, keyPrefix }, context).connect(signal);
  const before = await store.count(signal);
  const cleared = removed(await store.clear({ signal, onProgress() {} }));
  strictEqual(before, cleared);
  return cleared;
}

/** A standalone server, or a cluster of one node, where each slot gets its own UNLINK. */
async function place(mode: "server" | "cluster") {
  const args = mode === "cluster" ? ["--cluster-enabled", "yes"] : [];
  const server = await startRedis({ args });
  const client = new Redis(server.url);
  if (mode === "cluster") {
    await client.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
    await pollUntil("the cluster to be up", async () => {
      return /cluster_state:ok/.test(String(await client.cluster("INFO")));
    });
  }
  return {
    ...{ client, url: server.url },
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

const latin = (text: string) => Buffer.from(text, "latin1");

/** Texts with a meaning in the protocol, in globs or for slots, and random bytes. */
const parts = fc.oneof(
  fc.constantFrom(...["\r\n", "$5\r\n", "*2\r\n", "-ERR x\r\n", ":1\r\n", "\0", "\xff", "\xc3"]),
  fc.constantFrom(...["{", "}", "{}", "{a}", "*", "?", "[^a]", "\\", " ", "0", "session:"]),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
);
const texts = fc.array(parts, { maxLength: 6 }).map((some) => some.join(""));
/** A prefix comes from a config, so it is text, encoded as UTF-8. */
const prefixes = fc.oneof(
  fc.array(parts, { minLength: 1, maxLength: 3 })
    .map((some) => some.join("").replace(/[^\0-\x7f]/g, "é")),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(..."*?[]^-\\ab:"), minLength: 1, maxLength: 8 }),
).filter((prefix) => prefix !== "" && prefix.isWellFormed());

for (const mode of ["server", "cluster"] as const) {
  Deno.test(`property: any bytes under any prefix, on a ${mode}`, redisNeeded, async () => {
    await using redis = await place(mode);
    const { client, url } = redis;
    await fc.assert(
      fc.asyncProperty(prefixes, fc.array(texts, { maxLength: 30 }), async (prefix, some) => {
        await client.flushall();
        const start = Buffer.from(prefix);
        const keys = [
          ...some.map(latin),
          ...some.map((text) => Buffer.concat([start, latin(text)])),
        ];
        for (const key of keys) await client.set(key, "x");
        const all = await client.keysBuffer("*");
        const isOurs = (key: Buffer) => key.subarray(0, start.length).equals(start);
        strictEqual(await clear(url, prefix), all.filter(isOurs).length);
        const names = (list: Buffer[]) => list.map((key) => key.toString("hex")).sort();
        deepStrictEqual(
          names(await client.keysBuffer("*")),
          names(all.filter((key) => !isOurs(key))),
        );
      }),
      { numRuns: 100, examples: [["{}}", ["", "\r\n"]]] },
    );
  });
}

// ioredis's parser shrinks its memory in an interval, which ends a little later.
const large = { ...redisNeeded, sanitizeOps: false, sanitizeResources: false };
Deno.test("keys and values of a mebibyte, and a key that is the prefix", large, async () => {
  await using redis = await place("server");
  const { client, url } = redis;
  const large = Buffer.alloc(1 << 20, "\r\n$5\r\n");
  await client.set("session:", "x");
  await client.set("session", "x");
  for (let index = 0; index < 20; index++) {
    await client.set(Buffer.concat([latin(`session:${index}`), large]), "x");
    await client.set(`session:value:${index}`, large);
    await client.set(Buffer.concat([latin(`other:${index}`), large]), large);
  }
  strictEqual(await clear(url, "session:"), 41);
  strictEqual(await client.dbsize(), 21);
});
