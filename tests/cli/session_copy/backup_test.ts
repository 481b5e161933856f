/** Backup files as the target and as the source of a copy. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { type CopyApp, copyApp } from "./app.ts";
import { type End, type Kept, lookOf, mysqlEnd, postgresEnd, redisEnd, sqliteEnd } from "./ends.ts";

const NOW = Date.now();
const HOUR = 3_600_000;
const PASSPHRASE = "a long passphrase ünd more";

/** Stands for the random part of ids, and what payloads contain. No output may contain it. */
const SECRET = "5ecre7-1d";

function session(user: number, facts: Partial<Kept> = {}): Kept {
  const visit = new Date(facts.visitedAt ?? NOW - HOUR).toISOString();
  return {
    payload: `{"user_id":${user},"note":"${SECRET} é\\u0000","visited_at":"${visit}"}`,
    expiresAt: NOW + HOUR + user,
    visitedAt: NOW - HOUR,
    ...facts,
  };
}

function sessions(count: number): Record<string, Kept> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, user) => [`${SECRET}-${user}`, session(user)]),
  );
}

/** Two stores with their app, and a passphrase in its environment. */
async function appFor(source: End, target: End, env: Readonly<Record<string, string>> = {}) {
  const backends = { source: source.entry, target: target.entry };
  return await copyApp(backends, { AZU_BACKUP_PASSPHRASE: PASSPHRASE, ...env });
}

/** Runs a copy, and checks that its output contains nothing secret. */
async function copy(app: CopyApp, from: string, to: string, ...args: readonly string[]) {
  const command = ["session:copy", "--from", from, "--to", to, ...args];
  const env = { HOME: app.path, ...app.options.env };
  const run = await runAzu(command, { ...app.options, env });
  for (const text of [run.stdout, run.stderr]) {
    ok(!text.includes(SECRET) && !text.includes(PASSPHRASE), text);
  }
  return run;
}

async function filesIn({ path }: CopyApp): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  return names.filter((name) => /azu|backup/.test(name) && name !== "azu.config.ts").sort();
}

const ways = {
  "Redis to PostgreSQL": [redisEnd, postgresEnd, "redis-server", "postgres"],
  "MySQL to Redis": [mysqlEnd, redisEnd, "mariadb", "redis-server"],
  "SQLite to MySQL": [sqliteEnd, mysqlEnd, "mariadb"],
} as const;

for (const [name, [makeSource, makeTarget, ...services]] of Object.entries(ways)) {
  Deno.test(`a backup brings sessions from ${name}`, needs(...services), async () => {
    await using source = await makeSource();
    await using target = await makeTarget();
    await using app = await appFor(source, target);
    const all = sessions(300);
    await source.write(all);
    if (source.entry["type"] === "database") {
      await source.write({ old: session(1, { expiresAt: NOW - HOUR }) });
    }
    const backup = await copy(app, "source", "backup.azu");
    strictEqual(backup.code, 0, backup.stderr);
    match(backup.stdout, /^Copied 300 session\(s\)$/m);
    match(backup.stdout, /^✓ Read backup\.azu again: all 300 session\(s\) are in it$/m);
    const { mode } = await Deno.stat(`${app.path}/backup.azu`);
    strictEqual((mode ?? 0) & 0o777, 0o600);
    match(await Deno.readTextFile(`${app.path}/backup.azu`), /^age-encryption\.org/);

    const check = await copy(app, "backup.azu", "target", "--dry-run");
    deepStrictEqual([check.code, await target.look()], [0, {}], check.stderr);
    match(check.stdout, /^✓ Checked backup\.azu: it is complete, with 300 session\(s\)$/m);
    match(check.stdout, /^Would copy 300 session\(s\): 300 new there; nothing was written$/m);
    const restore = await copy(app, "backup.azu", "target", "--force");
    deepStrictEqual([restore.code, await target.look()], [0, lookOf(all)], restore.stderr);
    match(restore.stdout, /^✓ Compared 300 session\(s\): nothing is missing at the target$/m);
    match(restore.stderr, /warning: Sessions that were logged out or revoked after .* come back/);

    // What was removed there since the last restore is left out, whatever the file is called.
    await target.remove(`${SECRET}-7`);
    await Deno.rename(`${app.path}/backup.azu`, `${app.path}/other.azu`);
    const again = await copy(app, "other.azu", "target", "--force", "--json");
    const { same, removed, created, from } = JSON.parse(again.stdout);
    deepStrictEqual([same, removed, created, again.code], [299, 1, 0, 0]);
    deepStrictEqual([from.file, from.format, from.backend], ["other.azu", "age", null]);
    await target.remove(...Object.keys(all));
    const cleared = await copy(app, "other.azu", "target", "--force", "--restore-removed");
    deepStrictEqual([cleared.code, await target.look()], [0, lookOf(all)]);
  });
}

