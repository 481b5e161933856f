/** How a sweep is reported: as lines, and as JSON. */
import type { Words } from "../../../commands/session_clear/words.ts";
import type { LifetimesReport } from "../../../commands/session_sweep/lifetimes.ts";
import { durationText } from "../../../core/duration.ts";
import type { ExitCode } from "../../../core/errors.ts";
import { endFields, type Operation, operationFields } from "../../operation.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { clearedThen, interruptionLine, restOf } from "../session_clear/report.ts";
import type { Ended } from "./action.ts";

/** The check mark means that a count has found no expired session any more. */
export function showSwept(
  reporter: Reporter,
  { report, isOverTime }: Ended,
  words: Words,
): void {
  const { outcome, cleared, remaining, cutOff, error, advice } = report;
  switch (outcome) {
    case "cleared":
      reporter.line(`Removed ${cutOff?.isUncertain ? "at least " : ""}${cleared} session(s)`);
      if (isOverTime) reporter.note("The time budget is over: the next sweep goes on");
      else if (remaining === 0) reporter.verified(words.success);
      else {
        reporter.note(
          `${remaining} expired session(s) are left to the next sweep: another client has locked ` +
            "them, or a trigger keeps them",
        );
      }
      if (advice !== undefined && !reporter.options.json) reporter.note(advice);
      break;
    case "empty":
      reporter.line(words.none);
      reporter.verified("Nothing to sweep");
      break;
    case "found":
      reporter.line(
        remaining === 0 ? words.none : `Would remove ${remaining} session(s); nothing was removed`,
      );
      break;
    case "failed":
      if (cleared > 0) reporter.line(clearedThen(report, "failed", words));
      break;
    case "interrupted":
      reporter.line(interruptionLine(report, words) ?? "Interrupted");
      break;
    default:
  }
  if (error !== undefined) reporter.error(error);
  const rest = restOf(report, words);
  if (rest !== undefined) reporter.say(rest);
}

interface End {
  readonly dryRun: boolean;
  readonly exitCode: ExitCode;
}

export function sweepFields(
  operation: Operation,
  { report, isOverTime }: Ended,
  { dryRun, exitCode }: End,
): Record<string, unknown> {
  const { outcome, cleared, remaining, advice } = report;
  return {
    command: "session:sweep",
    ...operationFields(operation),
    dryRun,
    outcome: outcome === "cleared" ? "swept" : outcome,
    swept: cleared,
    remaining: remaining ?? null,
    timeIsOver: isOverTime,
    endless: null,
    fixed: null,
    ...(advice === undefined ? {} : { advice }),
    ...endFields(operation, exitCode),
  };
}

/** For a store that removes expired sessions itself. */
export function showLifetimes(
  reporter: Reporter,
  report: LifetimesReport,
  { isFixed, lifetime }: { readonly isFixed: boolean; readonly lifetime: number },
): void {
  const { outcome, endless, given, isUncertain, error } = report;
  const isCutOff = outcome !== "done" && isFixed && (given > 0 || isUncertain);
  const gave = `Gave ${isUncertain ? "at least " : ""}${given} session(s) a lifetime of ` +
    durationText(lifetime);
  if (endless !== undefined) reporter.line("The store itself removes sessions when they expire");
  if (outcome === "done") {
    if (isFixed) reporter.line(gave);
  } else if (isCutOff) {
    reporter.line(`${gave}, then ${outcome === "interrupted" ? "interrupted" : "failed"}`);
  } else if (outcome === "interrupted") {
    reporter.line("Interrupted; no session was changed");
  }
  if (error !== undefined) reporter.error(error);
  if (isCutOff) {
    reporter.say("It is not known how many still never expire: running the command again is safe");
  }
  if (endless === undefined) return;
  if (endless === 0) return reporter.verified("Every session has a lifetime");
  reporter.warn(
    isFixed
      ? `${endless} session(s) never expire: they were written meanwhile`
      : `${endless} session(s) never expire: with --fix-ttl, azu gives them a lifetime of ` +
        durationText(lifetime),
  );
}

export function lifetimesFields(
  operation: Operation,
  { outcome, endless, given }: LifetimesReport,
  { dryRun, exitCode }: End,
): Record<string, unknown> {
  return {
    command: "session:sweep",
    ...operationFields(operation),
    dryRun,
    outcome: outcome !== "done" ? outcome : given > 0 ? "swept" : "empty",
    swept: 0,
    remaining: null,
    timeIsOver: false,
    endless: endless ?? null,
    fixed: given,
    ...endFields(operation, exitCode),
  };
}
