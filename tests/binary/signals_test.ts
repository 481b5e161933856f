/** How azu ends on signals from a terminal and from other processes, and what it leaves behind. */
import {
  deepStrictEqual,
  doesNotMatch,
  match,
  notStrictEqual,
  strictEqual,
} from "node:assert/strict";
import { join } from "node:path";
import { shellQuote, spawnAzu } from "../support/cli.ts";
import { sqlite, sqliteCount } from "../support/servers/database.ts";
import { needs, service } from "../support/env.ts";
import { RunningProcess } from "../support/process.ts";
import { standIn } from "../support/network/stand_in.ts";
import { tempDir, writeTree } from "../support/temp.ts";
import { executable } from "./subject.ts";

const AZU = shellQuote(executable());

/** Records the state of the terminal before and after azu. The shell survives a Ctrl-C. */
const SESSION = `trap : INT
stty -a >before
sh -c 'echo $$ >pid; exec "$0" session:clear' ${AZU}
code=$?
stty -a >after
exit $code`;

/** Lets azu ask at a terminal whether to clear two sessions, and acts instead of answering. */
async function atThePrompt(act: (terminal: RunningProcess, pid: number) => Promise<void> | void) {
  await using app = await tempDir();
  sqlite(app.path, "app.db", "CREATE TABLE sessions (session_id text)");
  sqlite(app.path, "app.db", "INSERT INTO sessions VALUES ('a'), ('b')");
  await writeTree(app.path, { session: SESSION });
  const env = { DATABASE_URL: "sqlite3://./app.db", SESSION_BACKEND: "database" };
  await using terminal = new RunningProcess({
    command: service("script"),
    args: ["-E", "always", "-qefc", "sh ./session", "/dev/null"],
    env: { PATH: Deno.env.get("PATH") ?? "", SHELL: "/bin/sh", TERM: "xterm", ...env },
    ...{ cwd: app.path, stdin: "piped", timeoutMs: 20_000, home: await tempDir() },
  });
  await terminal.waitFor("[y/N]: ");
  const read = (name: string) => Deno.readTextFile(join(app.path, name));
  await act(terminal, Number(await read("pid")));
  const { code, stdout } = await terminal.finished();
  strictEqual(await read("after"), await read("before"));
  match(await read("after"), /(?<!-)icanon[^]*(?<!-)echo /);
  strictEqual(sqliteCount(app.path, "app.db", "sessions"), 2);
  doesNotMatch(stdout, /Clearing|at .*:\d+/);
  strictEqual(stdout.includes("\x1b[?25l"), false);
  return code;
}

const acts: Record<string, [code: number, act: Parameters<typeof atThePrompt>[0]]> = {
  "Ctrl-C": [130, (terminal) => terminal.type("\x03")],
  "Ctrl-D": [0, (terminal) => terminal.type("\x04")],
  SIGINT: [130, (_, pid) => Deno.kill(pid, "SIGINT")],
  SIGTERM: [143, (_, pid) => Deno.kill(pid, "SIGTERM")],
  SIGHUP: [129, (_, pid) => Deno.kill(pid, "SIGHUP")],
};
for (const [name, [code, act]] of Object.entries(acts)) {
  Deno.test(`${name} at the question restores the terminal`, needs("script"), async () => {
    strictEqual(await atThePrompt(act), code);
  });
}

Deno.test("a background job ends on SIGTERM", async () => {
  await using app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `export default { session: { backend: "acme", backends: { acme: () => ({
  name: "acme", capabilities: { clear: true, createTable: false }, describe: () => ({}),
  connect: () => new Promise(() => { setInterval(() => {}, 1000) }) }) } } };`,
  });
  await using script = await standIn(`${AZU} session:clear --force &\necho "pid $!"\nwait $!`);
  const options = { subject: script.subject, cwd: app.path, timeoutMs: 20_000 };
  await using job = await spawnAzu([], options);
  const pid = Number((await job.waitFor(/pid \d+/)).slice(4));
  await job.waitFor(/Clearing acme/);
  // Signal 3, SIGQUIT: the shell makes background jobs ignore it, and SIGINT.
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const ignored = BigInt(`0x${/^SigIgn:\s+(\w+)$/m.exec(status)?.[1] ?? "0"}`);
  notStrictEqual(ignored & 4n, 0n, status);
  Deno.kill(pid, "SIGTERM");
  const { code, stdout } = await job.finished();
  strictEqual(code, 143);
  deepStrictEqual(stdout.includes("✓"), false);
});