Deno.test("the name of a backend comes first, and what is neither is refused", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await source.write(sessions(2));
  await using app = await copyApp(
    { source: source.entry, "target.azu": target.entry },
    { AZU_BACKUP_PASSPHRASE: PASSPHRASE },
  );
  strictEqual((await copy(app, "source", "target.azu", "--force")).code, 0);
  deepStrictEqual([await target.look(), await filesIn(app)], [lookOf(sessions(2)), []]);
  strictEqual((await copy(app, "source", "./target.azu")).code, 0);
  deepStrictEqual(await filesIn(app), ["target.azu"]);

  const typo = await copy(app, "source", "sourc", "--force");
  strictEqual(typo.code, 2);
  match(typo.stderr, /--to: "sourc" is neither a backend nor a file/);
  match(typo.stderr, /Known backends: .*did you mean source\?.*slash or ends in \.azu/);
  const both = await copy(app, "./a.azu", "./b.azu");
  deepStrictEqual([both.code, /no file a\.azu/.test(both.stderr)], [2, true], both.stderr);
  const files = await copy(app, "./target.azu", "./b.azu");
  deepStrictEqual([files.code, /both name a file/.test(files.stderr)], [2, true], files.stderr);
  for (const option of ["--overwrite", "--no-encrypt"]) {
    const { code, stderr } = await copy(app, "source", "target.azu", option);
    deepStrictEqual([code, stderr.includes(`${option} only has a meaning`)], [2, true]);
  }
  for (const option of [["--restore-removed"], ["--ledger", "ledger"]]) {
    const { code, stderr } = await copy(app, "source", "b.azu", ...option);
    deepStrictEqual([code, stderr.includes(`${option[0]} only has a meaning`)], [2, true]);
  }
  deepStrictEqual(await filesIn(app), ["target.azu"]);
});

Deno.test("only selected sessions are backed up, and only selected ones restored", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await appFor(source, target);
  await source.write(sessions(5));
  const users = ["--user", "1", "--user", "2", "--user", "3"];
  strictEqual((await copy(app, "source", "backup.azu", ...users)).code, 0);
  const restored = await copy(app, "backup.azu", "target", "--force", "--except-user", "2");
  strictEqual(restored.code, 0, restored.stderr);
  const { [`${SECRET}-1`]: one, [`${SECRET}-3`]: three } = sessions(5);
  ok(one && three);
  deepStrictEqual(
    await target.look(),
    lookOf({ [`${SECRET}-1`]: one, [`${SECRET}-3`]: three }),
  );
});

Deno.test("a file is replaced only with --overwrite, and stays if the new one fails", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await appFor(source, target);
  await source.write(sessions(2));
  strictEqual((await copy(app, "source", "backup.azu")).code, 0);
  const before = await Deno.readFile(`${app.path}/backup.azu`);
  for (const args of [[], ["--dry-run"]]) {
    const { code, stderr } = await copy(app, "source", "backup.azu", ...args);
    deepStrictEqual([code, /already exists; nothing was changed/.test(stderr)], [2, true]);
  }
  const url = "sqlite3:///missing/folder/a.db";
  await using broken = await copyApp(
    { source: { type: "database", url } },
    { AZU_BACKUP_PASSPHRASE: PASSPHRASE },
  );
  const path = `${app.path}/backup.azu`;
  const failed = await copy(broken, "source", path, "--overwrite", "--json");
  const { outcome, copied } = JSON.parse(failed.stdout);
  deepStrictEqual([failed.code, outcome, copied], [1, "failed", 0]);
  deepStrictEqual([await Deno.readFile(path), await filesIn(app)], [before, ["backup.azu"]]);
  const replaced = await copy(app, "source", "backup.azu", "--overwrite", "--json");
  const document = JSON.parse(replaced.stdout);
  deepStrictEqual([replaced.code, document.copied, document.compared], [0, 2, 2]);
  deepStrictEqual(
    [document.to.file, document.to.format, document.to.backend],
    ["backup.azu", "age", null],
  );
});

