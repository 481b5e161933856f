import { type ClearReport, NOTHING_DONE } from "../../../commands/session_clear/types.ts";
import { sweepWords } from "../../../commands/session_clear/words.ts";
import { durationText } from "../../../core/duration.ts";
import { type ExitCode, ImpossibleError } from "../../../core/errors.ts";
import type { Selection } from "../../../core/selection.ts";
import { audited, auditedRun, type AuditTrail, removalEnd } from "../../audit.ts";
import { type Operation, operationFor, showDecision, unreachable } from "../../operation.ts";
import type { GlobalOptions } from "../../program.ts";
import { exitCodeOf, removeSessions } from "../../removal.ts";
import type { Host } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { SessionSweepOptions } from "./command.ts";
import { sweepLifetimesOf } from "./lifetimes.ts";
import { showSwept, sweepFields } from "./report.ts";

export type SweepOptions = SessionSweepOptions & GlobalOptions;

const COMMAND = "session:sweep";

/** `azu session:sweep` */
export async function sessionSweep(
  host: Host,
  options: SweepOptions,
  reporter: Reporter,
): Promise<ExitCode> {
  const operation = await operationFor(host, options, reporter);
  const { choice: { backend } } = operation;
  if (options.schedule === undefined) showDecision(operation);
  const error = unreachable(backend, "swept") ?? unsupported(options, operation);
  if (error !== undefined) {
    return conclude(operation, options, { ...NOTHING_DONE, outcome: "impossible", error });
  }
  if (options.schedule !== undefined) {
    const { printSchedule } = await import("./schedule.ts");
    return printSchedule(operation, options, options.schedule);
  }
  backend.check?.();
  host.handleSignals();
  const { dryRun = false, fixTtl = false } = options;
  const run = auditedRun(operation, COMMAND, {}, { selection: "expired", dryRun, fixTtl });
  reporter.line("Sweeping expired sessions...");
  reporter.line(`Backend: ${backend.name}`);
  if (backend.capabilities.expiresItself) return await sweepLifetimesOf(operation, options, run);
  const report = await audited(
    run,
    (trail) => sweepRows(operation, options, trail),
    removalEnd(host, "swept"),
  );
  return conclude(operation, options, report);
}

function unsupported(
  { fixTtl }: SweepOptions,
  { choice: { backend: { name, capabilities } } }: Operation,
): ImpossibleError | undefined {
  if (!fixTtl || capabilities.expiresItself) return undefined;
  return new ImpossibleError(`Sessions of the ${name} backend have no TTL to fix (--fix-ttl)`, {
    hint: "Nothing was removed: run the command without that option",
  });
}

/** Removes the rows, within the time budget. */
async function sweepRows(
  operation: Operation,
  options: SweepOptions,
  trail: AuditTrail,
): Promise<ClearReport> {
  const { host } = operation;
  const { grace = 0, timeBudget, dryRun = false } = options;
  const before = host.now().getTime() - grace;
  const selection: Selection = [{ fact: "expiresAt", before }];
  const signal = timeBudget === undefined
    ? host.signal
    : AbortSignal.any([host.signal, AbortSignal.timeout(timeBudget)]);
  const removal = {
    ...operation,
    trail,
    command: COMMAND,
    // The nodes need not be told: they do not accept expired sessions from their caches.
    options: { ...options, broadcast: false },
    words: wordsOf(options),
    conclude: (report: ClearReport) => conclude(operation, options, report),
  };
  const how = { selection, dryRun, anything: true, preview: 0, skipLocked: true };
  return await removeSessions(removal, how, signal);
}

function conclude(operation: Operation, options: SweepOptions, report: ClearReport): ExitCode {
  const { host, reporter } = operation;
  const ended = settled(report, host);
  const exitCode = exitCodeOf(host, ended.report);
  showSwept(reporter, ended, wordsOf(options));
  const dryRun = options.dryRun ?? false;
  reporter.document(sweepFields(operation, ended, { dryRun, exitCode }), ended.report.error);
  return exitCode;
}

function wordsOf({ grace }: SweepOptions) {
  return sweepWords(grace === undefined ? undefined : durationText(grace));
}

/** How a sweep ended. */
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
