/** Removals while the app moves its sessions: from both stores, with true counts of each. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runAzu, runAzuOnTerminal, spawnAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { tempDir, writeTree } from "../../support/temp.ts";
import { postgresEnd, redisEnd, sqliteEnd } from "../session_copy/ends.ts";
import { HOUR, inStores, movingApp, NOW, SECRET, session } from "./app.ts";

const some = { a: session(1), b: session(2) };
const others = { b: session(2, "old"), c: session(3, "new"), d: session(1, "new") };

Deno.test("a clear reaches both stores, the old one first", async () => {
  for (const settings of [{}, { backend: "old", migrateFrom: undefined, migrateTo: "new" }]) {
    await using app = await movingApp(settings);
    await app.write("old", some);
    await app.write("new", others);
    const dry = await app.document("session:clear", "--dry-run");
    deepStrictEqual(inStores(dry, "backend", "remaining"), [["old", 2], ["new", 3]]);
    deepStrictEqual([dry["outcome"], dry["remaining"], dry["code"]], ["found", 5, 0]);
    const { code, stdout, stderr } = await app.run("session:clear", "--force");
    deepStrictEqual([code, await app.names("old"), await app.names("new")], [0, [], []], stderr);
    const stores = stdout.split(/^(?=old \(sqlite3:.*:$|new \(sqlite3:.*:$)/m);
    match(stores[1] ?? "", /^old .*:\nCleared 2 session\(s\)\n✓/);
    match(stores[2] ?? "", /^new .*:\nCleared 3 session\(s\)\n✓/);
    match(stderr, /Backend: (?:old|new) \(selected by session.migrate(?:From|To) in azu/);
  }
});

Deno.test("with --backend, it reaches that one only", async () => {
  await using app = await movingApp();
  await app.write("old", some);
  await app.write("new", others);
  const document = await app.document("session:clear", "--force", "--backend", "old");
  deepStrictEqual([document["cleared"], document["stores"]], [2, undefined]);
  deepStrictEqual([await app.names("old"), await app.names("new")], [[], ["b", "c", "d"]]);
});

Deno.test("a revocation reaches both, and asks once", async () => {
  await using app = await movingApp();
  await app.write("old", some);
  await app.write("new", others);
  const answer = [{ waitFor: "will log out whoever uses them. [y/N]", type: "y\n" }];
  const command = ["session:revoke", "--user", "1"];
  const { code, output } = await runAzuOnTerminal(command, { ...app.options, answer });
  strictEqual(code, 0, output);
  match(
    output,
    /Sessions of the user 1 in old \(sqlite[^]*: 1\r?\n[^]* in new \(sqlite[^]*: 1\r?\n/,
  );
  match(output, /✓[^]*✓/);
  ok(!output.includes(SECRET), output);
  deepStrictEqual([await app.names("old"), await app.names("new")], [["b"], ["b", "c"]]);
  const again = await app.document(...command, "--force");
  deepStrictEqual(inStores(again, "outcome", "revoked"), [["empty", 0], ["empty", 0]]);
});

Deno.test("what fails in one store is told, with what was done in the other", async () => {
  const broken = { type: "database", url: "postgres://a:s3cret@127.0.0.1:1/b?sslmode=disable" };
  for (const failing of ["old", "new"] as const) {
    await using app = await movingApp();
    const left = failing === "old" ? "new" : "old";
    const backends = { old: app.old.entry, new: app.new.entry, [failing]: broken };
    const config = { session: { backend: "new", migrateFrom: "old", backends } };
    await writeTree(app.path, { "azu.config.ts": `export default ${JSON.stringify(config)}` });
    await app.write("old", some);
    await app.write("new", some);
    for (const command of [["session:revoke", "--user", "1"], ["session:clear"]]) {
      const { code, stdout, stderr } = await app.run(...command, "--force");
      strictEqual(code, 1);
      match(stdout, /^(?:Cleared|Revoked) 1 session\(s\)\n✓/m);
      match(stderr, /^error: .*postgres:\/\/a:\*\*\*@127\.0\.0\.1:1\/b/m);
      ok(!stderr.includes("s3cret"));
    }
    deepStrictEqual(await app.names(left), []);
    const document = await app.document("session:clear", "--force");
    deepStrictEqual([document["outcome"], document["remaining"]], ["failed", null]);
    const outcomes = inStores(document, "backend", "outcome");
    const done = [left, "empty"];
    deepStrictEqual(
      outcomes,
      failing === "old" ? [["old", "failed"], done] : [done, ["new", "failed"]],
    );
    const list = await app.document("session:list");
    deepStrictEqual([list["outcome"], list["code"]], ["failed", 1]);
    const status = await app.document("session:status");
    deepStrictEqual([status["outcome"], status["code"]], ["failed", 1]);
    deepStrictEqual(
      inStores(status, "outcome"),
      failing === "old" ? [["failed"], ["read"]] : [["read"], ["failed"]],
    );
  }
});

Deno.test(
  "what one store cannot do is said by name",
  needs("redis-server", "postgres"),
  async () => {
    await using app = await movingApp({}, redisEnd, postgresEnd);
    await app.write("old", some);
    await app.write("new", others);
    const cases = [
      [["session:clear", "--force", "--truncate"], /The old backend cannot empty a table/],
      [
        ["session:clear", "--force", "--wait-replicas", "1"],
        /The new backend cannot tell whether rep/,
      ],
      [["session:sweep", "--fix-ttl"], /Sessions of the new backend have no TTL to fix/],
    ] as const;
    for (const [command, reason] of cases) {
      const { code, stderr } = await app.run(...command);
      strictEqual(code, 3);
      match(stderr, reason);
    }
    deepStrictEqual([await app.names("old"), await app.names("new")], [["a", "b"], [
      "b",
      "c",
      "d",
    ]]);
  },
);

Deno.test("a sweep does in each store what it can", needs("redis-server"), async () => {
  await using app = await movingApp({}, redisEnd, sqliteEnd);
  await app.write("old", some);
  await app.write("new", { ...others, e: session(4, "new", { expiresAt: NOW - HOUR }) });
  const document = await app.document("session:sweep");
  const fields = ["backend", "outcome", "swept", "remaining", "endless"];
  deepStrictEqual(inStores(document, ...fields), [
    ["old", "empty", 0, null, 0],
    ["new", "swept", 1, 0, null],
  ]);
  deepStrictEqual([document["outcome"], document["swept"], document["code"]], ["swept", 1, 0]);
  deepStrictEqual(await app.names("new"), ["b", "c", "d"]);
  const { stdout } = await app.run("session:sweep");
  match(stdout, /^old \(redis:.*:\nThe store itself removes [^]*^new \(sqlite3:.*:\nNo expired/m);
});

/** Two stores in memory, whose code the test writes. `moved` is a session that the app moves. */
async function scriptedApp(stores: string) {
  const app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const all = { old: new Set(["a"]), new: new Set(["b", "moved"]) };
const backend = (name, hooks) => () => ({
  name, capabilities: { clear: true, createTable: false }, describe: () => ({ address: name }),
  connect: async () => ({
    count: async () => all[name].size,
    async clear({ onProgress, signal }) {
      await hooks.before?.(all, signal);
      const cleared = all[name].size;
      all[name].clear();
      onProgress(cleared);
      return { cleared, remaining: 0, arrived: 0 };
    },
    async [Symbol.asyncDispose]() {},
  }),
});
const { old: first = {}, new: second = {} } = ${stores};
export default { session: { backend: "new", migrateFrom: "old",
  backends: { old: backend("old", first), new: backend("new", second) } } };`,
  });
  return app;
}

Deno.test("a session that the app moves back meanwhile is removed, too", async () => {
  await using app = await scriptedApp(`{ new: { before(all) {
    if (all.new.delete("moved")) all.old.add("moved");
  } } }`);
  const { stdout } = await runAzu(["session:clear", "--force", "--json"], { cwd: app.path });
  const document = JSON.parse(stdout);
  deepStrictEqual(inStores(document, "outcome", "cleared"), [["cleared", 2], ["cleared", 1]]);
  strictEqual(document["exitCode"], 0);
});

Deno.test("what was not begun is told after an interruption", async () => {
  for (const signals of [1, 2]) {
    await using app = await scriptedApp(`{ old: { async before(_, signal) {
      console.log("clearing now");
      while (${signals === 2} || !signal.aborted) await later(20);
      signal.throwIfAborted();
    } } }`);
    const args = ["session:clear", "--force", "--json"];
    await using azu = await spawnAzu(args, { cwd: app.path });
    await azu.waitFor("clearing now", "stderr");
    for (let sent = 0; sent < signals; sent++) {
      azu.signal("SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const { code, stdout } = await azu.finished();
    const document = JSON.parse(stdout);
    strictEqual(code, 130);
    const outcomes = inStores(document, "backend", "outcome", "cleared");
    deepStrictEqual(outcomes, [["old", "interrupted", 0], ["new", "interrupted", 0]]);
    deepStrictEqual([document["outcome"], document["cleared"]], ["interrupted", 0]);
  }
});

Deno.test("a password of either store is in no output", needs("redis-server"), async () => {
  await using server = await startRedis({ password: "hunter2-pw" });
  await using app = await movingApp();
  const old = { type: "redis", url: server.url, keyPrefix: "shop:" };
  const backends = { old, new: app.new.entry };
  const config = { session: { backend: "new", migrateFrom: "old", backends } };
  await writeTree(app.path, { "azu.config.ts": `export default ${JSON.stringify(config)}` });
  for (const command of ["session:clear", "session:list", "session:status", "session:sweep"]) {
    const force = command === "session:clear" ? ["--force"] : [];
    const { code, stdout, stderr } = await app.run(command, ...force);
    strictEqual(code, 0, stderr);
    ok(!(stdout + stderr).includes("hunter2"));
    ok(stderr.includes("old"), stderr);
  }
});