Deno.test("--no-encrypt warns, and such a file is refused if a passphrase is given", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await appFor(source, target);
  await source.write(sessions(2));
  const { code, stderr } = await copy(app, "source", "backup.gz", "--no-encrypt");
  strictEqual(code, 0, stderr);
  match(stderr, /warning: The backup is not encrypted/);
  const lines = gunzipSync(await Deno.readFile(`${app.path}/backup.gz`)).toString().split("\n");
  const { format, environment, source: from } = JSON.parse(lines[0] ?? "");
  deepStrictEqual([format, environment], ["azu-backup", "production"]);
  match(from, /^source \(sqlite/);
  const refused = await copy(app, "backup.gz", "target", "--force");
  deepStrictEqual([refused.code, await target.look()], [2, {}]);
  match(refused.stderr, /not encrypted, although a passphrase is given/);
  await using plain = await appFor(source, target, { AZU_BACKUP_PASSPHRASE: "" });
  const restored = await copy(plain, `${app.path}/backup.gz`, "target", "--force");
  deepStrictEqual([restored.code, await target.look()], [0, lookOf(sessions(2))]);
});

Deno.test("a file that is damaged, or opens with another passphrase, restores nothing", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await appFor(source, target);
  await source.write(sessions(50));
  strictEqual((await copy(app, "source", "backup.azu")).code, 0);
  const bytes = await Deno.readFile(`${app.path}/backup.azu`);
  const altered = new Uint8Array(bytes);
  altered[1000] = (altered[1000] ?? 0) ^ 1;
  await Deno.writeFile(`${app.path}/altered.azu`, altered);
  await Deno.writeFile(`${app.path}/short.azu`, bytes.subarray(0, bytes.length - 100));
  const other = { ...app, options: { ...app.options, env: { AZU_BACKUP_PASSPHRASE: "another" } } };
  const cases = [
    [app, "altered.azu", /altered\.azu (?:was|is truncated, or was) altered/],
    [app, "short.azu", /short\.azu is truncated/],
    [other, "backup.azu", /backup\.azu does not open with this passphrase/],
  ] as const;
  for (const [in_, file, message] of cases) {
    for (const how of ["--force", "--dry-run"]) {
      const { code, stdout, stderr } = await copy(in_, file, "target", how);
      deepStrictEqual([code, stdout.includes("✓"), await target.look()], [1, false, {}], stderr);
      match(stderr, message);
    }
  }
});

Deno.test("without a terminal and a passphrase, nothing is written", async () => {
  await using source = await sqliteEnd();
  await using app = await copyApp({ source: source.entry });
  const { code, stderr } = await copy(app, "source", "backup.azu");
  deepStrictEqual([code, await filesIn(app)], [2, []]);
  match(stderr, /no terminal to ask for the passphrase/);
  match(stderr, /Set AZU_BACKUP_PASSPHRASE/);
});

Deno.test("at a terminal, it asks for the passphrase, and before it restores", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  await source.write(sessions(2));
  const options = { ...app.options, env: { HOME: app.path } };
  const type = `${PASSPHRASE}\n`;
  const command = ["session:copy", "--from", "source", "--to", "backup.azu"];
  const written = await runAzuOnTerminal(command, {
    ...options,
    answer: [
      { waitFor: "Passphrase for the new backup: ", type },
      { waitFor: "The same passphrase again: ", type },
    ],
  });
  deepStrictEqual([written.code, await filesIn(app)], [0, ["backup.azu"]], written.output);
  const answers = [["n\n", 0, {}], ["y\n", 0, lookOf(sessions(2))]] as const;
  for (const [answer, code, expected] of answers) {
    const run = await runAzuOnTerminal(["session:copy", "--from", "backup.azu", "--to", "target"], {
      ...options,
      answer: [
        { waitFor: "Passphrase of backup.azu: ", type },
        { waitFor: "Copy them? [y/N]", type: answer },
      ],
    });
    deepStrictEqual([run.code, await target.look()], [code, expected], run.output);
    match(run.output, /2 session\(s\) from backup\.azu \(encrypted\) to target \(sqlite/);
    doesNotMatch(run.output, new RegExp(PASSPHRASE));
  }
});

Deno.test("a schedule writes a file only if it may replace it", async () => {
  await using source = await sqliteEnd();
  await using app = await copyApp({ source: source.entry });
  const refused = await copy(app, "source", "backups/b.azu", "--schedule", "cron");
  deepStrictEqual([refused.code, /Pass --overwrite/.test(refused.stderr)], [2, true]);
  const args = ["--schedule", "cron", "--overwrite"];
  const { code, stdout, stderr } = await copy(app, "source", "backups/b.azu", ...args);
  strictEqual(code, 0, stderr);
  ok(
    stdout.trim().endsWith(
      "azu session:copy --from source --to backups/b.azu --overwrite --env production --force --quiet",
    ),
    stdout,
  );
  match(stderr, /AZU_BACKUP_PASSPHRASE is not set here/);
});
