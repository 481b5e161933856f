/**
 * Runs the whole suite: `deno run -A tests/run.ts [--fast] [deno test's arguments and files]`.
 * Starts the servers that the tests share, after installing them where that is possible; `--fast`
 * leaves out whatever needs a service. The last line of output is `N passed, N failed`.
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { printLine, printNote, writeAll } from "./support/output.ts";
import { startShared } from "./support/shared.ts";
import { closingLine, type Counts, readCounts, sumCounts } from "./support/summary.ts";
import { scratchRoot } from "./support/temp.ts";

/** One run of the tests: on the source, or on another subject that `env` names. */
interface Run {
  readonly label: string;
  readonly env: Readonly<Record<string, string>>;
}

const TESTS = import.meta.dirname ?? "tests";
const CONFIG = join(TESTS, "../deno.json");
const MAIN = join(TESTS, "../main.ts");
// The exit codes of a shell: 128 and the signal's number.
const STOP_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
const RUNS: readonly Run[] = [{ label: "source", env: {} }];

Deno.exit(await main([...Deno.args]));

async function main(args: string[]): Promise<number> {
  const stop = new AbortController();
  const fast = args.includes("--fast");
  let code = 1;
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      code = STOP_SIGNALS[name];
      stop.abort();
    });
  }
  let counts: Counts = { passed: 0, failed: 1, skipped: 0 };
  try {
    counts = await runAll(fast, args.filter((arg) => arg !== "--fast"), stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) printNote(Deno.inspect(error));
  }
  if (stop.signal.aborted) {
    printNote("Stopped");
    return code;
  }
  printLine(closingLine(counts));
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

/** Runs the tests on every subject. Once it returns, the servers and folders are gone. */
async function runAll(fast: boolean, args: string[], stopped: AbortSignal): Promise<Counts> {
  await using _scratch = await scratchRoot();
  await using services = fast ? undefined : await startShared(stopped);
  if (fast) Deno.env.set("TEST_FAST", "1");
  const counts: Counts[] = [];
  for (const run of RUNS) {
    stopped.throwIfAborted();
    if (RUNS.length > 1) printLine(`Testing ${run.label}`);
    if (run.env.AZU_SUBJECT === undefined) await cacheSource();
    counts.push(await runTests(run, args, stopped));
  }
  for (const line of services?.missing ?? []) printLine(`NOT TESTED: ${line}`);
  return sumCounts(counts);
}

async function runTests(run: Run, args: string[], stopped: AbortSignal): Promise<Counts> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--config", CONFIG, ...withFiles(args)],
    env: run.env,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    signal: stopped,
  }).spawn();
  const decoder = new TextDecoder();
  let output = "";
  for await (const chunk of child.stdout) {
    writeAll(Deno.stdout, chunk);
    output += decoder.decode(chunk, { stream: true });
  }
  const { success } = await child.status;
  return readCounts(output, success);
}

/** Downloads what the tool imports, so that no test waits for the network. */
async function cacheSource(): Promise<void> {
  if (!existsSync(MAIN)) return;
  const args = ["cache", "--quiet", "--config", CONFIG, MAIN];
  await new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "null" }).spawn().status;
}

/** Adds the folder of the tests when the arguments name neither a file nor a folder. */
function withFiles(args: string[]): string[] {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  return own.some((arg) => existsSync(arg)) ? args : [TESTS, ...args];
}
