import { join } from "node:path";
import { printLine, printNote, writeAll } from "./output.ts";
import { closingLine, type Counts, readCounts, readErrors } from "./summary.ts";

const CONFIG = join(import.meta.dirname ?? ".", "../../deno.json");

/** Test files that run at once if the run is parallel. Most tests wait for processes or limits. */
const JOBS = String(3 * navigator.hardwareConcurrency);

/** What a run of `deno test` came to. */
export interface Tested {
  readonly counts: Counts;
  /** What it printed of the tests that failed. */
  readonly errors: string | undefined;
}

/**
 * Runs `deno test` with all permissions, shows what it prints, and counts the tests. Types are not
 * checked again: `task static` has done that.
 */
export async function denoTest(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stopped: AbortSignal,
): Promise<Tested> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--allow-all", "--config", CONFIG, ...args],
    env: { DENO_JOBS: JOBS, ...env },
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
  return { counts: readCounts(output, success), errors: readErrors(output) };
}

// The exit codes of a shell: 128 and the signal's number.
const STOP_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/**
 * Does a whole run of tests, and returns the exit code of its process. A signal stops the run, which
 * then tidies up.
 */
export async function wholeRun(
  run: (stopped: AbortSignal) => Promise<Counts>,
): Promise<number> {
  const stop = new AbortController();
  let code = 1;
  // Windows has no SIGTERM.
  const names = Deno.build.os === "windows"
    ? ["SIGINT"] as const
    : ["SIGHUP", "SIGINT", "SIGTERM"] as const;
  for (const name of names) {
    Deno.addSignalListener(name, () => {
      code = STOP_SIGNALS[name];
      stop.abort();
    });
  }
  let counts: Counts = { passed: 0, failed: 1, skipped: 0 };
  try {
    counts = await run(stop.signal);
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
