/** Rounds of a clear whose store tells the app's nodes: what they count, and what they prove. */
import { deepStrictEqual, match } from "node:assert/strict";
import type { ClearCounts } from "../../src/backends/contract.ts";
import { clearSessions } from "../../src/commands/session_clear.ts";
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

Deno.test("a number is counted after, and believed then", async () => {
  const proved = { cleared: 3, remaining: 0, arrived: 0 };
  const report = await clearSessions(answering([proved, 2], []), requestOf(signal));
  deepStrictEqual([report.outcome, report.remaining, report.arrived], ["cleared", 0, undefined]);
});

Deno.test("rounds that know nothing of each other: as many as the larger at least", async () => {
  const none = { remaining: 0, arrived: 0 };
  const answers = [{ cleared: 3, ...none }, { cleared: 1, ...none }, { cleared: 4, ...none }];
  const report = await clearSessions(answering(answers), requestOf(signal));
  deepStrictEqual([report.outcome, report.cleared], ["cleared", 4]);
});

Deno.test("rounds that go on with each other tell the whole, also where it is less", async () => {
  const counts = { remaining: 0, arrived: 0 };
  const left = [{ cleared: 5, found: 3, ...counts }, { cleared: 4, found: 2, ...counts }];
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
