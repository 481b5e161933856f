/** What every store must do while an app goes on writing: a part of the conformance suite. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ClearCounts } from "../../src/backends/contract.ts";
import type { Fixture } from "./subject.ts";

/** More than any adapter takes in one batch. */
export const MANY = 11_000;

export const during: Readonly<Record<string, (fixture: Fixture) => Promise<void>>> = {
  "what is written meanwhile is none of the start's": async (fixture) => {
    await fixture.put(MANY);
    const { neighbours } = await fixture.look();
    const counts = await clearWhile(fixture, () => fixture.insert());
    const after = await fixture.look();
    strictEqual(await fixture.old(), 0);
    if (fixture.tellsNew ?? true) {
      strictEqual(counts.remaining, 0);
      strictEqual(counts.arrived > 0, true);
    } else {
      // New sessions count as those of the start that have come back.
      strictEqual(counts.arrived, 0);
    }
    strictEqual(counts.cleared + counts.remaining >= MANY, true);
    strictEqual(after.sessions >= counts.arrived + counts.remaining, true);
    deepStrictEqual(after.neighbours, neighbours);
  },

  "what is saved again meanwhile goes all the same": async (fixture) => {
    await fixture.put(MANY);
    const counts = await clearWhile(fixture, async (turn) => {
      await fixture.update((turn * 997) % MANY, (turn * 997) % MANY + 500);
    });
    deepStrictEqual(counts, { cleared: MANY, remaining: 0, arrived: 0 });
    deepStrictEqual([await fixture.old(), (await fixture.look()).sessions], [0, 0]);
  },
};

/** Clears, and has an app work from the first batch to the end. */
async function clearWhile(
  { backend }: Fixture,
  work: (turn: number) => Promise<void>,
): Promise<ClearCounts> {
  const { signal } = new AbortController();
  await using store = await backend.connect(signal);
  let working = true;
  let app: Promise<void> | undefined;
  const begin = async () => {
    for (let turn = 0; working; turn++) {
      await work(turn);
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  try {
    const counts = await store.clear({
      signal,
      budget: { batch: 700, pause: 10 }, // time for the app, on a busy machine too
      onProgress(cleared) {
        if (cleared > 0) app ??= begin();
      },
    });
    if (typeof counts === "number") throw new Error("a store that only counts");
    const { cleared, remaining, arrived } = counts;
    return { cleared, remaining, arrived };
  } finally {
    working = false;
    await app;
  }
}
