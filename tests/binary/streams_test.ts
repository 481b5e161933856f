/** Pipes, closed streams and unusual working folders. */
import {
  deepStrictEqual,
  doesNotMatch,
  match,
  notStrictEqual,
  strictEqual,
} from "node:assert/strict";
import { runAzu, runAzuOnTerminal, shellQuote } from "../support/cli.ts";
import { sqlite, sqliteCount } from "../support/servers/database.ts";
import { needs } from "../support/env.ts";
import { standIn } from "../support/network/stand_in.ts";
import { tempDir, writeTree } from "../support/temp.ts";
import { executable } from "./subject.ts";

const AZU = shellQuote(executable());
const CLEAR = `${AZU} session:clear --force`;

/** Runs a shell script in an app with two sessions. `left` is how many are left afterwards. */
async function shell(script: string) {
  await using app = await tempDir();
  sqlite(app.path, "app.db", "CREATE TABLE sessions (session_id text)");
  sqlite(app.path, "app.db", "INSERT INTO sessions VALUES ('a'), ('b')");
  await using script_ = await standIn(script);
  const env = { DATABASE_URL: "sqlite3://./app.db", SESSION_BACKEND: "database" };
  const options = { subject: script_.subject, cwd: app.path, env, timeoutMs: 20_000 };
  const result = await runAzu([], options);
  return { ...result, left: sqliteCount(app.path, "app.db", "sessions") };
}

Deno.test("a pipe that the reader closes is not a failure", async () => {
  const code = "echo $? >&2";
  const help = await shell(`{ ${AZU} --help; ${code}; } | head -c 1 | wc -c`);
  deepStrictEqual([help.code, help.stdout, help.stderr, help.left], [0, "1\n", "0\n", 2]);
  const head = await shell(`{ ${CLEAR}; ${code}; } | head -n 1`);
  strictEqual(head.stdout, "Clearing sessions...\n");
  match(head.decision, /^Backend: database \(selected by SESSION_BACKEND\)/);
  deepStrictEqual([head.stderr, head.left], ["0\n", 0]);
  const nobody = await shell(`{ sleep 0.2; ${CLEAR}; ${code}; } | true; wait`);
  deepStrictEqual([nobody.stdout, nobody.stderr, nobody.left], ["", "0\n", 0]);
});

for (const closed of [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"]) {
  Deno.test(`azu clears with closed streams (${closed})`, async () => {
    const { code, stdout, stderr, left } = await shell(`exec ${CLEAR} ${closed}`);
    deepStrictEqual([code, stderr, left], [0, "", 0]);
    match(stdout, closed.includes(">&-") && !/^2/.test(closed) ? /^$/ : /\n✓ .*\n$/);
  });
}

Deno.test("a full disk for stdout is a failure with a clear message", async () => {
  for (const [command, left] of [[CLEAR, 0], [`${AZU} --version`, 2]] as const) {
    const result = await shell(`exec ${command} >/dev/full`);
    match(result.stderr, /^error: Cannot write to stdout: No space left on device.*\n$/);
    deepStrictEqual([result.code, result.left], [1, left]);
  }
  const unsaid = await shell(`exec ${CLEAR} 2>/dev/full`);
  deepStrictEqual([unsaid.code, unsaid.left], [0, 0]);
});

Deno.test("Deno's permission prompt never appears on a terminal", needs("script"), async () => {
  const configs = [
    "export default { app: process.env.HOME };",
    'export default { app: Deno.env.get("HOME") };',
    'export default { app: new Deno.Command("id").outputSync().code };',
    "export default { app: Deno.hostname() };",
  ];
  for (const config of configs) {
    await using app = await tempDir();
    await writeTree(app.path, { "azu.config.ts": config });
    const options = { cwd: app.path, timeoutMs: 20_000 };
    const { code, output } = await runAzuOnTerminal(["session:clear", "--dry-run"], options);
    match(
      output,
      /azu\.config\.ts:1:\d+: (azu may not read the environment variable HOME|a config may not)/,
    );
    doesNotMatch(output, /allow\?|grant|\[y\/n|┏|⚠/i);
    strictEqual(code, 2);
  }
});

Deno.test("azu needs no HOME, no DENO_DIR and no TMPDIR", async () => {
  const settings = "TMPDIR=/nowhere DENO_DIR= DATABASE_URL=sqlite3://./app.db";
  for (const env of [settings, settings.replace(" DENO_DIR=", "")]) {
    const result = await shell(`exec env -i ${env} ${CLEAR} --backend database`);
    match(result.stdout, /^Cleared 2 session\(s\)\n✓ /m);
    deepStrictEqual([result.code, result.stderr, result.left], [0, "", 0]);
  }
});

Deno.test("a deleted working folder is a failure, not a hang", async () => {
  const result = await shell(`mkdir gone; cd gone; rmdir ../gone; exec ${CLEAR}`);
  match(result.stderr, /No such file or directory/);
  notStrictEqual(result.code, 0);
  deepStrictEqual([result.stdout, result.left], ["", 2]);
});
