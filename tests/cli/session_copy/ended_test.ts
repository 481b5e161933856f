/** `session:copy --remove-ended`: what has ended at the source is removed at the target. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { type CopyApp, copyApp } from "./app.ts";
import { type End, type Kept, lookOf, mysqlEnd, postgresEnd, redisEnd, sqliteEnd } from "./ends.ts";

const NOW = Date.now();
const HOUR = 3_600_000;

/** @param storedIn The backend that an app has last written it to; undefined for none. */
function session(name: string, storedIn?: string, facts: Partial<Kept> = {}): Kept {
  const home = storedIn === undefined ? {} : { stored_in: storedIn };
  const payload = JSON.stringify({ session_id: name, user_id: 42, ...home });
  return { payload, expiresAt: NOW + HOUR, visitedAt: NOW - HOUR, ...facts };
}

function sessions(count: number, storedIn?: string): Record<string, Kept> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`s${index}`, session(`s${index}`, storedIn)]),
  );
}

function without<T>(all: Readonly<Record<string, T>>, ...names: readonly string[]) {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
}

const pairs: Readonly<
  Record<string, readonly [() => Promise<End>, () => Promise<End>, ...Parameters<typeof needs>]>
> = {
  "Redis and PostgreSQL": [redisEnd, postgresEnd, "redis-server", "postgres"],
  "PostgreSQL and Redis": [postgresEnd, redisEnd, "redis-server", "postgres"],
  "SQLite and MySQL": [sqliteEnd, mysqlEnd, "mariadb"],
};

for (const [name, [makeSource, makeTarget, ...services]] of Object.entries(pairs)) {
  Deno.test(`what has ended is removed: ${name}`, needs(...services), async () => {
    await using source = await makeSource();
    await using target = await makeTarget();
    await using app = await copyApp({ source: source.entry, target: target.entry });
    const all = { ...sessions(300), ...sessions(20, "source") };
    await source.write(all);
    const elsewhere = { own: session("own", "source"), other: session("other") };
    await target.write(elsewhere); // no copy has put them there
    deepStrictEqual(picked(await app.counts("--remove-ended")), { ...NOTHING, created: 300 });

    await source.remove("s0", "s1", "s25", "s26", "s27", "s28", "s29");
    const adopted = { s25: session("s25", "target") };
    const unreadable = { s26: session("s26", undefined, { payload: "opaque" }) };
    const expired = { s27: session("s27", undefined, { expiresAt: NOW + 500 }) };
    await target.write({ ...adopted, ...unreadable, ...expired });
    await target.remove("s28");
    await new Promise((resolve) => setTimeout(resolve, 600));
    const before = await target.look();

    const ended = { ...NOTHING, same: 293, ended: 3, endedUnreadable: 1 };
    deepStrictEqual(picked(await app.counts("--remove-ended", "--dry-run")), ended);
    deepStrictEqual(await target.look(), before);
    // Whoever does not remove it now can do so later: it stays in the ledger.
    const unasked = { ended: null, endedUnreadable: null, endedFailed: null };
    deepStrictEqual(picked(await app.counts()), { ...ended, ...unasked });
    const { code, stdout, stderr } = await app.copy("--remove-ended", "--force");
    strictEqual(code, 0, stderr);
    match(stdout, /^Removed 3 session\(s\) that have ended at the source$/m);
    match(stdout, /^✓ Compared 293 session\(s\)/m);
    match(stderr, /^warning: 1 session\(s\) that have ended at the source stay at the target/m);
    deepStrictEqual(
      without(await target.look(), "s27"),
      lookOf({
        ...without(all, "s0", "s1", "s27", "s28", "s29"),
        ...elsewhere,
        ...adopted,
        ...unreadable,
      }),
    );
    const again = { ...NOTHING, same: 293, endedUnreadable: 1 };
    deepStrictEqual(picked(await app.counts("--remove-ended")), again);
  });
}

const NOTHING = {
  ...{ code: 0, created: 0, same: 0, removed: 0, missing: 0, differing: 0, failed: 0, inDoubt: 0 },
  ...{ ended: 0, endedUnreadable: 0, endedFailed: 0 },
};

