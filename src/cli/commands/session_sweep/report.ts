/** How a sweep is reported: as lines, and as JSON. */
import type { Words } from "../../../commands/session_clear/words.ts";
import type { LifetimesReport } from "../../../commands/session_sweep/lifetimes.ts";
import { durationText } from "../../../core/duration.ts";
import { type AzuError, ExitCode } from "../../../core/errors.ts";
import {
  endFields,
  type Operation,
  operationFields,
  placeFields,
  type StorePlace,
} from "../../operation.ts";
import { errorField, type Reporter } from "../../terminal/reporter.ts";
import { clearedThen, interruptionLine, restOf, showHeading } from "../session_clear/report.ts";
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

/** What the JSON document says of a store. What is null does not concern it, or is not known. */
export interface SweepFields {
  readonly outcome: string;
  readonly swept: number;
  readonly remaining: number | null;
  readonly timeIsOver: boolean;
  readonly endless: number | null;
  readonly fixed: number | null;
  readonly advice?: string;
}

/** How a sweep has ended in one of the stores. */
export interface SweepEnd {
  readonly place: StorePlace;
  readonly exitCode: ExitCode;
  readonly error: AzuError | undefined;
  readonly fields: SweepFields;
  show(reporter: Reporter): void;
}

/** Reports how a sweep has ended: the first store that has failed decides the exit code. */
export function concludeSweep(
  operation: Operation,
  ends: readonly SweepEnd[],
  dryRun: boolean,
): ExitCode {
  const { reporter } = operation;
  for (const { place, show } of ends) {
    if (ends.length > 1) showHeading(reporter, place);
    show(reporter);
  }
  const failed = ends.find(({ exitCode }) => exitCode !== ExitCode.ok);
  const exitCode = failed?.exitCode ?? ExitCode.ok;
  const stores = ends.map(({ place, fields, error }) => {
    return { ...placeFields(place), ...fields, ...errorField(error) };
  });
  reporter.document({
    command: "session:sweep",
    ...operationFields(operation),
    dryRun,
    ...totalFields(ends),
    ...(ends.length > 1 ? { stores } : {}),
    ...endFields(operation, exitCode),
  }, failed?.error);
  return exitCode;
}

/** The fields of all stores together. */
export function totalFields(ends: readonly SweepEnd[]): SweepFields {
  const all = ends.map(({ fields }) => fields);
  const [first, another] = all;
  if (first !== undefined && another === undefined) return first;
  const failed = ends.find(({ exitCode }) => exitCode !== ExitCode.ok)?.fields.outcome;
  const sum = (counts: readonly (number | null)[]) => {
    const known = counts.filter((count) => count !== null);
    return known.length === 0 ? null : known.reduce((sum, count) => sum + count);
  };
  return {
    outcome: failed ?? all.find(({ outcome }) => outcome !== "empty")?.outcome ?? "empty",
    swept: all.reduce((sum, { swept }) => sum + swept, 0),
    remaining: sum(all.map(({ remaining }) => remaining)),
    timeIsOver: all.some(({ timeIsOver }) => timeIsOver),
    endless: sum(all.map(({ endless }) => endless)),
    fixed: sum(all.map(({ fixed }) => fixed)),
  };
}

export function sweptFields({ report, isOverTime }: Ended): SweepFields {
  const { outcome, cleared, remaining, advice } = report;
  return {
    outcome: outcome === "cleared" ? "swept" : outcome,
    swept: cleared,
    remaining: remaining ?? null,
    timeIsOver: isOverTime,
    endless: null,
    fixed: null,
    ...(advice === undefined ? {} : { advice }),
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

export function lifetimesFields({ outcome, endless, given }: LifetimesReport): SweepFields {
  return {
    outcome: outcome !== "done" ? outcome : given > 0 ? "swept" : "empty",
    swept: 0,
    remaining: null,
    timeIsOver: false,
    endless: endless ?? null,
    fixed: given,
  };
}
