/** Lists of Redis: what they say of keys of any type, and how they wait for their reader. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { SessionInfo } from "../../../src/backends/contract.ts";
import { handleOf } from "../../../src/backends/handle.ts";
import { OperationError } from "../../../src/core/errors.ts";
import { needs } from "../../support/env.ts";
import { place } from "./selected_place.ts";

const redisNeeded = needs("redis-server");
const { signal } = new AbortController();

const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("a list says what keys of any type are", redisNeeded, async () => {
  await using redis = await place();
  await redis.client.hset("session:hash", "user_id", 42);
  await redis.client.set("session:", '{"user_id":9007199254740993}', "PX", 100_000);
  await redis.client.set(Buffer.from("session:\xff", "latin1"), "\0");
  const infos = new Map<string, SessionInfo>();
  await redis.store.list?.({
    signal,
    onSessions: (batch) => batch.forEach((info) => infos.set(info.handle, info)),
  });
  const unknown = {
    ...{ user: undefined, createdAt: undefined, visitedAt: undefined, ip: undefined },
    ...{ userAgent: undefined, expiresAt: null },
  };
  const hash = handleOf("hash");
  deepStrictEqual(infos.get(hash), { ...unknown, handle: hash, size: 12 });
  const byte = handleOf(Buffer.from([0xff]));
  deepStrictEqual(infos.get(byte), { ...unknown, handle: byte, size: 10 });
  const empty = infos.get(handleOf(""));
  deepStrictEqual([empty?.user, empty?.size, infos.size], ["9007199254740993", 36, 3]);
  ok(Math.abs((empty?.expiresAt ?? 0) - Date.now() - 100_000) < 5000);
});

Deno.test("a key that is gone before it is read is not listed", redisNeeded, async () => {
  await using redis = await place({
    before: (request, client) => request.includes("MGET") ? client.del("session:s1") : undefined,
  });
  await redis.fill(3);
  const handles: string[] = [];
  await redis.store.list?.({
    signal,
    onSessions: (batch) => void handles.push(...batch.map(({ handle }) => handle)),
  });
  deepStrictEqual(handles.sort(), [handleOf("s0"), handleOf("s2")].sort());
});

Deno.test("a list waits for its reader, who gets one batch at a time", redisNeeded, async () => {
  await using redis = await place();
  await redis.fill(20_000);
  let reading = 0;
  let batches = 0;
  let listed = 0;
  await redis.store.list?.({
    signal,
    budget: { batch: 1000 },
    async onSessions(batch) {
      strictEqual(++reading, 1);
      const scans = await redis.asked("scan");
      await rest(30);
      // It goes on for a few batches only.
      ok(await redis.asked("scan") - batches < 8, `${scans} scans, ${batches} batches`);
      batches++;
      listed += batch.length;
      reading--;
    },
  });
  strictEqual(listed, 20_000);
});

Deno.test("a list ends at once when it is interrupted", redisNeeded, async () => {
  await using redis = await place();
  await redis.fill(5000);
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error("enough")), 200);
  const start = performance.now();
  const forever = new Promise<void>(() => {});
  const listing = redis.store.list?.({ signal: abort.signal, onSessions: () => forever });
  await rejects(async () => await listing, /^Error: enough$/);
  ok(performance.now() - start < 2000);
});

Deno.test(
  "what the reader throws ends the list, and is no failure of Redis",
  redisNeeded,
  async () => {
    await using redis = await place();
    await redis.fill(5000);
    for (const failure of [new Error("EPIPE"), new OperationError("The disk is full")]) {
      let calls = 0;
      const listing = redis.store.list?.({
        signal,
        onSessions() {
          if (++calls === 2) throw failure;
        },
      });
      await rejects(async () => await listing, (error) => error === failure);
      strictEqual(calls, 2);
    }
  },
);

Deno.test("large sessions are read a few at a time", redisNeeded, async () => {
  await using redis = await place();
  const { client } = redis;
  await redis.fill(10);
  // 250 MB, where an answer may have 64 MiB.
  const payload = '{"user_id":42,"cart":"' + "x".repeat(1_000_000) + '"}';
  for (let index = 0; index < 250; index++) await client.set(`session:large${index}`, payload);
  strictEqual(await redis.only().count(signal), 255);
  let size = 0;
  await redis.store.list?.({
    signal,
    onSessions: (batch) => batch.forEach((info) => size += info.size),
  });
  ok(size > 250_000_000);
});
