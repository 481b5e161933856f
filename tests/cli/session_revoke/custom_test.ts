/** Revocations by backends that keep, bring back, fail, or never end. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { runAzu, spawnAzu } from "../../support/cli.ts";
import { customApp } from "../custom_sessions.ts";

const REVOKE = ["session:revoke", "--user", "u1", "--force"];

/** Runs a revocation of a store whose selected sessions have these methods. */
async function revoke(sessions: string, store = "", args: readonly string[] = []) {
  await using app = await customApp(
    `only: (selection) => ({ count: async () => 0, clear: async () => 0, ${sessions} }), ${store}`,
  );
  return await runAzu([...REVOKE, ...args], { cwd: app.path });
}

const counts = (counts: string) => `clear: async () => (${counts})`;

Deno.test("the selection is what the store gets, and the whole store is left alone", async () => {
  const { code, stdout, stderr } = await revoke(
    `clear: async () => { console.log(JSON.stringify(selection));
      return { cleared: 2, remaining: 0, arrived: 0 }; }`,
    `clear: async () => { throw new Error("everything"); },
     lookAlikes: async () => [{ pattern: "a:*", count: 5 }],
     examine: async () => ["it is empty"],`,
  );
  strictEqual(code, 0);
  strictEqual(stderr, '[{"fact":"user","oneOf":["u1"]}]\n');
  match(stdout, /^Revoked 2 session\(s\)\n✓ Sessions revoked$/m);
});

Deno.test("the options reach the store", async () => {
  const { stdout, stderr } = await revoke(
    `clear: async ({ budget, truncate }) => { console.log(JSON.stringify({ budget, truncate }));
      return { cleared: 1, remaining: 0, arrived: 0 }; }`,
    "replicated: async (asked) => asked,",
    ["--batch", "7", "--pause", "1ms", "--max-latency", "2s", "--wait-replicas", "3"],
  );
  strictEqual(stderr, '{"budget":{"batch":7,"pause":1,"maxLatency":2000}}\n');
  match(stdout, /^At least 3 replica\(s\) of each server have caught up\n✓/m);
});

Deno.test("sessions that match and were written meanwhile are told", async () => {
  const found = counts("{ cleared: 2, remaining: 0, arrived: 3 }");
  const { code, stderr } = await revoke(found);
  strictEqual(code, 0);
  match(stderr, /^warning: 3 session\(s\) that match were written meanwhile, and are there now$/m);
  const json = JSON.parse((await revoke(found, "", ["--json"])).stdout);
  deepStrictEqual([json.outcome, json.revoked, json.arrived], ["revoked", 2, 3]);
});

Deno.test("what is there again is no success", async () => {
  const again = await revoke(counts("{ cleared: 2, remaining: 1, arrived: 0 }"));
  strictEqual(again.code, 1);
  match(again.stdout, /^Revoked 2 session\(s\)$/m);
  doesNotMatch(again.stdout, /✓/);
  match(again.stderr, /^error: 1 session\(s\) from before the revocation are there again: a run/m);
  const counting = await revoke("clear: async () => 2, count: async () => 1");
  strictEqual(counting.code, 1);
  match(counting.stderr, /^error: 1 session\(s\) are in the store again/m);
});

Deno.test("a store that only counts is asked until none is left", async () => {
  const { code, stdout } = await revoke(
    "clear: async () => 3, count: async () => (globalThis.left = (globalThis.left ?? 4) - 2)",
  );
  strictEqual(code, 0);
  match(stdout, /^Revoked 6 session\(s\)\n✓ Sessions revoked$/m);
});

Deno.test("nodes that save sessions back are told again, and those removed again", async () => {
  const { code, stdout } = await revoke(
    `clear: async () => ({ cleared: 2, remaining: 0, arrived: 0 }),
     clearAgain: async () => ({ cleared: 2, remaining: 0, arrived: 0, again: globalThis.told > 1 ? 0 : 1 })`,
    "dropCaches: async () => (globalThis.told = (globalThis.told ?? 0) + 1, 1),",
  );
  strictEqual(code, 0);
  match(stdout, /^Revoked 2 session\(s\)\nTold 1 app node\(s\) to drop their cached sessions\n✓/m);
});

Deno.test("a failure tells what is gone, and nodes are told all the same", async () => {
  const { code, stdout, stderr } = await revoke(
    `clear: async ({ onProgress }) => { onProgress(5, 10); throw new Error("READONLY"); }`,
    "dropCaches: async () => 2,",
  );
  strictEqual(code, 1);
  match(stdout, /^Revoked 5 session\(s\), then failed\nTold 2 app node\(s\)/m);
  match(
    stderr,
    /^error: The acme backend failed: READONLY\n5 session\(s\) are gone; it is not known/m,
  );
});

Deno.test("an interruption is answered soon, with what is gone", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using app = await customApp(`only: () => ({ count: async () => 0,
      clear: async ({ signal, onProgress }) => {
        for (let n = 1;; n++) {
          onProgress(n * 10);
          if (n === 3) console.log("three batches");
          await later(50);
          signal.throwIfAborted();
        }
      } })`);
    await using azu = await spawnAzu([...REVOKE, "--json"], { cwd: app.path });
    await azu.waitFor(/three batches/, "stderr");
    const begin = performance.now();
    azu.signal(signal);
    const { code, stdout } = await azu.finished();
    ok(performance.now() - begin < 5000);
    const { outcome, revoked, exitCode } = JSON.parse(stdout);
    strictEqual(code, signal === "SIGINT" ? 130 : 143);
    deepStrictEqual([outcome, exitCode, revoked >= 30], ["interrupted", code, true]);
  }
});

Deno.test("a second signal ends it at once, and reports the counts", async () => {
  await using app = await customApp(`only: () => ({ count: async () => 0,
    clear: async ({ onProgress }) => { onProgress(7); console.log("hangs"); await new Promise(() => {}); } })`);
  await using azu = await spawnAzu(REVOKE, { cwd: app.path });
  await azu.waitFor(/hangs/, "stderr");
  azu.signal("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 300));
  azu.signal("SIGINT");
  const { code, stdout } = await azu.finished();
  strictEqual(code, 130);
  match(stdout, /^Revoked at least 7 session\(s\), then interrupted$/m);
});
