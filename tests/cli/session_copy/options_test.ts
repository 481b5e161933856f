/** What `session:copy` refuses, selects, asks and writes besides the copy. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { handleOf } from "../../../src/backends/handle.ts";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { changedUrl } from "../../support/servers/database.ts";
import { copyApp } from "./app.ts";
import { type Kept, lookOf, postgresEnd, redisEnd, sqliteEnd } from "./ends.ts";

const NOW = Date.now();
const HOUR = 3_600_000;

/** Stands for the random part of every id, and what payloads contain. No output may contain it. */
const SECRET = "5ecre7-1d";

function session(user: number, facts: Partial<Kept> = {}): Kept {
  const payload = `{"user_id":${user},"note":"${SECRET}","visited_at":"2026-11-28T00:00:00Z"}`;
  return { payload, expiresAt: NOW + HOUR, visitedAt: NOW - HOUR, ...facts };
}

const two = { [`${SECRET}-a`]: session(1), [`${SECRET}-b`]: session(2) };

Deno.test("only the sessions of a selection are copied", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  await source.write(two);
  const { code, stdout } = await app.copy("--force", "--user", "1");
  deepStrictEqual([code, /Copied 1 session/.test(stdout)], [0, true]);
  deepStrictEqual(await target.look(), lookOf({ [`${SECRET}-a`]: session(1) }));
});

Deno.test("a copy to the same place is refused, by whatever name it is called", async () => {
  await using source = await sqliteEnd();
  await source.write(two);
  const path = String(source.entry["url"]).replace("sqlite3://", "");
  await Deno.symlink(path, `${path}.link`);
  const target = { ...source.entry, url: `sqlite3://${path}.link` };
  await using app = await copyApp({ source: source.entry, target });
  const { code, stderr, stdout } = await app.copy("--force");
  deepStrictEqual([code, stdout.includes("✓")], [2, false]);
  match(stderr, /source and target are the same place/);
  const same = await runAzu(["session:copy", "--from", "source", "--to", "source"], app.options);
  deepStrictEqual([same.code, /both name source/.test(same.stderr)], [2, true]);
});

Deno.test("and on servers with several names", needs("redis-server", "postgres"), async () => {
  for (const make of [redisEnd, postgresEnd]) {
    await using source = await make();
    await source.write(two);
    const url = String(source.entry["url"]);
    const other = url.includes("localhost") ? "127.0.0.1" : "localhost";
    const target = { ...source.entry, url: changedUrl(url, { hostname: other }) };
    await using app = await copyApp({ source: source.entry, target });
    const { code, stderr } = await app.copy("--force");
    deepStrictEqual([code, /are the same place/.test(stderr)], [2, true], stderr);
    if (make !== redisEnd) continue;
    // Its keys would be sessions of the source, too.
    const inside = { ...source.entry, keyPrefix: "shop:session:copy:" };
    await using nested = await copyApp({ source: source.entry, target: inside });
    strictEqual((await nested.copy("--force")).code, 2);
    const beside = { ...source.entry, keyPrefix: "shop:copy:" };
    await using another = await copyApp({ source: source.entry, target: beside });
    strictEqual((await another.copy("--force")).code, 0);
  }
});

Deno.test("backends that cannot be copied from or to end with 3", async () => {
  await using source = await sqliteEnd();
  await source.write(two);
  const layout = { id: "session_id", payload: "data", expiresAt: "expires_at" };
  await using other = await sqliteEnd();
  const cases = [
    [source.entry, { type: "memory" }, /cannot be written from outside/],
    [{ type: "memory" }, source.entry, /cannot be copied from outside/],
    [source.entry, { ...other.entry, layout }, /cannot be copied to the target backend/],
    [{ ...source.entry, layout: { id: "session_id" } }, other.entry, /does not tell .* payload/],
  ] as const;
  for (const [from, to, reason] of cases) {
    await using app = await copyApp({ source: from, target: to });
    const { code, stderr, stdout } = await app.copy("--force");
    deepStrictEqual([code, stdout.includes("✓")], [3, false], stderr);
    match(stderr, reason);
  }
  await using app = await copyApp({ source: { ...source.entry, layout }, target: other.entry });
  const { code, stderr } = await app.copy("--force");
  strictEqual(code, 0, stderr);
  deepStrictEqual(await other.look(), lookOf(two));
});

Deno.test("a table whose ids may be there twice takes no copies", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await source.write(two);
  const { DatabaseSync } = await import("node:sqlite");
  using database = new DatabaseSync(String(target.entry["url"]).replace("sqlite3://", ""));
  database.exec("DROP INDEX sessions_session_id_idx");
  await using app = await copyApp({ source: source.entry, target: target.entry });
  for (const how of ["--force", "--dry-run"]) {
    const { code, stderr } = await app.copy(how);
    deepStrictEqual([code, await target.look()], [3, {}]);
    match(stderr, /no unique index on session_id/);
  }
});

