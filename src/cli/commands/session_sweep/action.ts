import { type ClearReport, NOTHING_DONE } from "../../../commands/session_clear/types.ts";
import { sweepWords } from "../../../commands/session_clear/words.ts";
import { durationText } from "../../../core/duration.ts";
import { ExitCode, ImpossibleError } from "../../../core/errors.ts";
import type { Selection } from "../../../core/selection.ts";
import { audited, auditedRun, type Ending } from "../../audit.ts";
import {
  oldFirst,
  type Operation,
  operationFor,
  placesOf,
  showDecision,
  type StorePlace,
  unreachableOf,
} from "../../operation.ts";
import type { GlobalOptions } from "../../program.ts";
import { removeFrom, resultOf } from "../../removal.ts";
import type { Host } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { SessionSweepOptions } from "./command.ts";
import { sweepLifetimesOf } from "./lifetimes.ts";
import { concludeSweep, showSwept, type SweepEnd, sweptFields, totalFields } from "./report.ts";

export type SweepOptions = SessionSweepOptions & GlobalOptions;

/** A run of the command. */
export interface Sweep extends Operation {
  readonly options: SweepOptions;
  /** Aborted by an interruption, and at the end of the time budget. */
  readonly untilOver: AbortSignal;
}

/** `azu session:sweep` */
export async function sessionSweep(
  host: Host,
  options: SweepOptions,
  reporter: Reporter,
): Promise<ExitCode> {
  const operation = await operationFor(host, options, reporter);
  const { timeBudget, dryRun = false, fixTtl = false } = options;
  if (options.schedule === undefined) showDecision(operation);
  const error = unreachableOf(operation, "swept") ?? unsupported(operation, options);
  if (error !== undefined) {
    const report = { ...NOTHING_DONE, outcome: "impossible", error } as const;
    return concludeSweep(operation, [rowsEnd(host, options, operation, report)], dryRun);
  }
  if (options.schedule !== undefined) {
    const { printSchedule } = await import("./schedule.ts");
    return printSchedule(operation, options, options.schedule);
  }
  for (const { choice } of placesOf(operation)) choice.backend.check?.();
  host.handleSignals();
  const untilOver = timeBudget === undefined
    ? host.signal
    : AbortSignal.any([host.signal, AbortSignal.timeout(timeBudget)]);
  reporter.line("Sweeping expired sessions...");
  const ends = await audited(
    auditedRun(operation, "session:sweep", {}, { selection: "expired", dryRun, fixTtl }),
    () => sweep({ ...operation, options, untilOver }),
    SWEEP_ENDING,
  );
  return concludeSweep(operation, ends, dryRun);
}

/** How a sweep is recorded. */
const SWEEP_ENDING: Ending<readonly SweepEnd[]> = {
  fieldsOf: (ends) => ({
    ...totalFields(ends),
    exitCode: ends.find(({ exitCode }) => exitCode !== ExitCode.ok)?.exitCode ?? ExitCode.ok,
  }),
  errorOf: (ends) => ends.find(({ error }) => error !== undefined)?.error,
  failed: (ends, error) => {
    return ends.map((end) => ({
      ...end,
      error,
      exitCode: error.exitCode,
      show(reporter) {
        end.show(reporter);
        reporter.error(error);
      },
    }));
  },
};

function unsupported(operation: Operation, { fixTtl }: SweepOptions): ImpossibleError | undefined {
  if (!fixTtl) return undefined;
  for (const { choice: { backend: { name, capabilities } } } of placesOf(operation)) {
    if (capabilities.expiresItself) continue;
    return new ImpossibleError(`Sessions of the ${name} backend have no TTL to fix (--fix-ttl)`, {
      hint: "Nothing was removed: run the command without that option",
    });
  }
  return undefined;
}

/** Sweeps each store. A failure in one does not keep expired sessions in the other one. */
async function sweep(operation: Sweep): Promise<readonly SweepEnd[]> {
  const { host, reporter, options } = operation;
  const ends: SweepEnd[] = [];
  for (const place of oldFirst(operation)) {
    const { backend } = place.choice;
    if (host.signal.aborted) break;
    reporter.line(`Backend: ${backend.name}`);
    const onCutOff = (end: SweepEnd) => {
      concludeSweep(operation, [...ends, end], options.dryRun ?? false);
    };
    const sweepPlace = backend.capabilities.expiresItself ? sweepLifetimesOf : sweepRows;
    ends.push(await sweepPlace(operation, place, onCutOff));
  }
  return ends;
}

/** Removes the rows, within the time budget. */
async function sweepRows(
  operation: Sweep,
  place: StorePlace,
  onCutOff: (end: SweepEnd) => void,
): Promise<SweepEnd> {
  const { host, options, untilOver } = operation;
  const { grace = 0, dryRun = false } = options;
  const before = host.now().getTime() - grace;
  const selection: Selection = [{ fact: "expiresAt", before }];
  const removal = {
    ...operation,
    // The nodes need not be told: they do not accept expired sessions from their caches.
    options: { ...options, broadcast: false },
    words: wordsOf(options),
  };
  const how = { selection, dryRun, anything: true, preview: 0, skipLocked: true };
  const endOf = (report: ClearReport) => rowsEnd(host, options, place, report);
  return endOf(
    await removeFrom(removal, place, how, (report) => onCutOff(endOf(report)), untilOver),
  );
}

function rowsEnd(
  host: Host,
  options: SweepOptions,
  place: StorePlace,
  report: ClearReport,
): SweepEnd {
  const ended = settled(report, host);
  const { exitCode } = resultOf(host, [{ place, report: ended.report }]);
  return {
    place,
    exitCode,
    error: ended.report.error,
    fields: sweptFields(ended),
    show: (reporter) => showSwept(reporter, ended, wordsOf(options)),
  };
}

function wordsOf({ grace }: SweepOptions) {
  return sweepWords(grace === undefined ? undefined : durationText(grace));
}

/** How a sweep of rows ended. */
export interface Ended {
  readonly report: ClearReport;
  /** Whether the time budget has ended it. */
  readonly isOverTime: boolean;
}

/** What is left because it is locked, or because the time is over, is left to the next sweep. */
function settled(report: ClearReport, host: Host): Ended {
  const isOverTime = report.outcome === "interrupted" && !host.signal.aborted;
  if (!isOverTime && report.outcome !== "partial") return { report, isOverTime };
  const { error: _, ...rest } = report;
  return { report: { ...rest, outcome: "cleared" }, isOverTime };
}
