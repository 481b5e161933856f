/** What `session:clear` does: removes every session, and looks whether that is so. */
import type { Backend, LookAlike, Store } from "../backends/contract.ts";
import type { Budget } from "../backends/pace.ts";
import { AzuError, ExitCode } from "../core/errors.ts";
import { asAzuError } from "./backend_answers.ts";
import { clearInPasses, counted, lookAlikes, Tally } from "./clear_passes.ts";
import { guarded } from "./guard.ts";
import { Nodes, type NodesReport, type NodesRequest, untoldError } from "./nodes.ts";

/**
 * How a clear ended. `cleared` and `empty` are verified; `partial` left sessions; `impossible`
 * is a backend that cannot be cleared from outside; `found` is a dry run.
 */
export type ClearOutcome =
  | "cleared"
  | "empty"
  | "partial"
  | "failed"
  | "interrupted"
  | "impossible"
  | "declined"
  | "found";

export interface ClearReport {
  readonly outcome: ClearOutcome;
  /** How many sessions are gone for certain. */
  readonly cleared: number;
  /** Of those to be cleared, how many are there now; undefined where that is not known. */
  readonly remaining: number | undefined;
  /** How many were written since the clear began; undefined where that is not known. */
  readonly arrived: number | undefined;
  /** Keys that look like sessions under another prefix, where nothing was found under ours. */
  readonly lookAlikes: readonly LookAlike[];
  /** What became of telling the app's nodes; undefined where none keep caches. */
  readonly nodes?: NodesReport;
  /** Why it failed. */
  readonly error?: AzuError;
}

export interface ClearRequest extends NodesRequest {
  /** Only count. */
  readonly dryRun: boolean;
  readonly budget: Budget;
  /** @param total An estimate of how many there will be; undefined where there is none. */
  onProgress?(cleared: number, total?: number): void;
}

/**
 * Clears a backend that can be cleared, and tells the app's nodes, also of a clear that was cut
 * off. Failures are in the report, with the true counts, and not thrown.
 */
export async function clearSessions(
  backend: Backend,
  request: ClearRequest,
): Promise<ClearReport> {
  const { signal } = request;
  const tally = new Tally(request.onProgress);
  try {
    await using store = await guarded(signal, () => backend.connect(signal));
    if (request.dryRun) return await found(store, signal);
    const nodes = new Nodes(store, backend, request);
    const report = await clearInPasses({ store, nodes, tally, signal, budget: request.budget })
      .catch(
        async (error: unknown) => {
          await nodes.tell();
          return cutOff(error, tally, backend, signal);
        },
      );
    return withNodes(report, nodes, backend);
  } catch (error) {
    return cutOff(error, tally, backend, signal);
  }
}

function cutOff(
  error: unknown,
  { cleared }: Tally,
  backend: Backend,
  signal: AbortSignal,
): ClearReport {
  const base = { cleared, remaining: undefined, arrived: undefined, lookAlikes: [] };
  if (signal.aborted) return { outcome: "interrupted", ...base };
  const explained = asAzuError(error, backend);
  const impossible = explained.exitCode === ExitCode.impossible;
  return { outcome: impossible ? "impossible" : "failed", ...base, error: explained };
}

/** Who was to be told and was not makes a failure of what else was done. */
function withNodes(report: ClearReport, { report: nodes }: Nodes, backend: Backend): ClearReport {
  if (nodes === undefined) return report;
  const done = report.outcome === "cleared" || report.outcome === "empty";
  if (!done || !(nodes.untold instanceof AzuError)) return { ...report, nodes };
  const error = untoldError(backend, report.cleared, nodes.untold);
  return { ...report, nodes, outcome: "failed", error };
}

async function found(store: Store, signal: AbortSignal): Promise<ClearReport> {
  const remaining = await counted(store, signal);
  return {
    outcome: "found",
    cleared: 0,
    remaining,
    arrived: undefined,
    lookAlikes: remaining === 0 ? await lookAlikes(store, signal) : [],
  };
}
