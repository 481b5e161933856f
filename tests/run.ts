/**
 * Runs the whole suite: `deno run -A tests/run.ts [options] [deno test's arguments and files]`.
 * Starts the servers that the tests share, after installing them where that is possible; then runs
 * the tests of the command line on the compiled binary, and all others on the source. With `--source`
 * all run on the source; with `--fast` too, without those that need a service.
 * `--executable <path>` runs only the tests of the command line, on an executable that is there. The
 * last line of output is `N passed, N failed`.
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { denoTest, type Tested, wholeRun } from "./support/deno_test.ts";
import { printLine } from "./support/output.ts";
import { startShared } from "./support/servers/shared.ts";
import { type Counts, sumCounts } from "./support/summary.ts";
import { scratchRoot } from "./support/temp.ts";

/** One run of the tests: on the source, or on another subject that `env` names. */
interface Run {
  readonly label: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether it includes a test file. @param name The file's path in the folder of tests. */
  includes(name: string): boolean;
}

const TESTS = import.meta.dirname ?? "tests";
const CONFIG = join(TESTS, "../deno.json");
const MAIN = join(TESTS, "../main.ts");
const BINARY = join(TESTS, "../dist", Deno.build.os === "windows" ? "azu.exe" : "azu");
/** The commands of the documentation: as a reader runs them, on the executable. */
const PAGES = "docs/pages_test.ts";
const SOURCE_RUN: Run = {
  label: "the source",
  env: {},
  includes: (name) => !name.startsWith("binary/") && name !== PAGES,
};
/** The tests that run the tool as a process, on what is shipped. */
const BINARY_RUN: Run = {
  label: "the compiled binary",
  env: { AZU_SUBJECT: BINARY },
  includes: (name) => {
    return /^(?:binary|cli)\/|^faults\/(?:killed|printed)_|^release\/portable_/.test(name) ||
      name === PAGES;
  },
};
/** What the run on the executable leaves. */
const MODULES_RUN: Run = {
  ...SOURCE_RUN,
  includes: (name) => SOURCE_RUN.includes(name) && !BINARY_RUN.includes(name),
};
const OPTIONS = ["--fast", "--source"];
/**
 * The files that take longest. They begin first, so that no processor is idle at the end; those that
 * compute alternate with those that wait.
 */
const SLOW = [
  "cli/session_clear/redis/cluster",
  "faults/mysql",
  "binary/packages",
  "backends/sql/faults",
  "faults/killed",
  "docs/pages",
  "cli/session_clear/redis/faults",
  "faults/postgres",
  "cli/session_clear/faults",
  "faults/printed",
  "faults/redis",
  "backends/sql/stores",
  "cli/session_clear/redis/broadcast",
  "cli/session_clear/progress",
  "cli/redaction",
  "faults/tls",
  "site/site",
  "app/generated_compiles",
  "cli/session_clear/database/tls",
  "cli/session_clear/redis/slow",
  "cli/session_clear/redis/cluster_seeds",
  "cli/config",
  "backends/sql/servers",
  "cli/session_clear/signals",
  "backends/sql/explained",
  "binary/reproducible",
].map((name) => `${name}_test.ts`);

Deno.exit(await main([...Deno.args]));

function main(args: string[]): Promise<number> {
  const fast = args.includes("--fast");
  const at = args.indexOf("--executable");
  if (at >= 0) {
    const [, path = ""] = args.splice(at, 2);
    const run = executableRun(resolve(path));
    return wholeRun((stopped) => runAll([run], fast, withoutOptions(args), stopped));
  }
  const runs = fast || args.includes("--source") ? [SOURCE_RUN] : [MODULES_RUN, BINARY_RUN];
  return wholeRun((stopped) => runAll(runs, fast, withoutOptions(args), stopped));
}

/** The tests of the command line. Those in `binary/` also need what compiled the executable. */
function executableRun(path: string): Run {
  return {
    label: path,
    env: { AZU_SUBJECT: path },
    includes: (name) => BINARY_RUN.includes(name) && !name.startsWith("binary/"),
  };
}

function withoutOptions(args: readonly string[]): string[] {
  return args.filter((arg) => !OPTIONS.includes(arg));
}

/** Runs the tests on every subject. Once it returns, the servers and folders are gone. */
async function runAll(
  runs: readonly Run[],
  fast: boolean,
  args: string[],
  stopped: AbortSignal,
): Promise<Counts> {
  await using _scratch = await scratchRoot();
  await using services = fast ? undefined : await startShared(stopped);
  if (fast) Deno.env.set("TEST_FAST", "1");
  const tested: Tested[] = [];
  for (const run of runs) {
    stopped.throwIfAborted();
    const chosen = argumentsFor(run, args);
    if (chosen === undefined) continue;
    if (runs.length > 1) printLine(`Testing ${run.label}`);
    await prepare(run);
    tested.push(await denoTest(["--parallel", ...chosen], run.env, stopped));
  }
  // Those of the last run have just been printed; the others' are far above.
  for (const { errors } of tested.slice(0, -1)) if (errors !== undefined) printLine(errors);
  for (const line of services?.missing ?? []) printLine(`NOT TESTED: ${line}`);
  return sumCounts(tested.map(({ counts }) => counts));
}

/** Makes ready what is tested, so that no test waits for a download or a compilation. */
async function prepare(run: Run): Promise<void> {
  const args = run === BINARY_RUN
    ? ["run", "--allow-all", "--config", CONFIG, join(TESTS, "../scripts/compile.ts")]
    : ["cache", "--quiet", "--config", CONFIG, MAIN];
  const command = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "null" });
  const { success } = await command.spawn().status;
  if (!success) throw new Error(`Cannot prepare ${run.label}`);
}

/**
 * The arguments for a run: its files among those that they name, or all of its files where they name
 * neither a file nor a folder; undefined where they name none of its own.
 */
function argumentsFor(run: Run, args: string[]): string[] | undefined {
  const isPath = (arg: string) => !arg.startsWith("-") && existsSync(arg);
  const named = args.filter(isPath).map((path) => relative(TESTS, Deno.realPathSync(path)));
  const isNamed = (name: string) =>
    named.length === 0 ||
    named.some((path) => path === "" || path === name || name.startsWith(`${path}/`));
  const files = testFiles().filter((name) => run.includes(name) && isNamed(name));
  if (files.length === 0) return undefined;
  const slow = SLOW.filter((name) => files.includes(name));
  const others = files.filter((name) => !SLOW.includes(name));
  const paths = [...slow, ...others].map((name) => join(TESTS, name));
  return [...paths, ...args.filter((arg) => !isPath(arg))];
}

/** The paths of all test files in their folder. */
function testFiles(): string[] {
  const names = readdirSync(TESTS, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith("_test.ts")).sort();
}
