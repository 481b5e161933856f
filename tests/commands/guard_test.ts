/** That no wait for a backend is without end, whatever it says meanwhile. */
import { rejects, strictEqual } from "node:assert/strict";
import { guarded } from "../../src/commands/guard.ts";

Deno.test("signs of life make an interruption's grace no longer", async () => {
  const abort = new AbortController();
  const began = performance.now();
  const beating = guarded(abort.signal, (alive) => {
    return new Promise<void>((resolve) => {
      const beat = setInterval(alive, 200);
      setTimeout(() => {
        clearInterval(beat);
        resolve();
      }, 9000);
    });
  });
  setTimeout(() => abort.abort(new Error("enough")), 500);
  await rejects(beating, /enough/);
  strictEqual(performance.now() - began < 7500, true);
  await new Promise((resolve) => setTimeout(resolve, 9500 - (performance.now() - began)));
});

Deno.test("a sign of life after the end leaves no timer behind", async () => {
  const { promise, resolve } = Promise.withResolvers<() => void>();
  strictEqual(
    await guarded(new AbortController().signal, (alive) => (resolve(alive), Promise.resolve(1))),
    1,
  );
  (await promise)(); // the test's own sanitizer sees timers
});
