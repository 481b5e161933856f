/** Selections in Redis: what is read, what cannot be read, and what changes meanwhile. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { handleOf } from "../../../src/backends/handle.ts";
import type { Selection } from "../../../src/core/selection.ts";
import { needs } from "../../support/env.ts";
import { clear, place, session, USER_42 } from "./selected_place.ts";

const redisNeeded = needs("redis-server");
const { signal } = new AbortController();

const FOREVER: Selection = [{ fact: "expiresAt", isNull: true }];
const IDLE: Selection = [{ fact: "visitedAt", before: Date.now() - 60_000 }];

Deno.test("no selection is the whole store", redisNeeded, async () => {
  await using redis = await place();
  await redis.fill(10);
  await redis.client.rpush("session:list", "x");
  strictEqual(await redis.only([]).count(signal), 11);
  deepStrictEqual(await clear(redis.only([])), { cleared: 11, remaining: 0, arrived: 0 });
});

Deno.test(
  "keys that cannot be read are not selected, and are counted apart",
  redisNeeded,
  async () => {
    await using redis = await place();
    await redis.save(session("mine", "42"), session("other", "7"));
    const { client } = redis;
    await client.hset("session:hash", "user_id", 42);
    await client.rpush("session:list", '{"user_id":42}');
    await client.sadd("session:set", "42");
    for (const [index, text] of ["", "\0", "[1]", "{", '{"user_id":', "--"].entries()) {
      await client.set(`session:garbage${index}`, text);
    }
    const before = await redis.ids();
    let told: number[] = [];
    const onUnreadable = (count: number) => void told.push(count);
    for (const selection of [USER_42, [{ fact: "user", isNull: true }]] as const) {
      told = [];
      const meant = selection === USER_42 ? 1 : 0;
      strictEqual(await redis.only(selection).count(signal, { onUnreadable }), meant);
      const { cleared } = await clear(redis.only(selection), { onUnreadable });
      strictEqual(cleared, meant);
      deepStrictEqual(told, [9, 9]);
    }
    deepStrictEqual(await redis.ids(), before.filter((id) => id !== "mine"));
    // Their keys can be told, whatever their values are.
    told = [];
    strictEqual(await redis.only(FOREVER).count(signal, { onUnreadable }), 9);
    const hash = redis.only([{ fact: "handle", oneOf: [handleOf("hash")] }]);
    strictEqual((await clear(hash, { onUnreadable })).cleared, 1);
    strictEqual((await clear(redis.only(FOREVER), { onUnreadable })).cleared, 8);
    deepStrictEqual([told, await redis.ids()], [[], ["other"]]);
  },
);

Deno.test("a session that expires before it is read is not unreadable", redisNeeded, async () => {
  await using redis = await place({
    before: (request, client) => request.includes("MGET") ? client.del("session:s1") : undefined,
  });
  await redis.fill(4);
  const told: number[] = [];
  const count = await redis.only().count(signal, { onUnreadable: (many) => void told.push(many) });
  deepStrictEqual([count, told], [2, []]);
});

Deno.test("only what a selection needs is read", redisNeeded, async () => {
  const needed: readonly (readonly [readonly string[], Selection, RegExp])[] = [
    [[], [{ fact: "handle", oneOf: [handleOf("s0")] }], /never/],
    [["+mget"], USER_42, /may not run MGET/],
    [["+pexpiretime"], [{ fact: "expiresAt", isNull: false }], /may not run PEXPIRETIME/],
  ];
  for (const [rights, selection, missing] of needed) {
    {
      await using redis = await place({ rights: ["+scan", "+unlink", ...rights] });
      await redis.fill(6);
      const only = redis.only(selection);
      const meant = await only.count(signal);
      ok(meant > 0);
      deepStrictEqual(await clear(only), { cleared: meant, remaining: 0, arrived: 0 });
    }
    if (rights.length === 0) continue;
    await using redis = await place({ rights: ["+scan", "+unlink"] });
    await redis.fill(6);
    await rejects(redis.only(selection).count(signal), missing);
    await rejects(clear(redis.only(selection)), missing);
    strictEqual((await redis.ids()).length, 6);
  }
});

Deno.test("servers before Redis 7 tell how long a key lives", redisNeeded, async () => {
  await using redis = await place({ args: ["--rename-command", "PEXPIRETIME", ""] });
  const expiresAt = Date.now() + 500_000;
  await redis.save(
    ...Array.from({ length: 300 }, (_, index) => ({ ...session(`s${index}`, "42"), expiresAt })),
    { ...session("forever", "42"), expiresAt: null },
  );
  strictEqual(await redis.only(FOREVER).count(signal), 1);
  await redis.store.list?.({
    signal,
    onSessions(batch) {
      for (const { expiresAt: read } of batch) {
        ok(read === null || Math.abs((read ?? 0) - expiresAt) < 5000);
      }
    },
  });
  const soon: Selection = [{ fact: "expiresAt", from: 0 }, {
    fact: "expiresAt",
    before: expiresAt + 60_000,
  }];
  strictEqual((await clear(redis.only(soon))).cleared, 300);
  deepStrictEqual(await redis.ids(), ["forever"]);
});

Deno.test("verifying reads only what is new, and leaves it alone", redisNeeded, async () => {
  let scans = 0;
  await using redis = await place({
    async before(request) {
      // A second SCAN from the beginning: the clear verifies.
      if (!/SCAN\r\n\$1\r\n0\r\n/.test(request) || ++scans !== 2) return;
      await redis.save(session("new-mine", "42"), session("new-other", "7"));
    },
  });
  await redis.fill(2000);
  deepStrictEqual(await clear(redis.only()), { cleared: 1000, remaining: 0, arrived: 1 });
  const ids = await redis.ids();
  strictEqual(ids.length, 1002);
  strictEqual(ids.includes("new-mine"), true);
  strictEqual(scans, 2);
  // 2000 keys by 100, of which SCAN returns a few more or less at once; and one for the new keys.
  const reads = await redis.asked("mget");
  ok(reads >= 21 && reads <= 32, `${reads}`);
});

for (
  const [name, selection, back] of [
    ["as it was", USER_42, session("s0", "42")],
    ["with other facts", IDLE, { ...session("s0", "42"), visitedAt: Date.now() }],
  ] as const
) {
  Deno.test(
    `a revoked session that an app saves back ${name} is removed again`,
    redisNeeded,
    async () => {
      let unlinks = 0;
      await using redis = await place({
        async before(request) {
          if (request.includes("SCAN") && unlinks === 1) await redis.save(back);
          if (request.includes("UNLINK")) unlinks++;
        },
      });
      await redis.save(session("s0", "42"), { ...session("s1", "7"), visitedAt: Date.now() });
      const only = redis.only(selection);
      const progress: number[] = [];
      const onProgress = (cleared: number) => void progress.push(cleared);
      deepStrictEqual(await clear(only, { onProgress }), { cleared: 1, remaining: 0, arrived: 0 });
      deepStrictEqual([await redis.ids(), progress.at(-1), unlinks], [["s1"], 1, 2]);
      // And again, after the app's nodes have been told.
      await redis.save(back, session("s2", "42"));
      const looked = await only.clearAgain?.({ signal, onProgress }, true);
      deepStrictEqual(looked, { cleared: 0, remaining: 1, kept: false, arrived: 1, again: 0 });
      const again = await only.clearAgain?.({ signal, onProgress }, false);
      deepStrictEqual(again, { cleared: 1, remaining: 0, arrived: 1, again: 1 });
      deepStrictEqual(await redis.ids(), ["s1", "s2"]);
    },
  );
}

Deno.test("a revoked session that keeps coming back remains", redisNeeded, async () => {
  let unlinks = 0;
  await using redis = await place({
    async before(request) {
      if (request.includes("UNLINK")) unlinks++;
      if (request.includes("SCAN") && unlinks > 0) await redis.save(session("s0", "42"));
    },
  });
  await redis.fill(10);
  deepStrictEqual(await clear(redis.only()), { cleared: 4, remaining: 1, kept: false, arrived: 0 });
});

Deno.test("a selection that selects nothing costs one pass", redisNeeded, async () => {
  await using redis = await place();
  await redis.fill(100);
  const phases: string[] = [];
  const counts = await clear(redis.only([{ fact: "user", oneOf: ["0"] }]), {
    onPhase: (phase) => phases.push(phase),
  });
  deepStrictEqual(counts, { cleared: 0, remaining: 0, arrived: 0 });
  deepStrictEqual([phases, await redis.asked("unlink")], [["clearing"], 0]);
});
