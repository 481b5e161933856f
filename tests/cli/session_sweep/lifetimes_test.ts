/** `azu session:sweep --fix-ttl` that does not get to the end, and stores of others. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { runAzu, spawnAzu } from "../../support/cli.ts";
import { customApp } from "../custom_sessions.ts";

const FIX = ["session:sweep", "--fix-ttl"];
const ITSELF = "capabilities: { clear: true, createTable: false, expiresItself: true }";

const failing = (inDoubt: number) =>
  `only: () => ({ count: async () => 3, clear: async () => 0 }),
  giveLifetime: async (lifetime, { onProgress }) => {
    onProgress(2, 5, ${inDoubt});
    throw new Error("gone");
  }`;

Deno.test("a store of others can give lifetimes", async () => {
  const store = `only: () => ({ count: async () => 0, clear: async () => 0 }),
    giveLifetime: async (lifetime) => lifetime === 86_400_000 ? 4 : -1`;
  await using app = await customApp(store, ITSELF);
  const { stdout, stderr, code } = await runAzu(FIX, { cwd: app.path });
  match(stdout, /^Gave 4 session\(s\) a lifetime of 1d\n✓ Every session has a lifetime$/m, stderr);
  strictEqual(code, 0);
});

Deno.test("a store that cannot give lifetimes is named, and exits with 3", async () => {
  const store = "only: () => ({ count: async () => 0, clear: async () => 0 })";
  await using app = await customApp(store, ITSELF);
  const { stdout, code } = await runAzu([...FIX, "--json"], { cwd: app.path });
  const { outcome, exitCode, endless, error } = JSON.parse(stdout);
  deepStrictEqual([outcome, exitCode, code, endless], ["impossible", 3, 3, null]);
  match(error.message, /^The acme backend cannot give sessions a lifetime$/);
});

for (const [inDoubt, told] of [[0, "2"], [1, "at least 2"]] as const) {
  Deno.test(`a failure tells that ${told} sessions have been given a lifetime`, async () => {
    await using app = await customApp(failing(inDoubt), ITSELF);
    const { stdout, stderr, code } = await runAzu(FIX, { cwd: app.path });
    match(stdout, new RegExp(`^Gave ${told} session\\(s\\) a lifetime of 1d, then failed$`, "m"));
    doesNotMatch(stdout, /✓/);
    match(stderr, /^error: The acme backend failed: gone$/m);
    match(
      stderr,
      /^It is not known how many still never expire: running the command again is safe$/m,
    );
    strictEqual(code, 1);
    const json = JSON.parse((await runAzu([...FIX, "--json"], { cwd: app.path })).stdout);
    deepStrictEqual([json.outcome, json.fixed, json.endless], ["failed", 2, null]);
  });
}

Deno.test("a second signal ends it at once, with what is known", async () => {
  const store = `only: () => ({ count: async () => 0, clear: async () => 0 }),
    giveLifetime: async (lifetime, { onProgress }) => {
      onProgress(7);
      console.error("under way");
      await new Promise(() => setInterval(() => {}, 1000));
    }`;
  await using app = await customApp(store, ITSELF);
  await using azu = await spawnAzu(FIX, { cwd: app.path });
  await azu.waitFor(/under way/, "stderr");
  const begin = performance.now();
  azu.signal("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 300));
  azu.signal("SIGINT");
  const { stdout, code } = await azu.finished();
  ok(performance.now() - begin < 3000);
  match(stdout, /^Gave at least 7 session\(s\) a lifetime of 1d, then interrupted$/m);
  strictEqual(code, 130);
});
