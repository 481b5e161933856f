/** When a clear is interrupted, and what it says then, whatever its store does. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { Store } from "../../src/backends/contract.ts";
import { clearSessions } from "../../src/commands/session_clear.ts";
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
  match(String(report.nodes?.untold), /given up/);
});

Deno.test("the reason of a count's failure survives Ctrl-C at the goodbye", async () => {
  const count = () => Promise.reject(new Error("no such table"));
  const store = { count, [Symbol.asyncDispose]: never };
  const { report } = await interrupted(store, 300, { dryRun: true });
  strictEqual(report.outcome, "failed");
  match(report.error?.message ?? "", /The acme backend failed: no such table/);
});