function picked(counts: Readonly<Record<string, unknown>>) {
  const { missing, differing, ...rest } = Object.fromEntries(
    Object.keys(NOTHING).map((name) => [name, counts[name]]),
  );
  return { ...rest, missing: missing ?? 0, differing: differing ?? 0 };
}

Deno.test("a source that has lost its sessions does not empty the target", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  const all = sessions(20);
  await source.write(all);
  strictEqual((await app.counts()).code, 0);
  const names = Object.keys(all);
  for (const left of [9, 0]) {
    await source.remove(...names.slice(left));
    const { code, stdout, stderr } = await app.copy("--remove-ended", "--force");
    deepStrictEqual([code, await target.look()], [1, lookOf(all)], stderr);
    match(
      stderr,
      new RegExp(`^error: ${20 - left} of the 20 session\\(s\\) .* may be incomplete`, "m"),
    );
    match(stderr, /pass --remove-most/);
    ok(!/Removed|✓/.test(stdout), stdout);
    const dry = await app.copy("--remove-ended", "--dry-run");
    strictEqual(dry.code, 0);
    match(dry.stderr, /^warning: .*--remove-most/m);
  }
  const forced = await app.counts("--remove-ended", "--remove-most");
  deepStrictEqual([forced.code, forced["ended"], await target.look()], [0, 20, {}]);
});

Deno.test("the ledger forgets what neither of the stores has any longer", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  await source.write(sessions(10));
  const size = async () => (await Deno.stat(`${app.path}/ledger`)).size;
  await app.counts();
  const begin = await size() - 80;
  await source.remove("s0", "s1", "s2", "s3");
  await target.remove("s0", "s1", "s2");
  await app.counts(); // a copy that removes nothing
  strictEqual(await size(), begin + 8 * 7);
  await app.counts("--remove-ended");
  strictEqual(await size(), begin + 8 * 6);
});

Deno.test("a target that refuses a removal keeps the session, and says so", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  await source.write(sessions(20));
  await app.counts();
  await source.remove("s3", "s4", "s5");
  const { DatabaseSync } = await import("node:sqlite");
  using database = new DatabaseSync(String(target.entry["url"]).replace("sqlite3://", ""));
  database.exec(
    "CREATE TRIGGER keep BEFORE DELETE ON sessions WHEN OLD.session_id = 's4' " +
      "BEGIN SELECT RAISE(ABORT, 'kept: s4'); END",
  );
  const counts = await app.counts("--remove-ended", "--failed", "failed.txt");
  deepStrictEqual(picked(counts), { ...NOTHING, code: 1, same: 17, ended: 2, endedFailed: 1 });
  match(await Deno.readTextFile(`${app.path}/failed.txt`), /^\w{12}\tit has ended at the source/);
  deepStrictEqual(await target.look(), lookOf(without(sessions(20), "s3", "s5")));
});

Deno.test("it is refused with a selection, and alone --remove-most is", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  await source.write(sessions(2));
  for (const args of [["--remove-ended", "--logged-in"], ["--remove-most"]]) {
    const { code, stderr } = await app.copy("--force", ...args);
    strictEqual(code, 2);
    match(stderr, /--remove-(?:ended takes no selection|most needs --remove-ended)/);
  }
  deepStrictEqual(await target.look(), {});
});

Deno.test("the question says that it removes", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app: CopyApp = await copyApp({ source: source.entry, target: target.entry });
  const all = sessions(3);
  await source.write(all);
  const command = ["session:copy", "--from", "source", "--to", "target"];
  const ledger = ["--ledger", "ledger"];
  await runAzu([...command, ...ledger, "--force"], app.options);
  await source.remove("s0");
  const answer = [{ waitFor: "Copy them, and remove what has ended? [y/N]", type: "n\n" }];
  const args = [...command, ...ledger, "--remove-ended"];
  const { code, output } = await runAzuOnTerminal(args, { ...app.options, answer });
  deepStrictEqual([code, await target.look()], [0, lookOf(all)], output);
  match(output, /has ended at source is removed/);
});
