/** A sweep of a store that removes expired sessions itself: what never expires? */
import { type LifetimesReport, sweepLifetimes } from "../../../commands/session_sweep/lifetimes.ts";
import { ttlOf } from "../../../config/session_defaults.ts";
import { ExitCode } from "../../../core/errors.ts";
import { interruptedCode, type StorePlace } from "../../operation.ts";
import { budgetOf } from "../../operation_options.ts";
import { Progress } from "../../terminal/progress.ts";
import type { Sweep } from "./action.ts";
import { lifetimesFields, showLifetimes, type SweepEnd } from "./report.ts";

const WORDS = { doing: "Giving sessions a lifetime", done: "fixed" };

/** @param onCutOff Called if a second signal ends the process at once. */
export async function sweepLifetimesOf(
  sweep: Sweep,
  place: StorePlace,
  onCutOff: (end: SweepEnd) => void,
): Promise<SweepEnd> {
  const { host, options: { dryRun = false, fixTtl = false }, project } = sweep;
  const lifetime = ttlOf(project.config);
  const isFixed = fixTtl && !dryRun;
  const endOf = (report: LifetimesReport): SweepEnd => ({
    place,
    exitCode: report.outcome === "interrupted"
      ? interruptedCode(host)
      : report.error?.exitCode ?? ExitCode.ok,
    error: report.error,
    fields: lifetimesFields(report),
    show: (reporter) => showLifetimes(reporter, report, { isFixed, lifetime }),
  });
  const onEnd = (report: LifetimesReport) => onCutOff(endOf(report));
  return endOf(await swept(sweep, place, isFixed ? lifetime : undefined, onEnd));
}

async function swept(
  { host, reporter, options }: Sweep,
  { choice: { backend }, target }: StorePlace,
  lifetime: number | undefined,
  onCutOff: (report: LifetimesReport) => void,
): Promise<LifetimesReport> {
  using progress = new Progress(host, reporter, target.address ?? backend.name, WORDS);
  progress.stopAfter(host.signal);
  host.lastWords = () => {
    const { begun: isUncertain, cleared: given } = progress;
    onCutOff({ outcome: "interrupted", endless: undefined, given, isUncertain });
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
