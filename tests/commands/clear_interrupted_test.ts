/** When a clear is interrupted, and what it says then, whatever its store does. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { Store } from "../../src/backends/contract.ts";
import { clearSessions } from "../../src/commands/session_clear/clear.ts";
import { backendOf, never, requestOf } from "./stores.ts";

/** Interrupts after so many milliseconds; says how long the answer took from then on. */
async function interrupted(store: Partial<Store>, after: number, more = {}) {
  const abort = new AbortController();
  let begin = NaN;
  setTimeout(() => {
    begin = performance.now();
    abort.abort(new Error("interrupted"));
  }, after);
  const report = await clearSessions(backendOf(store), requestOf(abort.signal, more));
  return { report, time: performance.now() - begin };
}

const failing: Store["clear"] = ({ onProgress }) => {
  onProgress(5, 10);
  return Promise.reject(new Error("READONLY the disk is full"));
};

Deno.test("the reason of a failure survives Ctrl-C while nodes are told", async () => {
  const { report } = await interrupted({ clear: failing, dropCaches: never }, 300);
  deepStrictEqual([report.outcome, report.cleared], ["failed", 5]);
  match(report.error?.message ?? "", /The acme backend failed: READONLY the disk is full/);
  match(String(report.nodes?.untold), /No answer within a few seconds/);
});

Deno.test("the reason of a count's failure survives Ctrl-C at the goodbye", async () => {
  const count = () => Promise.reject(new Error("no such table"));
  const store = { count, [Symbol.asyncDispose]: never };
  const { report } = await interrupted(store, 300, { dryRun: true });
  strictEqual(report.outcome, "failed");
  match(report.error?.message ?? "", /The acme backend failed: no such table/);
});

Deno.test("an interruption while nodes are told is no failure", async () => {
  const counts = { cleared: 3, remaining: 0, arrived: 0 };
  const store = { clear: () => Promise.resolve(counts), dropCaches: never };
  const { report, time } = await interrupted(store, 300);
  strictEqual(time < 2500, true);
  const { outcome, cleared, remaining, error, nodes } = report;
  deepStrictEqual([outcome, cleared, remaining, error], ["interrupted", 3, 0, undefined]);
  match(String(nodes?.untold), /No answer within a few seconds/);
});

const late = <T>(value: T) => () =>
  new Promise<T>((resolve) => {
    setTimeout(() => resolve(value), 3200);
  });

for (
  const [what, store, more] of [
    ["ends nothing", { clear: never, dropCaches: never, [Symbol.asyncDispose]: never }],
    [
      "clears late, and then does not look",
      {
        clear: late({ cleared: 0, remaining: 0, arrived: 0 }),
        ...{ lookAlikes: never, dropCaches: never, [Symbol.asyncDispose]: never },
      },
    ],
    [
      "clears late, and then does not count",
      { clear: late(0), count: never, dropCaches: never, [Symbol.asyncDispose]: never },
    ],
    [
      "clears late, and then waits for replicas",
      {
        clear: late({ cleared: 1, remaining: 0, arrived: 0 }),
        ...{ replicated: never, dropCaches: never, [Symbol.asyncDispose]: never },
      },
      { replicas: 1 },
    ],
  ] satisfies [string, Partial<Store>, object?][]
) {
  Deno.test(`interrupted within five seconds: a store that ${what}`, async () => {
    const { report, time } = await interrupted(store, 300, more);
    strictEqual(time < 5000, true, `${time} ms`);
    strictEqual(report.outcome, "interrupted");
  });
}
