/** Lists and states while the app moves its sessions between two stores. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { handleOf } from "../../../src/backends/handle.ts";
import { needs } from "../../support/env.ts";
import { postgresEnd, redisEnd } from "../session_copy/ends.ts";
import { documentedFields } from "../reference.ts";
import { HOUR, idOf, inStores, movingApp, NOW, SECRET, session } from "./app.ts";

const STORES = { old: redisEnd, new: postgresEnd };

for (
  const [name, stores, ...services] of [
    ["SQLite to SQLite", {}],
    ["Redis to PostgreSQL", STORES, "redis-server", "postgres"],
  ] as const
) {
  Deno.test(`a list shows each session where it lives: ${name}`, needs(...services), async () => {
    const { old: makeOld, new: makeNew } = { old: undefined, new: undefined, ...stores };
    await using app = await movingApp({}, makeOld, makeNew);
    const later = { visitedAt: NOW - HOUR / 2 };
    await app.write("old", {
      first: session(1), // written by an earlier version of the app
      copied: session(2, "old", later),
      ahead: session(4, "new"), // a copy of what has ended in the new store
    });
    await app.write("new", {
      copied: session(2, "old"),
      moved: session(3, "new"),
      gone: session(5), // a copy of what has ended in the old store
    });
    const list = async (...args: string[]) => {
      const { code, stdout, stderr } = await app.run("session:list", ...args);
      strictEqual(code, 0, stderr);
      ok(!(stdout + stderr).includes(SECRET));
      return stdout.trim().split("\n");
    };
    const living = ["first", "copied", "moved"].map((name) => handleOf(idOf(name))).sort();
    deepStrictEqual((await list("--format", "handles", "--limit", "all")).sort(), living);
    deepStrictEqual(await list("--count"), ["3"]);
    deepStrictEqual(
      (await list("--format", "csv", "--fields", "user", "--sort", "user")).slice(1),
      [
        "1",
        "2",
        "3",
      ],
    );
    // The copy in the new store has not been visited for longer, and is not what counts.
    deepStrictEqual(await list("--count", "--idle", "45m"), ["2"]);
    const document = await app.document("session:list", "--limit", "2");
    deepStrictEqual([document["shown"], document["more"]], [2, true]);
    deepStrictEqual(inStores(document, "backend"), [["old"], ["new"]]);
    deepStrictEqual(await list("--count", "--backend", "new"), ["3"]);
  });
}

Deno.test("sessions whose payload cannot be read are listed once", async () => {
  await using app = await movingApp();
  const sealed = session(1, undefined, { payload: "opaque" });
  await app.write("old", { a: sealed, b: sealed });
  await app.write("new", { b: sealed, c: sealed });
  const { stdout } = await app.run("session:list", "--format", "handles");
  const expected = ["a", "b", "c"].map((name) => handleOf(idOf(name))).sort();
  deepStrictEqual(stdout.trim().split("\n").sort(), expected);
});

Deno.test("the state of both stores is shown", async () => {
  await using app = await movingApp();
  await app.write("old", { a: session(1) });
  await app.write("new", { b: session(2), c: session(3) });
  const { code, stdout } = await app.run("session:status");
  strictEqual(code, 0);
  match(stdout, /^Sessions of production in old\n[^]*?^Sessions +1$/m);
  match(stdout, /\n\nSessions of production in new\n[^]*?^Sessions +2$/m);
  const document = await app.document("session:status");
  const figures = inStores(document, "backend", "figures");
  const sessions = figures.map((store) => JSON.stringify(store).match(/"sessions":(\d+)/)?.[1]);
  deepStrictEqual(sessions, ["1", "2"]);
  deepStrictEqual([document["backend"], document["outcome"]], ["new", "read"]);

  const metrics = (await app.run("session:status", "--format", "openmetrics")).stdout;
  strictEqual(metrics.match(/^# TYPE azu_sessions gauge$/gm)?.length, 1);
  match(metrics, /^azu_sessions\{backend="old",.*\} 1\nazu_sessions\{backend="new",.*\} 2$/m);
  strictEqual(metrics.match(/^# EOF$/gm)?.length, 1);

  const limits = await app.run("session:status", "--fail-if", "sessions > 1", "--quiet");
  strictEqual(limits.code, 1);
  match(limits.stderr, /^error: A limit is reached: sessions > 1: it is 2 \(new \(sqlite3:/m);
  strictEqual((await app.run("session:status", "--fail-if", "evicted > 0")).code, 3);
});

Deno.test("the documents have the fields of the reference, and both stores", async () => {
  await using app = await movingApp();
  const commands = [["session:clear", "--dry-run"], ["session:sweep"], ["session:status"]];
  for (const [command = "", ...more] of [...commands, ["session:list"]]) {
    const { code, ...document } = await app.document(command, ...more);
    const omitted = ["channel", "error", "advice", "schedule", "count"];
    const documented = await documentedFields(command, omitted);
    deepStrictEqual(Object.keys(document).sort(), [...documented, "stores"].sort());
    strictEqual(code, 0);
  }
});
