/** How a copy is reported: as lines, and as JSON. */
import {
  type CopyCounts,
  type CopyReport,
  type EndedCounts,
  hasLost,
  NOTHING_ENDED,
  written,
} from "../../../commands/session_copy/types.ts";
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
  const { outcome, counts, comparison, ended, error } = report;
  for (const line of [...countLines(report, isFile(to)), ...endedLines(report)]) {
    reporter.line(line);
  }
  if (selection.length > 0) showUnreadable(reporter, report.unreadable, selection);
  if (counts.unclear > 0) {
    reporter.warn(
      `${counts.unclear} session(s) differ, and azu cannot tell which was visited later: their ` +
        "payload does not say it, or is sealed and SESSION_SECRET is not set",
    );
  }
  if (ended !== undefined && ended.unreadable > 0) {
    reporter.warn(
      `${ended.unreadable} session(s) that have ended at the source stay at the target: azu cannot ` +
        "read their payload, so an app may have written them there (set SESSION_SECRET if they " +
        "are sealed)",
    );
  }
  if (outcome === "found" && report.isRefused && ended !== undefined) {
    reporter.warn(`${refusalOf(ended)}. ${REMOVE_MOST}`);
  }
  if (outcome === "found" && hasLost(counts)) reporter.warn(`${lossOf(counts)}. ${RESTORE}`);
  if (outcome === "copied" && isFile(to)) {
    reporter.verified(
      `Read ${to.path} again: all ${comparison?.compared ?? 0} session(s) are in it`,
    );
  } else if (outcome === "copied" && isNothing(report)) {
    reporter.line("The source has no sessions: is the direction right?");
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
  const changed = written(counts) + (ended?.removed ?? 0) + doubtIn(report);
  if (isCutOff && changed > 0) {
    reporter.say("It is not known what is left: running the command again is safe");
  }
}

/** Whether there was nothing to copy, nor to compare. */
function isNothing({ counts, comparison }: CopyReport): boolean {
  return comparison?.compared === 0 && Object.values(counts).every((count) => count === 0);
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

/** What was removed at the target. */
function endedLines({ outcome, ended = NOTHING_ENDED }: CopyReport): string[] {
  const { found, removed, inDoubt } = ended;
  const text = (count: number) => `${count} session(s) that have ended at the source`;
  if (outcome === "found" && found > 0) return [`Would remove ${text(found)}; nothing was removed`];
  if (removed + inDoubt === 0) return [];
  return [`Removed ${inDoubt > 0 ? "at least " : ""}${text(removed)}`];
}

/** Why sessions that have ended are not removed. */
function refusalOf({ found, known }: EndedCounts): string {
  return `${found} of the ${known} session(s) that copies have put at the target are not at the ` +
    "source any more, so it may be incomplete, and none of them is removed";
}

const REMOVE_MOST = "If they have really ended, pass --remove-most";

/** How many sessions may have been written or removed besides those that are counted. */
function doubtIn({ inDoubt, ended }: CopyReport): number {
  return inDoubt + (ended?.inDoubt ?? 0);
}

/** The target may have been flushed, and then a copy must not look complete. */
function lossOf({ removed }: CopyCounts): string {
  return `${removed} session(s), most of those that copies have put at the target, are gone there: ` +
    "it seems to have lost them";
}

const RESTORE =
  "If it has, run the command again with --restore-removed. If they were logged out or " +
  "revoked there, nothing is wrong";

/** Why a copy is not complete. */
function problemOf({ outcome, counts, comparison, inDoubt, ended, isRefused }: CopyReport) {
  if (outcome !== "partial" && (outcome !== "found" || counts.failed === 0)) return undefined;
  const { missing = 0, differing = 0 } = comparison ?? {};
  const { failed: undropped } = ended ?? NOTHING_ENDED;
  const parts = [
    [counts.failed, "cannot be copied"],
    [missing, "are missing at the target, although they were copied"],
    [differing, "differ at the target, although they were copied"],
    [undropped, "have ended at the source, and cannot be removed at the target"],
  ] as const;
  const problems = parts.filter(([count]) => count > 0).map(([count, what]) => {
    return `${count} session(s) ${what}`;
  });
  if (outcome === "partial" && isRefused && ended !== undefined) {
    const refusal = refusalOf(ended);
    if (problems.length === 0) return new OperationError(refusal, { hint: REMOVE_MOST });
    problems.push(refusal);
  }
  if (hasLost(counts)) {
    if (problems.length === 0) return new OperationError(lossOf(counts), { hint: RESTORE });
    problems.push(lossOf(counts));
  }
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
  const { outcome, counts, comparison, ended, unreadable } = report;
  const inDoubt = doubtIn(report);
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
    ended: (dryRun ? ended?.found : ended?.removed) ?? null,
    endedUnreadable: ended?.unreadable ?? null,
    endedFailed: ended?.failed ?? null,
    unreadable,
    exitCode,
    durationMs,
  };
}
