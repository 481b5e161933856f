/** How the findings of the doctor are shown: as lines, and as JSON. */
import type { CheckStatus } from "../../../backends/diagnosis.ts";
import { type CheckId, checks, type Finding } from "../../../commands/session_doctor/checks.ts";
import type { Colour, Reporter } from "../../terminal/reporter.ts";

const SIGNS = { ok: "✓", warning: "!", failure: "✗", skipped: "-" } as const satisfies Record<
  CheckStatus,
  string
>;

const COLOURS = {
  ok: "green",
  warning: "yellow",
  failure: "red",
  skipped: "dim",
} as const satisfies Record<CheckStatus, Colour>;

/** A line for each finding, and one for what helps. Skipped checks of one reason share a line. */
export function showFindings(reporter: Reporter, findings: readonly Finding[]): void {
  for (let at = 0; at < findings.length; at++) {
    const finding = findings[at];
    if (finding === undefined) return;
    const { id, status, evidence, fix } = finding;
    let more = 0;
    while (status === "skipped" && isSameReason(finding, findings[at + 1 + more])) more++;
    at += more;
    const name = `${SIGNS[status]} ${more === 0 ? id : `${id} and ${more} more`}`;
    const isBad = status === "failure" || status === "warning";
    if (reporter.options.quiet && isBad) reporter.say(`${name}: ${evidence}`);
    else reporter.lines([[[name, COLOURS[status]], [`: ${evidence}`]]]);
    if (fix === undefined) continue;
    if (reporter.options.quiet) reporter.say(`    fix: ${fix}`);
    else reporter.line(`    fix: ${fix}`);
  }
}

function isSameReason({ evidence }: Finding, next: Finding | undefined): boolean {
  return next?.status === "skipped" && next.evidence === evidence;
}

export type Counts = Readonly<Record<CheckStatus, number>>;

export function countsOf(findings: readonly Finding[]): Counts {
  const count = (status: CheckStatus) =>
    findings.filter((finding) => finding.status === status).length;
  return {
    ok: count("ok"),
    warning: count("warning"),
    failure: count("failure"),
    skipped: count("skipped"),
  };
}

/** `31 ok, 2 warnings, 1 failure, 12 skipped` */
export function summaryOf({ ok, warning, failure, skipped }: Counts): string {
  const some = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;
  return `${ok} ok, ${some(warning, "warning")}, ${some(failure, "failure")}, ${skipped} skipped`;
}

/** The fields of the JSON document. @param fixed The checks that `--fix` has worked on. */
export function doctorFields(
  findings: readonly Finding[],
  fixed: readonly CheckId[],
): Readonly<Record<string, unknown>> {
  const counts = countsOf(findings);
  return {
    command: "session:doctor",
    outcome: counts.failure > 0 ? "failures" : counts.warning > 0 ? "warnings" : "sound",
    ...counts,
    fixed: [...new Set(fixed)],
    findings: findings.map(({ id, status, evidence, fix }) => ({
      id,
      title: checks[id].title,
      status,
      evidence,
      fix: fix ?? null,
    })),
  };
}
