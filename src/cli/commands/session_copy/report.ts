/** How a copy is reported: as lines, and as JSON. */
import { type CopyReport, written } from "../../../commands/session_copy/types.ts";
import { type ExitCode, OperationError } from "../../../core/errors.ts";
import { inWords, type Selection } from "../../../core/selection.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { showUnreadable } from "../session_clear/report.ts";
import { endFieldsOf, type Ends, isFile } from "./ends.ts";
import type { FailedList } from "./failed.ts";

interface Shown extends Pick<Ends, "to"> {
  readonly selection: Selection;
  readonly failed: FailedList;
}

/** The check mark means that the source was read again, and nothing is missing at the target. */
export function showCopy(
  reporter: Reporter,
  report: CopyReport,
  { to, selection, failed }: Shown,
): void {
  const { outcome, counts, comparison, error } = report;
  for (const line of countLines(report, isFile(to))) reporter.line(line);
  if (selection.length > 0) showUnreadable(reporter, report.unreadable, selection);
  if (counts.unclear > 0) {
    reporter.warn(
      `${counts.unclear} session(s) differ, and azu cannot tell which was visited later: their ` +
        "payload does not say it, or is sealed and SESSION_SECRET is not set",
    );
  }
  if (outcome === "copied" && isFile(to)) {
    reporter.verified(
      `Read ${to.path} again: all ${comparison?.compared ?? 0} session(s) are in it`,
    );
  } else if (outcome === "copied") {
    // Those that were removed at the target are missing there, and have just been named.
    const missing = counts.removed > 0 ? "nothing else" : "nothing";
    reporter.verified(
      `Compared ${comparison?.compared ?? 0} session(s): ${missing} is missing at the target`,
    );
  }
  const problem = error ?? problemOf(report);
  if (problem !== undefined) reporter.error(problem);
  for (const line of failed.lines) reporter.say(line);
  const isCutOff = outcome === "failed" || outcome === "interrupted";
  if (isCutOff && written(counts) + report.inDoubt > 0) {
    reporter.say("It is not known what is left: running the command again is safe");
  }
}

/**
 * What has become of the sessions, each on a line that concerns any.
 * @param isNew Whether the target was empty: then everything is new there.
 */
function countLines({ outcome, counts, inDoubt }: CopyReport, isNew: boolean): string[] {
  const { created, replaced, extended, same, kept, removed, expired } = counts;
  const parts = [
    [created, "new there"],
    [replaced, "visited since"],
    [extended, "with a later expiry"],
  ] as const;
  const details = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const all = written(counts);
  if (outcome === "declined" || outcome === "impossible") return [];
  if (all + inDoubt === 0 && outcome === "failed") return [];
  if (all + inDoubt === 0 && outcome === "interrupted") {
    return ["Interrupted; nothing was copied"];
  }
  const copied = outcome === "found"
    ? `Would copy ${all} session(s)`
    : `Copied ${inDoubt > 0 ? "at least " : ""}${all} session(s)`;
  const ended = outcome === "interrupted"
    ? ", then interrupted"
    : outcome === "failed"
    ? ", then failed"
    : outcome === "found"
    ? "; nothing was written"
    : "";
  const left = [
    [same, "are there already"],
    [kept, "stay as they are: the target's were visited later"],
    [
      removed,
      "were removed at the target since the last copy, or have expired there: not copied " +
      "(--restore-removed copies them)",
    ],
    [expired, "have expired: not copied"],
  ] as const;
  return [
    copied + (details.length > 0 && !isNew ? `: ${details.join(", ")}` : "") + ended,
    ...left.filter(([count]) => count > 0).map(([count, what]) => `${count} session(s) ${what}`),
  ];
}

/** Why a copy is not complete. */
function problemOf({ outcome, counts, comparison, inDoubt }: CopyReport) {
  if (outcome !== "partial" && (outcome !== "found" || counts.failed === 0)) return undefined;
  const { missing = 0, differing = 0 } = comparison ?? {};
  const parts = [
    [counts.failed, "cannot be copied"],
    [missing, "are missing at the target, although they were copied"],
    [differing, "differ at the target, although they were copied"],
  ] as const;
  const problems = parts.filter(([count]) => count > 0).map(([count, what]) => {
    return `${count} session(s) ${what}`;
  });
  return new OperationError(problems.join("; "), {
    hint: inDoubt === 0 && missing + differing > 0
      ? "They were removed or changed there meanwhile: does an app use the target, or a trigger?"
      : "The others are copied. By handle, with the reasons (--failed <file> for all):",
  });
}

/** The document of `session:copy`. */
export function copyFields(
  report: CopyReport,
  { project: { environment }, from, to }: Ends,
  { selection, dryRun, exitCode, durationMs }: {
    readonly selection: Selection;
    readonly dryRun: boolean;
    readonly exitCode: ExitCode;
    readonly durationMs: number;
  },
): Record<string, unknown> {
  const { outcome, counts, inDoubt, comparison, unreadable } = report;
  return {
    command: "session:copy",
    environment: environment.name,
    environmentFrom: environment.namedBy ?? null,
    from: endFieldsOf(from),
    to: endFieldsOf(to),
    selection: selection.length === 0 ? null : inWords(selection),
    dryRun,
    outcome,
    copied: written(counts),
    ...counts,
    inDoubt: Number.isFinite(inDoubt) ? inDoubt : null,
    compared: comparison?.compared ?? null,
    missing: comparison?.missing ?? null,
    differing: comparison?.differing ?? null,
    unreadable,
    exitCode,
    durationMs,
  };
}
