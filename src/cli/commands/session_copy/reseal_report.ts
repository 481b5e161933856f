/** How `session:copy --reseal` is reported: as lines, and as JSON. */
import type { ResealReport } from "../../../commands/session_reseal/types.ts";
import { type ExitCode, OperationError } from "../../../core/errors.ts";
import { inWords, type Selection } from "../../../core/selection.ts";
import { endFields, type Operation } from "../../operation.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { showUnreadable } from "../session_clear/report.ts";
import { endFieldsOf } from "./ends.ts";
import type { FailedList } from "./failed.ts";

interface Shown {
  readonly selection: Selection;
  readonly failed: FailedList;
}

/** The check mark means that all sessions were read again, and none needs an older secret. */
export function showReseal(
  reporter: Reporter,
  report: ResealReport,
  { selection, failed }: Shown,
): void {
  const { outcome, counts, inDoubt, verification, error } = report;
  for (const line of countLines(report)) reporter.line(line);
  if (selection.length > 0) showUnreadable(reporter, report.unreadable, selection);
  if (outcome === "resealed") {
    reporter.verified(
      `Read ${verification?.verified ?? 0} session(s) again: none needs an older secret`,
    );
  }
  const problem = error ?? problemOf(report);
  if (problem !== undefined) reporter.error(problem);
  for (const line of failed.lines) reporter.say(line);
  const isCutOff = outcome === "failed" || outcome === "interrupted";
  if (isCutOff && counts.resealed + inDoubt > 0) {
    reporter.say("It is not known what is left: running the command again is safe");
  }
}

/** What has become of the sessions, each on a line that concerns any. */
function countLines({ outcome, counts, inDoubt }: ResealReport): string[] {
  const { resealed, current, unsealed, expired } = counts;
  if (outcome === "declined" || outcome === "impossible") return [];
  if (resealed + inDoubt === 0 && outcome === "failed") return [];
  if (resealed + inDoubt === 0 && outcome === "interrupted") {
    return ["Interrupted; nothing was resealed"];
  }
  const done = outcome === "found"
    ? `Would reseal ${resealed} session(s)`
    : `Resealed ${inDoubt > 0 ? "at least " : ""}${resealed} session(s)`;
  const ended = outcome === "interrupted"
    ? ", then interrupted"
    : outcome === "failed"
    ? ", then failed"
    : outcome === "found"
    ? "; nothing was written"
    : "";
  const left = [
    [current, "are sealed with SESSION_SECRET already"],
    [unsealed, "are not sealed: they need no secret"],
    [expired, "have expired: left"],
  ] as const;
  return [
    done + ended,
    ...left.filter(([count]) => count > 0).map(([count, what]) => `${count} session(s) ${what}`),
  ];
}

/** Why the old secrets cannot be dropped. */
function problemOf({ outcome, counts, verification }: ResealReport): OperationError | undefined {
  if (outcome !== "partial" && outcome !== "found") return undefined;
  const { unopened, failed } = counts;
  const older = verification?.older ?? 0;
  const parts = [
    [older, "are sealed with an older secret again"],
    [failed, "cannot be resealed"],
    [unopened, "are sealed with none of these secrets"],
  ] as const;
  const problems = parts.filter(([count]) => count > 0).map(([count, what]) => {
    return `${count} session(s) ${what}`;
  });
  if (problems.length === 0) return undefined;
  return new OperationError(problems.join("; "), {
    hint: older > 0
      ? "An app writes them meanwhile: give all its processes the new SESSION_SECRET, and run the " +
        "command again"
      : unopened > 0
      ? "If the app can read them, add its secret to SESSION_SECRET_PREVIOUS, and run the command " +
        "again. Otherwise they are lost. By handle (--failed <file> for all):"
      : "The others are resealed. By handle, with the reasons (--failed <file> for all):",
  });
}

/** The document. */
export function resealFields(
  operation: Operation,
  { outcome, counts, inDoubt, verification, unreadable }: ResealReport,
  { selection, dryRun, exitCode }: {
    readonly selection: Selection;
    readonly dryRun: boolean;
    readonly exitCode: ExitCode;
  },
): Record<string, unknown> {
  const { environment } = operation;
  return {
    command: "session:copy",
    environment: environment.name,
    environmentFrom: environment.namedBy ?? null,
    from: endFieldsOf(operation),
    to: null,
    selection: selection.length === 0 ? null : inWords(selection),
    dryRun,
    outcome,
    ...counts,
    inDoubt: Number.isFinite(inDoubt) ? inDoubt : null,
    verified: verification?.verified ?? null,
    older: verification?.older ?? null,
    unreadable,
    ...endFields(operation, exitCode),
  };
}
