/**
 * What it costs to start: `./denow task bench:startup`. The compiled azu against the same runtime
 * compiled with an empty program, in pairs, so that a machine that slows down slows both. Prints
 * the median ratio of each, with its bound, and ends with 1 where one is broken.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { compileExecutable } from "../scripts/compile/executable.ts";
import { printLine } from "../tests/support/output.ts";
import { startRedis } from "../tests/support/redis.ts";
import { median } from "./support/stats.ts";

const PAIRS = 15;
const WARM_UPS = 2;

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
// Both as fresh copies: how a file lies in the system's cache is worth a tenth of a start.
const azu = join(folder, "azu");
await Deno.copyFile(join(root, "dist/azu"), azu);
try {
  const empty = await emptyProgram();
  const app = await emptyApp();
  const clear = ["-C", app, "session:clear", "--force", "--backend"];
  const cases: Case[] = [
    { name: "--version", args: ["--version"], bound: 1.2 },
    { name: "--help", args: ["--help"], bound: 1.3 },
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
      bound: 2.4,
    },
  ];
  const size = (await Deno.stat(azu)).size - (await Deno.stat(empty)).size;
  printLine(`size over the empty program: ${(size / 2 ** 20).toFixed(2)} MiB`);
  printLine(`start-up over the empty program, median of ${PAIRS} pairs (least, most; bound):`);
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
  if (await compileExecutable(entry, Deno.build.target, output) === undefined) {
    throw new Error("no runtime base for the empty program");
  }
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

async function measure({ args, env = {} }: Case, empty: string) {
  const ratios: number[] = [];
  const times: number[] = [];
  for (let pair = 0; pair < WARM_UPS + PAIRS; pair++) {
    const base = await time(empty, [], {});
    const ours = await time(azu, args, env);
    if (pair < WARM_UPS) continue;
    ratios.push(ours / base);
    times.push(ours);
  }
  ratios.sort((a, b) => a - b);
  return {
    ratio: median(ratios),
    least: ratios[0] ?? NaN,
    most: ratios.at(-1) ?? NaN,
    milliseconds: median(times),
  };
}

/** Milliseconds from the start of a process to its end. */
async function time(program: string, args: readonly string[], env: Record<string, string>) {
  const start = performance.now();
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const took = performance.now() - start;
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return took;
}