Deno.test(
  "what cannot be copied is listed by handle, and the rest is copied",
  needs("redis-server", "postgres"),
  async () => {
    await using source = await redisEnd();
    await using target = await postgresEnd();
    await using app = await copyApp({ source: source.entry, target: target.entry });
    const long = `${SECRET}-${"x".repeat(300)}`;
    await source.write({ ...two, [long]: session(3) });
    const { Redis } = await import("ioredis");
    const client = new Redis(String(source.entry["url"]));
    await client.persist(`shop:session:${SECRET}-b`);
    await client.hset(`shop:session:${SECRET}-hash`, "a", SECRET);
    await client.set(Buffer.from([...Buffer.from("shop:session:"), 0xff]), "x");
    client.disconnect();
    const { code, stdout, stderr } = await app.copy("--force", "--failed", "failed.txt");
    deepStrictEqual([code, stdout.includes("✓")], [1, false]);
    match(stdout, /^Copied 1 session/m);
    match(stderr, /^error: 4 session\(s\) cannot be copied$/m);
    const lines = (await Deno.readTextFile(`${app.path}/failed.txt`)).trim().split("\n");
    const reasons = Object.fromEntries(lines.map((line) => line.split("\t")));
    deepStrictEqual(Object.keys(reasons).length, 4);
    match(reasons[handleOf(long)] ?? "", /too long/);
    match(reasons[handleOf(`${SECRET}-b`)] ?? "", /never expires/);
    match(reasons[handleOf(`${SECRET}-hash`)] ?? "", /another type/);
    match(reasons[handleOf(new Uint8Array([0xff]))] ?? "", /not a text/);
    for (const handle of Object.keys(reasons)) ok(stderr.includes(handle));
    strictEqual(await modeOf(`${app.path}/failed.txt`), 0o600);
    const ledger = await Deno.readFile(`${app.path}/ledger`);
    strictEqual(await modeOf(`${app.path}/ledger`), 0o600);
    const all = [stdout, stderr, lines.join("\n"), Buffer.from(ledger).toString("latin1")];
    for (const text of all) ok(!text.includes(SECRET));
    deepStrictEqual(await target.look(), lookOf({ [`${SECRET}-a`]: session(1) }));
  },
);

Deno.test("a file that is not a ledger is not written over", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  await source.write(two);
  await Deno.writeTextFile(`${app.path}/ledger`, "mine");
  const { code, stderr } = await app.copy("--force");
  deepStrictEqual([code, await Deno.readTextFile(`${app.path}/ledger`)], [2, "mine"]);
  match(stderr, /is not a ledger of copies/);
  deepStrictEqual(await target.look(), {});
});

Deno.test("the ledger is where the user's state is, and a dry run leaves it alone", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  await source.write(two);
  const run = async (...args: readonly string[]) => {
    const command = ["session:copy", "--from", "source", "--to", "target", ...args];
    const env = { XDG_STATE_HOME: `${app.path}/state` };
    return await runAzu(command, { ...app.options, env });
  };
  strictEqual((await run("--dry-run")).code, 0);
  strictEqual(await Deno.stat(`${app.path}/state`).catch(() => undefined), undefined);
  strictEqual((await run("--force")).code, 0);
  const [file, ...others] = await Array.fromAsync(Deno.readDir(`${app.path}/state/azu`));
  deepStrictEqual([/^copy-[0-9a-f]{16}\.ledger$/.test(file?.name ?? ""), others], [true, []]);
  await target.remove(`${SECRET}-a`);
  const again = (await run("--force")).stdout;
  match(again, /^1 session\(s\) were removed at the target/m);
  match(again, /^✓ Compared \d+ session\(s\): nothing else is missing at the target$/m);
  // What neither of them has any longer is dropped.
  const size = async () => (await Deno.stat(`${app.path}/state/azu/${file?.name}`)).size;
  const before = await size();
  await source.remove(`${SECRET}-b`);
  strictEqual((await run("--force")).code, 0);
  strictEqual(await size(), before);
  await target.remove(`${SECRET}-b`);
  strictEqual((await run("--force", "--user", "1")).code, 0);
  strictEqual(await size(), before);
  strictEqual((await run("--force")).code, 0);
  strictEqual(await size(), before - 8);
});

Deno.test("it asks, and copies nothing without an answer", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  await source.write(two);
  const piped = await app.copy();
  deepStrictEqual([piped.code, await target.look()], [2, {}]);
  match(piped.stderr, /no terminal to ask/);
  const command = ["session:copy", "--from", "source", "--to", "target"];
  const answers = [["n\n", 0, {}], ["\x03", 130, {}], ["y\n", 0, lookOf(two)]] as const;
  for (const [type, code, expected] of answers) {
    const answer = [{ waitFor: "Copy them? [y/N]", type }];
    const run = await runAzuOnTerminal(command, { ...app.options, answer });
    deepStrictEqual([run.code, await target.look()], [code, expected], run.output);
    match(run.output, /2 session\(s\) from source \(sqlite/);
  }
});

Deno.test("what differs stays, if no visit is known", needs("redis-server"), async () => {
  await using source = await sqliteEnd();
  await using target = await redisEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  const sealed = (payload: string) => ({ a: session(1, { payload }) });
  await source.write(sealed("sealed one"));
  await target.write(sealed("sealed two"));
  const { code, stderr } = await app.copy("--force");
  deepStrictEqual([code, await target.look()], [0, lookOf(sealed("sealed two"))]);
  match(stderr, /warning: 1 session\(s\) differ, and azu cannot tell which/);
});

Deno.test("it prints what runs it every hour", async () => {
  await using source = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: { ...source.entry } });
  const { code, stdout } = await app.copy("--schedule", "cron", "--logged-in");
  strictEqual(code, 0);
  const line = "azu session:copy --from source --to target --ledger ledger --logged-in " +
    "--env production --force --quiet";
  ok(stdout.trim().endsWith(line), stdout);
  const { stdout: unit } = await app.copy("--schedule=systemd", "--env", "production");
  match(unit, /azu-copy-shop\.timer/);
});

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}
