/** A sweep of a store that removes expired sessions itself: what never expires? */
import { asAzuError } from "../../../backends/custom.ts";
import { sweepWords } from "../../../commands/session_clear/words.ts";
import { type LifetimesReport, sweepLifetimes } from "../../../commands/session_sweep/lifetimes.ts";
import { ttlOf } from "../../../config/session_defaults.ts";
import { type AzuError, ExitCode } from "../../../core/errors.ts";
import { interruptedCode, type Operation } from "../../operation.ts";
import { budgetOf } from "../../operation_options.ts";
import { Progress } from "../../terminal/progress.ts";
import type { SweepOptions } from "./action.ts";
import { lifetimesFields, showLifetimes } from "./report.ts";

export async function sweepLifetimesOf(
  operation: Operation,
  options: SweepOptions,
): Promise<ExitCode> {
  const { host, reporter, choice: { backend }, project } = operation;
  const ttl = ttlOf(project.config);
  const { dryRun = false, fixTtl = false } = options;
  reporter.line("Sweeping expired sessions...");
  reporter.line(`Backend: ${backend.name}`);
  const lifetime = fixTtl && !dryRun ? ttl : undefined;
  const { report, error } = await swept(operation, options, lifetime);
  showLifetimes(reporter, report, { isFixed: lifetime !== undefined, lifetime: ttl });
  if (error !== undefined) reporter.error(error);
  const exitCode = report !== undefined ? ExitCode.ok : error?.exitCode ?? interruptedCode(host);
  reporter.document(lifetimesFields(operation, report, { dryRun, exitCode }), error);
  return exitCode;
}

/** @returns the report, or why there is none; neither after an interruption. */
async function swept(
  { host, reporter, choice: { backend }, target }: Operation,
  options: SweepOptions,
  lifetime: number | undefined,
): Promise<{ readonly report?: LifetimesReport; readonly error?: AzuError }> {
  using progress = new Progress(host, reporter, target.address ?? backend.name, sweepWords());
  progress.begin("counting");
  try {
    const report = await sweepLifetimes(backend, {
      signal: host.signal,
      lifetime,
      budget: budgetOf(options),
      timeout: options.timeout,
      onFound: (found, total) => progress.find(found, total),
    });
    return { report };
  } catch (error) {
    return host.signal.aborted ? {} : { error: asAzuError(error, backend) };
  }
}
