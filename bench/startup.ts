/**
 * Measures start-up: `./denow task bench:startup`. Runs the compiled azu and an empty program on the
 * same runtime in pairs, so that a machine that slows down slows both. Prints the median ratio of
 * their processor time and the bound of each case, and exits with 1 if a ratio exceeds its bound.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { compileExecutable } from "../scripts/compile/executable.ts";
import { toolchainFor } from "../scripts/compile/toolchain.ts";
import { printLine } from "../tests/support/output.ts";
import { startRedis } from "../tests/support/servers/redis.ts";
import { median, ratios } from "./support/stats.ts";

const PAIRS = 15;
const WARM_UPS = 2;

/** Runs the empty program and azu in turns, in one shell, so that nothing else runs meanwhile. */
const PAIRS_SCRIPT = `TIMEFORMAT="%U %S"
for ((pair = 0; pair < $1; pair++)); do
  time "$2" </dev/null >/dev/null 2>&1 || exit
  time "\${@:3}" </dev/null >/dev/null 2>&1 || exit
done`;

const root = join(import.meta.dirname ?? ".", "..");

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** The most that the median ratio may be. */
  readonly bound: number;
}

const folder = await Deno.makeTempDir({ prefix: "azu-bench-" });
await using redis = await startRedis();
// Fresh copies of both: the state of the file cache can change a start by a tenth.
const azu = join(folder, "azu");
await Deno.copyFile(join(root, "dist/azu"), azu);
try {
  const empty = await emptyProgram();
  const app = await emptyApp();
  const clear = ["-C", app, "session:clear", "--force", "--backend"];
  const cases: Case[] = [
    { name: "--version", args: ["--version"], bound: 1.2 },
    { name: "--help", args: ["--help"], bound: 1.35 },
    {
      name: "session:clear, config, SQLite",
      args: [...clear, "database"],
      env: { DATABASE_URL: "sqlite3://./app.db" },
      bound: 1.9,
    },
    {
      name: "session:clear, config, Redis",
      args: [...clear, "redis"],
      env: { REDIS_URL: redis.url },
      bound: 2.6,
    },
  ];
  const size = (await Deno.stat(azu)).size - (await Deno.stat(empty)).size;
  printLine(`size over the empty program: ${(size / 2 ** 20).toFixed(2)} MiB`);
  printLine(
    `processor time over the empty program, median of ${PAIRS} pairs (least, most; bound):`,
  );
  let broken = false;
  for (const one of cases) {
    const { ratio, least, most, milliseconds } = await measure(one, empty);
    broken ||= ratio > one.bound;
    printLine(
      `${one.name.padEnd(32)} ${ratio.toFixed(2)}  (${least.toFixed(2)}, ${most.toFixed(2)}; ` +
        `${one.bound.toFixed(2)})  ${milliseconds.toFixed(0)} ms`,
    );
  }
  if (broken) Deno.exitCode = 1;
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function emptyProgram(): Promise<string> {
  const entry = join(folder, "main.js");
  const output = join(folder, "compiled");
  await Deno.writeTextFile(entry, "");
  await using toolchain = await toolchainFor(Deno.build.target);
  if (toolchain === undefined) throw new Error("Cannot compile the empty program");
  await compileExecutable(toolchain, entry, Deno.build.target, output);
  const empty = join(folder, "empty");
  await Deno.copyFile(output, empty);
  return empty;
}

async function emptyApp(): Promise<string> {
  const app = join(folder, "app");
  await Deno.mkdir(app);
  await Deno.copyFile(join(root, "azu.config.ts"), join(app, "azu.config.ts"));
  const database = new DatabaseSync(join(app, "app.db"));
  database.exec("CREATE TABLE sessions (session_id text)");
  database.close();
  return app;
}

async function measure({ name, args, env = {} }: Case, empty: string) {
  const count = String(WARM_UPS + PAIRS);
  const { success, stderr } = await new Deno.Command("bash", {
    args: ["-c", PAIRS_SCRIPT, "bash", count, empty, azu, ...args],
    env,
    stdin: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`${name} failed`);
  const times = processorTimes(new TextDecoder().decode(stderr)).slice(2 * WARM_UPS);
  const bases = times.filter((_, index) => index % 2 === 0);
  const ours = times.filter((_, index) => index % 2 === 1);
  const found = ratios(ours, bases).sort((a, b) => a - b);
  return {
    ratio: median(found),
    least: found[0] ?? NaN,
    most: found.at(-1) ?? NaN,
    milliseconds: median(ours),
  };
}

/** Milliseconds of all threads, from lines with the seconds of user and system. */
function processorTimes(printed: string): number[] {
  return printed.trim().split("\n").map((line) => {
    const [user = NaN, system = NaN] = line.split(" ").map(Number);
    return 1000 * (user + system);
  });
}
