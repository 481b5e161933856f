/** Waits for replicas. If one that lags behind takes over, removed sessions are back. */
import { type Backend, CONNECT_TIMEOUT, type Store } from "../../backends/contract.ts";
import { asAzuError } from "../../backends/custom.ts";
import { formatMilliseconds } from "../../core/duration.ts";
import { type AzuError, OperationError } from "../../core/errors.ts";
import { guarded } from "../guard.ts";
import { type ClearReport, type ClearRequest, isDone } from "./types.ts";
import type { Words } from "./words.ts";

/**
 * The report of a clear, after waiting for the replicas that were asked for. The clear has failed if
 * too few of them have caught up in time.
 */
export async function withReplicas(
  report: ClearReport,
  store: Store,
  backend: Backend,
  request: ClearRequest,
): Promise<ClearReport> {
  const { signal, words, replicas: asked, timeout = CONNECT_TIMEOUT } = request;
  if (asked === 0 || !isDone(report)) return report;
  request.onPhase?.("replicas");
  try {
    signal.throwIfAborted();
    const replicas = await guarded(signal, async () => {
      return await store.replicated?.(asked, timeout, signal) ?? 0;
    });
    if (replicas >= asked) return { ...report, replicas };
    const within = formatMilliseconds(timeout);
    const problem = `only ${replicas} of ${asked} replica(s) have caught up within ${within}`;
    return { ...report, replicas, outcome: "failed", error: lagging(report, words, problem) };
  } catch (error) {
    if (signal.aborted) return { ...report, outcome: "interrupted" };
    const unknown = asAzuError(error, backend);
    const problem = `it is not known whether replicas have caught up: ${unknown.message}`;
    return { ...report, outcome: "failed", error: lagging(report, words, problem, unknown) };
  }
}

function lagging(
  { cleared }: ClearReport,
  { noneLeft }: Words,
  problem: string,
  cause?: AzuError,
): OperationError {
  const state = cleared > 0 ? `${cleared} session(s) are gone, and none remain` : noneLeft;
  return new OperationError(`${state}, but ${problem}`, {
    hint: "If a replica takes over before it has caught up, sessions come back. Check the " +
      "replication, then run the command again: it is safe to repeat" +
      (cause?.hint === undefined ? "" : `. ${cause.hint}`),
    cause,
  });
}
