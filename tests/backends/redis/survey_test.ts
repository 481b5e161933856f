/** The state of a Redis whose connections are cut, and whose keys change meanwhile. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { Store } from "../../../src/backends/contract.ts";
import { needs } from "../../support/env.ts";
import { place } from "./selected_place.ts";

const redisNeeded = needs("redis-server");
const { signal } = new AbortController();

function survey(store: Store, isQuick: boolean) {
  if (store.survey === undefined) throw new Error("a store that cannot tell its state");
  return store.survey({ signal, now: Date.now(), isQuick });
}

for (const isQuick of [false, true]) {
  const what = isQuick ? "a quick survey" : "a survey";
  Deno.test(`${what} whose connection is cut at any request is true`, redisNeeded, async () => {
    let requests = 0;
    let cut = Infinity;
    await using redis = await place({
      before() {
        if (requests++ === cut) throw new Error("cut");
      },
    });
    await redis.fill(300);
    await survey(redis.store, isQuick);
    const all = requests;
    ok(all > 5);
    for (cut = 0; cut < all; cut++) {
      requests = 0;
      const { figures, sample, properties } = await survey(redis.store, isQuick);
      deepStrictEqual(figures.sessions, { value: 300, isExact: true }, `cut at ${cut}`);
      strictEqual(sample.length, 300);
      strictEqual(properties["policy"], "noeviction");
    }
  });
}

Deno.test(
  "sessions that are gone before they are read are not in the sample",
  redisNeeded,
  async () => {
    await using redis = await place({
      before: (request, client) => request.includes("MGET") ? client.del("session:s1") : undefined,
    });
    await redis.fill(3);
    const { figures, sample } = await survey(redis.store, false);
    deepStrictEqual([figures.sessions?.value, sample.length], [3, 2]);
  },
);

Deno.test("keys of any type are sessions of the sample", redisNeeded, async () => {
  await using redis = await place();
  await redis.client.hset("session:hash", "user_id", 42);
  await redis.client.set("session:", "\0");
  const { figures, sample } = await survey(redis.store, true);
  deepStrictEqual([figures.sessions?.value, sample.length], [2, 2]);
  deepStrictEqual(sample.map(({ user }) => user), [undefined, undefined]);
});

Deno.test(
  "a user who may not ask how many keys there are cannot be quick",
  redisNeeded,
  async () => {
    await using redis = await place({ rights: ["+scan", "+hello"] });
    await redis.fill(3);
    await rejects(
      survey(redis.store, true),
      /may not run DBSIZE/,
    );
    // Where values cannot be read, an exact survey fails with what the server says.
    await rejects(survey(redis.store, false), /NOPERM|may not/);
  },
);
