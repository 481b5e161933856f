/** Layouts of Redis: keys that other software writes, such as connect-redis. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import type { SessionInfo } from "../../../src/backends/contract.ts";
import { handleOf } from "../../../src/backends/handle.ts";
import type { RedisLayout } from "../../../src/backends/redis/layout_options.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import type { Selection } from "../../../src/core/selection.ts";
import { needs } from "../../support/env.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { listed, onlyOf } from "../conformance_selections.ts";
import { context } from "../subject.ts";

const redisNeeded = needs("redis-server");
const { signal } = new AbortController();

const USER_42: Selection = [{ fact: "user", oneOf: ["42"] }];

/** Keys as connect-redis writes them, and one beside them. */
async function connectRedis(layout: RedisLayout) {
  const server = await startRedis();
  const client = new Redis(server.url);
  const options = { url: server.url, keyPrefix: "sess:", layout };
  const store = await bindBackend("redis", options, context).connect(signal);
  const save = async (id: string, user: unknown, seenAt?: number) => {
    const cookie = { originalMaxAge: 86_400_000, httpOnly: true, path: "/" };
    const value = { cookie, seenAt, ...(user === undefined ? {} : { passport: { user } }) };
    await client.set(`sess:${id}`, JSON.stringify(value), "EX", 86_400);
  };
  await client.set("session:a", '{"passport":{"user":42}}');
  return {
    client,
    store,
    save,
    keys: async () => (await client.keys("*")).sort(),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("layouts, redis: facts at paths of the layout", redisNeeded, async () => {
  await using redis = await connectRedis({
    user: { path: "passport.user" },
    visitedAt: { path: "seenAt" },
    packed: "json",
  });
  const { store, save } = redis;
  const hour = 3_600_000;
  const seenAt = Date.now() - hour;
  await save("a", 42, seenAt);
  await save("b", "42", seenAt - hour);
  await save("c", 7);
  await save("d", undefined);
  deepStrictEqual(await store.examine?.(signal), []);
  const infos: SessionInfo[] = [];
  await store.list?.({ signal, onSessions: (batch) => void infos.push(...batch) });
  const a = infos.find(({ handle }) => handle === handleOf("a"));
  deepStrictEqual([a?.user, a?.visitedAt, a?.createdAt, a?.ip], [
    "42",
    seenAt,
    undefined,
    undefined,
  ]);
  const idle: Selection = [...USER_42, { fact: "visitedAt", before: seenAt }];
  deepStrictEqual(await listed(onlyOf(store, idle)), [handleOf("b")]);
  const anonymous = onlyOf(store, [{ fact: "user", isNull: true }]);
  deepStrictEqual(await listed(anonymous), [handleOf("d")]);
  await onlyOf(store, USER_42).clear({ signal, onProgress() {} });
  deepStrictEqual(await redis.keys(), ["sess:c", "sess:d", "session:a"]);
});

Deno.test("layouts, redis: what a layout does not name is refused", redisNeeded, async () => {
  const layouts: RedisLayout[] = [{ packed: "opaque" }, { ip: { path: "ip" } }];
  for (const layout of layouts) {
    await using redis = await connectRedis(layout);
    await redis.save("a", 42);
    await redis.client.set("sess:b", 'a:1:{s:6:"_token";}');
    const only = onlyOf(redis.store, USER_42);
    const refusal = {
      name: "ImpossibleError",
      message: /^The layout in the config names no place for the user \(redis:/,
    };
    // Whatever is asked in between: the refusal is that of the question.
    await redis.store.count(signal);
    await rejects(only.count(signal), refusal);
    await rejects(async () => await only.clear({ signal, onProgress() {} }), refusal);
    await rejects(listed(only), refusal);
    // What the keys tell needs no payload.
    strictEqual(await onlyOf(redis.store, [{ fact: "expiresAt", isNull: true }]).count(signal), 1);
    const doubts = await redis.store.examine?.(signal) ?? [];
    strictEqual(doubts.length, layout.packed === "opaque" ? 0 : 1, doubts.join());
    strictEqual((await redis.keys()).length, 3);
  }
});

Deno.test("layouts, redis: values of another packing are unreadable", redisNeeded, async () => {
  await using redis = await connectRedis({ user: { path: "passport.user" }, packed: "json" });
  await redis.save("a", 42);
  await redis.client.set("sess:b", btoa(JSON.stringify(["c2VhbGVk", "c2lnbmF0dXJl"])));
  let unreadable = 0;
  const onUnreadable = (count: number) => unreadable = count;
  strictEqual(await onlyOf(redis.store, USER_42).count(signal, { onUnreadable }), 1);
  strictEqual(unreadable, 1);
});
