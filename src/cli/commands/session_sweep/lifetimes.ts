/** A sweep of a store that removes expired sessions itself: what never expires? */
import { type LifetimesReport, sweepLifetimes } from "../../../commands/session_sweep/lifetimes.ts";
import { ttlOf } from "../../../config/session_defaults.ts";
import { ExitCode } from "../../../core/errors.ts";
import { audited, type AuditedRun } from "../../audit.ts";
import { interruptedCode, type Operation } from "../../operation.ts";
import { budgetOf } from "../../operation_options.ts";
import { Progress } from "../../terminal/progress.ts";
import type { SweepOptions } from "./action.ts";
import { lifetimesFields, showLifetimes } from "./report.ts";

const WORDS = { doing: "Giving sessions a lifetime", done: "fixed" };

export async function sweepLifetimesOf(
  operation: Operation,
  options: SweepOptions,
  run: AuditedRun,
): Promise<ExitCode> {
  const { host, reporter, project } = operation;
  const { dryRun = false, fixTtl = false } = options;
  const lifetime = ttlOf(project.config);
  const isFixed = fixTtl && !dryRun;
  const conclude = (report: LifetimesReport): ExitCode => {
    const exitCode = report.outcome === "interrupted"
      ? interruptedCode(host)
      : report.error?.exitCode ?? ExitCode.ok;
    showLifetimes(reporter, report, { isFixed, lifetime });
    reporter.document(lifetimesFields(operation, report, { dryRun, exitCode }), report.error);
    return exitCode;
  };
  const report = await audited(
    run,
    () => swept(operation, options, isFixed ? lifetime : undefined, conclude),
    ({ outcome, endless = null, given }) => ({ outcome, endless, given }),
  );
  return conclude(report);
}

/** @param conclude Reports how it ended, if a second signal ends the process at once. */
async function swept(
  { host, reporter, choice: { backend }, target }: Operation,
  options: SweepOptions,
  lifetime: number | undefined,
  conclude: (report: LifetimesReport) => ExitCode,
): Promise<LifetimesReport> {
  using progress = new Progress(host, reporter, target.address ?? backend.name, WORDS);
  progress.stopAfter(host.signal);
  host.lastWords = () => {
    const { begun: isUncertain, cleared: given } = progress;
    conclude({ outcome: "interrupted", endless: undefined, given, isUncertain });
  };
  try {
    return await sweepLifetimes(backend, {
      signal: host.signal,
      lifetime,
      budget: budgetOf(options),
      timeout: options.timeout,
      onPhase: (phase) => progress.begin(phase),
      onGiven: (given, total) => progress.update(given, total),
      onFound: (found, total) => progress.find(found, total),
    });
  } finally {
    host.lastWords = undefined;
  }
}
