/** Rounds of a clear whose store tells the app's nodes: what they count, and what they prove. */
import { deepStrictEqual, match } from "node:assert/strict";
import type { ClearCounts } from "../../src/backends/contract.ts";
import { clearSessions } from "../../src/commands/session_clear/clear.ts";
import { backendOf, requestOf } from "./stores.ts";

const { signal } = new AbortController();
const heard = () => Promise.resolve(1);

/** A store that answers these, one after the other. */
function answering(answers: readonly (number | ClearCounts)[], counts: readonly number[] = []) {
  const [left, found] = [[...answers], [...counts]];
  return backendOf({
    clear: () => Promise.resolve(left.shift() ?? 0),
    count: () => Promise.resolve(found.shift() ?? 0),
    dropCaches: heard,
  });
}

Deno.test("a number is no proof, also where the first answer was one", async () => {
  const proved = { cleared: 3, remaining: 0, arrived: 0 };
  const report = await clearSessions(answering([proved, 2, 0], [4, 4, 4]), requestOf(signal));
  deepStrictEqual([report.outcome, report.remaining], ["partial", 4]);
  match(report.error?.message ?? "", /4 session\(s\) are still there/);
});

Deno.test("a number from a store is verified by a count", async () => {
  const proved = { cleared: 3, remaining: 0, arrived: 0 };
  const report = await clearSessions(answering([proved, 2], []), requestOf(signal));
  deepStrictEqual([report.outcome, report.remaining, report.arrived], ["cleared", 0, undefined]);
});

Deno.test("rounds that know nothing of each other: as many as the larger at least", async () => {
  const none = { remaining: 0, arrived: 0 };
  const answers = [3, 1, 4, 0].map((cleared) => ({ cleared, ...none }));
  const report = await clearSessions(answering(answers), requestOf(signal));
  deepStrictEqual([report.outcome, report.cleared], ["cleared", 4]);
});

Deno.test("rounds that go on with each other tell the whole, also where it is less", async () => {
  const counts = { remaining: 0, arrived: 0 };
  const left = [{ cleared: 5, again: 3, ...counts }, { cleared: 4, again: 0, ...counts }];
  const told: number[] = [];
  const store = backendOf({
    clear: () => Promise.resolve({ cleared: 3, ...counts }),
    clearAgain({ onProgress }) {
      onProgress(2);
      return Promise.resolve(left.shift() ?? { cleared: 0, ...counts });
    },
    dropCaches: heard,
  });
  const report = await clearSessions(
    store,
    requestOf(signal, { onProgress: (cleared) => told.push(cleared) }),
  );
  deepStrictEqual([report.outcome, report.cleared], ["cleared", 4]);
  deepStrictEqual(told, [3, 2, 5, 2, 4]);
});

Deno.test("rounds that find sessions again and again end in a look that removes none", async () => {
  const counts = { remaining: 0, arrived: 0 };
  const looks: boolean[] = [];
  const store = backendOf({
    clear: () => Promise.resolve({ cleared: 9, ...counts }),
    clearAgain(_, isLast) {
      looks.push(isLast);
      if (!isLast) return Promise.resolve({ cleared: 9, again: 2, ...counts });
      return Promise.resolve({ cleared: 7, remaining: 2, kept: false, again: 0, arrived: 0 });
    },
    dropCaches: heard,
  });
  const report = await clearSessions(store, requestOf(signal));
  deepStrictEqual(looks, [false, false, true]);
  deepStrictEqual([report.outcome, report.cleared, report.remaining], ["partial", 7, 2]);
});

Deno.test("a store that always finds more, and cannot only look, is counted", async () => {
  const more = { cleared: 2, remaining: 0, arrived: 0 };
  const store = answering([more, more, more, 2, 2], [2, 2, 2, 2]);
  const report = await clearSessions(store, requestOf(signal));
  deepStrictEqual([report.outcome, report.remaining], ["partial", 2]);
  match(report.error?.message ?? "", /a running app writes them/);
});
