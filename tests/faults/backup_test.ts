/** Backups and restores that are ended, and disks that are full. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { copyApp } from "../cli/session_copy/app.ts";
import { lookOf, sqliteEnd } from "../cli/session_copy/ends.ts";
import { runAzu, spawnAzu } from "../support/cli.ts";
import { smallDisk } from "../support/small_disk.ts";
import { ALL, BEFORE, changedIn, SESSIONS } from "./copy_subject.ts";
import { randoms } from "./places.ts";

const ENV = { AZU_BACKUP_PASSPHRASE: "a long enough passphrase" };
const SLOW = ["--batch", "5", "--pause", "40ms"];
const CODES = { SIGINT: 130, SIGTERM: 143, SIGKILL: 137 } as const;
const SIGNALS = ["SIGINT", "SIGKILL", "SIGTERM", "SIGKILL", "SIGINT"] as const;

async function filesIn(path: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  return names.filter((name) => name.startsWith("backup")).sort();
}

/** Starts a slow copy, and ends it some time after its first words. */
async function ended(
  command: readonly string[],
  options: Parameters<typeof spawnAzu>[1],
  signal: Deno.Signal,
  after: number,
) {
  await using azu = await spawnAzu([...command, ...SLOW], options);
  await azu.waitFor("Copying sessions");
  const finished = azu.finished();
  await new Promise((resolve) => setTimeout(resolve, after));
  azu.signal(signal);
  return await finished;
}

Deno.test("a backup that is ended leaves no file, and the one from before as it was", async () => {
  await using source = await sqliteEnd();
  await source.write(ALL);
  const random = randoms(15);
  let amid = 0;
  for (const signal of SIGNALS) {
    await using app = await copyApp({ source: source.entry }, ENV);
    await Deno.writeTextFile(`${app.path}/backup.azu`, "from before");
    const command = ["session:copy", "--from", "source", "--to", "backup.azu", "--overwrite"];
    const after = random() * 1200;
    const { code, stdout, stderr } = await ended(command, app.options, signal, after);
    const where = `${signal} after ${after}: ${code}\n${stdout}\n${stderr}`;
    const [file, ...others] = await filesIn(app.path);
    strictEqual(file, "backup.azu", where);
    doesNotMatch(stderr, /^ +at /m);
    if (code !== 0) {
      amid++;
      strictEqual(code, CODES[signal], where);
      strictEqual(await Deno.readTextFile(`${app.path}/backup.azu`), "from before", where);
      doesNotMatch(stdout, /✓|^Copied/m);
      if (signal !== "SIGKILL") {
        deepStrictEqual(others, [], where);
        match(stdout, /^Interrupted; nothing was copied$/m);
      }
    }
    const again = await runAzu(command, app.options);
    deepStrictEqual([again.code, /✓/.test(again.stdout)], [0, true], again.stderr);
  }
  ok(amid > 1, `only ${amid} were in the middle of a backup`);
});

Deno.test("a restore that is ended finishes when it is run again", async () => {
  await using source = await sqliteEnd();
  await source.write(ALL);
  await using files = await copyApp({ source: source.entry }, ENV);
  const file = `${files.path}/backup.azu`;
  strictEqual(
    (await runAzu(["session:copy", "--from", "source", "--to", file], files.options)).code,
    0,
  );
  const random = randoms(16);
  let amid = 0;
  for (const signal of SIGNALS) {
    await using target = await sqliteEnd();
    await target.write(BEFORE);
    await using app = await copyApp({ target: target.entry }, ENV);
    const ledger = ["--ledger", "ledger", "--force"];
    const command = ["session:copy", "--from", file, "--to", "target", ...ledger];
    const after = random() * 1200;
    const { code, stdout, stderr } = await ended(command, app.options, signal, after);
    const where = `${signal} after ${after}: ${code}\n${stdout}\n${stderr}`;
    const there = changedIn(await target.look(), where);
    if (there < SESSIONS) amid++;
    if (code !== 0 && signal !== "SIGKILL") {
      const told = Number(/^Copied (?:at least )?(\d+) session/m.exec(stdout)?.[1] ?? 0);
      deepStrictEqual([code, told], [CODES[signal], there], where);
    }
    const again = await runAzu([...command, "--json"], app.options);
    const { outcome, removed } = JSON.parse(again.stdout);
    deepStrictEqual([again.code, outcome, removed], [0, "copied", 0], where);
    deepStrictEqual(await target.look(), lookOf(ALL), where);
  }
  ok(amid > 1, `only ${amid} were in the middle of a restore`);
});

Deno.test("a backup to a full disk fails, and leaves nothing there", async () => {
  await using disk = await smallDisk(2);
  if (disk === undefined) return;
  await using source = await sqliteEnd();
  await source.write(ALL);
  await using app = await copyApp({ source: source.entry }, ENV);
  const command = ["session:copy", "--from", "source", "--to", `${disk.path}/backup.azu`];
  await disk.filled(async () => {
    const { code, stdout, stderr } = await runAzu([...command, "--json"], app.options);
    const { outcome, copied, error } = JSON.parse(stdout);
    deepStrictEqual([code, outcome, copied], [1, "failed", 0], stderr);
    match(error.message, /Cannot write the backup .*No space left/);
    deepStrictEqual(await filesIn(disk.path), []);
  });
  strictEqual((await runAzu(command, app.options)).code, 0);
});
