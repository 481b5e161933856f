/** How many tests did what. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Reads the counts off the last summary that `deno test` printed, such as
 * `ok | 12 passed (3 steps) | 0 failed | 1 ignored (3s)`. A run that failed counts one failed
 * test at least: one that printed no summary, or whose summary blames no test.
 */
export function readCounts(output: string, success: boolean): Counts {
  const line = stripAnsi(output).split("\n").findLast((line) => SUMMARY.test(line)) ?? "";
  const count = (what: string) => Number(line.match(new RegExp(`\\| (\\d+) ${what}`))?.[1] ?? 0);
  const failed = count("failed");
  const blameless = line === "" || !success;
  return {
    passed: count("passed"),
    failed: blameless ? Math.max(failed, 1) : failed,
    skipped: count("ignored"),
  };
}

/**
 * What `deno test` printed of the tests that failed, errors first and then their names; undefined
 * where none did.
 */
export function readErrors(output: string): string | undefined {
  const start = output.search(ERRORS);
  return start < 0 ? undefined : output.slice(start).trim();
}

/** Adds up the counts of several runs. */
export function sumCounts(all: readonly Counts[]): Counts {
  return all.reduce((sum, counts) => ({
    passed: sum.passed + counts.passed,
    failed: sum.failed + counts.failed,
    skipped: sum.skipped + counts.skipped,
  }), { passed: 0, failed: 0, skipped: 0 });
}

/** The closing line, `N passed, N failed`, and `, N skipped` when some were. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

// deno-lint-ignore no-control-regex -- the colours of the heading.
const ERRORS = /^(\x1b\[[0-9;]*m)* ERRORS (\x1b\[[0-9;]*m)*$/m;
const SUMMARY = /^(ok|FAILED) \| \d+ passed\b.*\| \d+ failed\b/;

function stripAnsi(text: string): string {
  // deno-lint-ignore no-control-regex -- escape sequences begin with a control character.
  return text.replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, () => "");
}
