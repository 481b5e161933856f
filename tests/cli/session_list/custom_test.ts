/** Lists from backends that cannot list, answer wrongly, or never end. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { runAzu, spawnAzu } from "../../support/cli.ts";
import { customApp } from "../custom_sessions.ts";

const LIST = ["session:list", "--format", "handles"];

async function list(store: string, args: readonly string[] = [], backend = "") {
  await using app = await customApp(store, backend);
  return await runAzu([...LIST, ...args], { cwd: app.path });
}

for (const backend of ["memory", "acme"]) {
  Deno.test(`the ${backend} backend, which nothing outside can reach, exits with 3`, async () => {
    const whyNot =
      "capabilities: { clear: { whyNot: 'No', instead: 'Restart' }, createTable: false }";
    await using app = await customApp("", whyNot);
    for (const args of [["session:list"], ["session:revoke", "--user", "1", "--force"]]) {
      const { code, stdout, stderr } = await runAzu([...args, "-b", backend], { cwd: app.path });
      deepStrictEqual([code, stdout], [3, ""]);
      const done = args[0] === "session:list" ? "listed" : "revoked";
      match(
        stderr,
        new RegExp(`^error: Sessions of the ${backend} backend cannot be ${done} from outside`),
      );
      const json = await runAzu([...args, "-b", backend, "--json"], { cwd: app.path });
      deepStrictEqual(
        [JSON.parse(json.stdout).outcome, JSON.parse(json.stdout).exitCode],
        ["impossible", 3],
      );
    }
  });
}

Deno.test("a store without list, or without only, exits with 3", async () => {
  const without = await list("");
  deepStrictEqual([without.code, without.stdout], [3, ""]);
  match(without.stderr, /^error: The acme backend cannot list sessions\n.*no method `list`$/m);
  const lists = "list: async ({ onSessions }) => await onSessions(sessions(3))";
  strictEqual((await list(lists)).stdout.split("\n").length, 4);
  const all = await list(lists, ["--user", "1"]);
  deepStrictEqual([all.code, all.stdout], [3, ""]);
  match(all.stderr, /^error: The acme backend cannot select sessions\n.*no method `only`$/m);
});

for (
  const [what, batch] of [
    ["nothing", "undefined"],
    ["a raw id in place of a handle", "[session(1, { handle: 'secret-session-id' })]"],
    ["a time that is a text", "[session(1, { createdAt: '2020' })]"],
    ["a time that is no number", "[session(1, { createdAt: NaN })]"],
    ["a user that is a number", "[session(1, { user: 5 })]"],
    ["a size below zero", "[session(1, { size: -1 })]"],
    ["null", "[null]"],
  ] as const
) {
  Deno.test(`a store that lists ${what} is explained`, async () => {
    const { code, stdout, stderr } = await list(
      `list: async ({ onSessions }) => await onSessions(${batch})`,
    );
    strictEqual(code, 1);
    match(stderr, /^error: The backend listed something that is not a session$/m);
    doesNotMatch(stdout + stderr, /secret-session-id|bug in azu/);
  });
}

Deno.test("a store that returns something else than sessions from only is explained", async () => {
  const { code, stderr } = await list("only: () => 5", ["--anonymous"]);
  strictEqual(code, 1);
  match(stderr, /^error: The backend selected no sessions$/m);
});

Deno.test("what is not known is ? and null, and named; times may be out of range", async () => {
  const facts = "{ user: undefined, createdAt: 1e300, visitedAt: null, expiresAt: -1e200 }";
  const store = `list: async ({ onSessions }) => await onSessions([session(1, ${facts})])`;
  await using app = await customApp(store);
  const table = await runAzu(["session:list"], { cwd: app.path });
  match(table.stdout, /^zzzzzzzzzzzb {2}\? +\? +\? +\? +10 B$/m);
  const json = await runAzu(["session:list", "--json"], { cwd: app.path });
  deepStrictEqual(JSON.parse(json.stdout).sessions[0].unknown, [
    "user",
    "created",
    "visited",
    "expires",
  ]);
  const csv = await runAzu(["session:list", "--format", "csv"], { cwd: app.path });
  match(csv.stdout, /^zzzzzzzzzzzb,\?,\?,\?,\?,10,,$/m);
});

Deno.test("the walk ends at the limit, and only that abort is no failure", async () => {
  const endless = `list: async ({ signal, onSessions }) => {
    for (let n = 0;; n += 10) {
      await onSessions(sessions(10, n));
      await later(1);
      if (signal.aborted) console.log("aborted after", n + 10);
      signal.throwIfAborted();
    }
  }`;
  const { code, stdout, stderr } = await list(endless, ["--limit", "25"]);
  deepStrictEqual([code, stdout.split("\n").length], [0, 26]);
  match(stderr, /^aborted after 30$/m);
  match(stderr, /^The first 25 sessions; --limit all shows more$/m);
  const failing = endless.replace("signal.throwIfAborted()", "if (n > 20) throw new Error('oh')");
  const failed = await list(failing, ["--limit", "25"]);
  deepStrictEqual([failed.code, failed.stdout.split("\n").length], [1, 26]);
  match(failed.stderr, /^error: The acme backend failed: oh$/m);
});

Deno.test("a store that fails midway: what was read is shown, and the exit code is 1", async () => {
  const store = `list: async ({ onSessions }) => {
    await onSessions(sessions(3));
    throw new Error("the disk is gone");
  }`;
  for (const format of ["handles", "table", "csv", "ndjson"]) {
    await using app = await customApp(store);
    const run = await runAzu(["session:list", "--format", format], { cwd: app.path });
    strictEqual(run.code, 1);
    match(run.stdout, /zzzzzzzzzzza[^]*zzzzzzzzzzzc/);
    match(run.stderr, /^error: The acme backend failed: the disk is gone$/m);
  }
  const json = await list(store, ["--format", "json"]);
  const { outcome, sessions, more } = JSON.parse(json.stdout);
  deepStrictEqual([outcome, sessions, more], ["failed", [], null]);
});

Deno.test("a list that never ends can be interrupted", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using app = await customApp(`list: async ({ onSessions }) => {
      await onSessions(sessions(3));
      await new Promise(() => {});
    }`);
    await using azu = await spawnAzu(LIST, { cwd: app.path });
    await azu.waitFor(/zzzzzzzzzzzc/);
    const begin = performance.now();
    azu.signal(signal);
    const { code, stderr } = await azu.finished();
    strictEqual(code, signal === "SIGINT" ? 130 : 143);
    match(stderr, /^Interrupted after 3 session\(s\)$/m);
    ok(performance.now() - begin < 5000);
  }
});

Deno.test("unreadable sessions are a warning, for a selection only", async () => {
  const store =
    `only: () => ({ count: async (_, { onUnreadable }) => { onUnreadable(2); return 1; },
    clear: async () => 0, list: async ({ onSessions, onUnreadable }) => {
      await onSessions(sessions(1));
      onUnreadable(2);
    } })`;
  for (const more of [[], ["--format", "json"], ["--format", "table", "--count"]]) {
    const { code, stdout, stderr } = await list(store, ["--anonymous", ...more]);
    strictEqual(code, 0);
    match(
      stderr,
      /^warning: 2 session\(s\) do not tell the user, and were not selected: the app did/m,
    );
    if (more[1] === "json") strictEqual(JSON.parse(stdout).unreadable, 2);
  }
});
