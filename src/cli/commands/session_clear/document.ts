/** How a clear is told to a script. */
import type { Backend, Target } from "../../../backends/contract.ts";
import type { ClearReport } from "../../../commands/clear_types.ts";
import type { Choice } from "../../../config/choose.ts";
import type { ExitCode } from "../../../core/errors.ts";

export interface Circumstances {
  readonly choice: Choice;
  readonly target: Target;
  readonly dryRun: boolean;
  readonly exitCode: ExitCode;
  /** Milliseconds from start to answer. */
  readonly durationMs: number;
}

/** The fields of the JSON document. */
export function clearFields(
  report: ClearReport,
  { choice, target, dryRun, exitCode, durationMs }: Circumstances,
): Record<string, unknown> {
  return {
    command: "session:clear",
    backend: choice.backend.name,
    decidedBy: choice.decidedBy,
    ...targetFields(choice.backend, target),
    dryRun,
    outcome: report.outcome,
    cleared: report.cleared,
    remaining: report.remaining ?? null,
    arrived: report.arrived ?? null,
    lookAlikes: report.lookAlikes,
    nodesTold: report.nodes?.told ?? null,
    replicasFollowed: report.replicas?.followed ?? null,
    ...(report.advice === undefined ? {} : { advice: report.advice }),
    exitCode,
    durationMs,
  };
}

function targetFields({ nodeCache }: Backend, { address, pattern, table }: Target) {
  return {
    target: address ?? null,
    ...(pattern === undefined ? {} : { pattern }),
    ...(table === undefined ? {} : { table }),
    ...(nodeCache === undefined ? {} : { channel: nodeCache.channel }),
  };
}
