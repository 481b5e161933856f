/** Sessions that the app has sealed: what opens them, and what is refused otherwise. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import type { SessionInfo } from "../../../src/backends/contract.ts";
import { handleOf } from "../../../src/backends/handle.ts";
import { ImpossibleError } from "../../../src/core/errors.ts";
import { needs } from "../../support/env.ts";
import { FORMS, sealed, SECRET } from "../sealed.ts";
import { payloadOf } from "../subject.ts";
import { clear, place, session, USER_42 } from "./selected_place.ts";

const redisNeeded = needs("redis-server");
const { signal } = new AbortController();

/** Sessions of the user 42 in all forms, and one of another user in each. */
async function sealedPlace(secret?: string, previous?: string) {
  const redis = await place({
    ...(secret === undefined ? {} : { secret }),
    ...(previous === undefined ? {} : { previous }),
  });
  for (const [index, form] of FORMS.entries()) {
    for (const user of ["42", "7"]) {
      const id = `${user}-${index}`;
      await redis.client.setex(`session:${id}`, 3600, sealed(payloadOf(session(id, user)), form));
    }
  }
  return redis;
}

Deno.test("the app's secret opens sealed sessions", redisNeeded, async () => {
  await using redis = await sealedPlace(SECRET);
  const only = redis.only();
  strictEqual(await only.count(signal), FORMS.length);
  const users: unknown[] = [];
  await only.list?.({
    signal,
    onSessions: (batch) => void users.push(...batch.map(({ user }) => user)),
  });
  deepStrictEqual(users, FORMS.map(() => "42"));
  deepStrictEqual(await clear(only), { cleared: FORMS.length, remaining: 0, arrived: 0 });
  deepStrictEqual(await redis.ids(), ["7-0", "7-1", "7-2", "7-3"]);
});

Deno.test("previous secrets open sealed sessions", redisNeeded, async () => {
  for (const secret of ["another secret that is long enough", undefined]) {
    await using redis = await sealedPlace(secret, `x,, ${SECRET} ,`);
    strictEqual(await redis.only().count(signal), FORMS.length);
  }
});

const refusals = [
  ["no secret", undefined, /^Some sessions are sealed, so azu cannot tell the user \(redis:/],
  ["an empty secret", "", /^Some sessions are sealed, so azu cannot tell the user \(redis:/],
  [
    "another secret",
    "another secret, which is long enough",
    /^SESSION_SECRET does not open the sealed sessions, so azu cannot tell the user \(redis:/,
  ],
] as const;

for (const [name, secret, refusal] of refusals) {
  Deno.test(`with ${name}, a user cannot be told from sealed sessions`, redisNeeded, async () => {
    await using redis = await sealedPlace(secret);
    const before = await redis.ids();
    const only = redis.only();
    const list = () => only.list?.({ signal, onSessions() {} });
    for (const ask of [() => only.count(signal), () => clear(only), () => list()]) {
      await rejects(async () => await ask(), (error) => {
        ok(error instanceof ImpossibleError);
        match(error.message, refusal);
        match(error.hint ?? "", /^Set SESSION_SECRET to /);
        return true;
      });
    }
    deepStrictEqual(await redis.ids(), before);
  });
}

Deno.test(
  "a sealed session that is met late ends a clear, with a true count of what is gone",
  redisNeeded,
  async () => {
    let unlinks = 0;
    await using redis = await place({
      async before(request) {
        if (!request.includes("UNLINK") || ++unlinks !== 1) return;
        const text = sealed(payloadOf(session("late", "42")), {});
        for (let index = 0; index < 100; index++) {
          await redis.client.set(`session:late-${index}`, text);
        }
      },
    });
    await redis.fill(3000);
    let told = 0;
    const clearing = clear(redis.only(), { onProgress: (cleared) => told = cleared });
    await rejects(clearing, /^ImpossibleError: Some sessions are sealed, so azu cannot tell the/);
    const left = (await redis.ids()).filter((id) => !id.startsWith("late"));
    ok(told > 0 && left.length === 3000 - told, `${told} gone, ${left.length} left`);
  },
);

Deno.test("without a secret, keys still tell handles and expiries", redisNeeded, async () => {
  await using redis = await sealedPlace();
  const infos: SessionInfo[] = [];
  await redis.store.list?.({ signal, onSessions: (batch) => void infos.push(...batch) });
  strictEqual(infos.length, 2 * FORMS.length);
  for (const { user, createdAt, expiresAt, size } of infos) {
    deepStrictEqual([user, createdAt], [undefined, undefined]);
    ok(Math.abs((expiresAt ?? 0) - Date.now() - 3_600_000) < 60_000);
    ok(size > 100);
  }
  const byHandle = redis.only([{ fact: "handle", oneOf: [handleOf("42-1"), handleOf("none")] }]);
  deepStrictEqual(await clear(byHandle), { cleared: 1, remaining: 0, arrived: 0 });
  strictEqual((await redis.ids()).includes("42-1"), false);
  await redis.client.persist("session:7-0");
  strictEqual(await redis.only([{ fact: "expiresAt", isNull: true }]).count(signal), 1);
});

Deno.test("a message names every fact that is sealed, and no other", redisNeeded, async () => {
  await using redis = await sealedPlace();
  const only = redis.only([
    ...USER_42,
    { fact: "visitedAt", before: 0 },
    { fact: "expiresAt", isNull: false },
    { fact: "ip", networks: ["10.0.0.0/8"] },
  ]);
  await rejects(
    only.count(signal),
    /cannot tell the user, when a session was last visited or the IP address \(/,
  );
});
