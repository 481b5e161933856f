/** What `session:clear` does: removes every session, and verifies it. */
import type { Backend, Store } from "../../backends/contract.ts";
import { AzuError, ExitCode, OperationError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import { asAzuError } from "../../backends/custom.ts";
import { clearInPasses, counted, examined, lookAlikes, type Looks } from "./passes.ts";
import { type ClearReport, type ClearRequest, isDone } from "./types.ts";
import { briefly, guarded } from "../guard.ts";
import { type Nodes, nodesOf, untoldError } from "./nodes.ts";
import { withReplicas } from "./replicas.ts";
import { Tally } from "./tally.ts";

/**
 * Clears a backend and tells the app's nodes, even if the clear was cut off. Failures are not
 * thrown: they are in the report, with true counts.
 */
export async function clearSessions(
  backend: Backend,
  request: ClearRequest,
): Promise<ClearReport> {
  const { signal, timeout } = request;
  let store: Store;
  try {
    request.onPhase?.("connecting");
    const options = timeout === undefined ? {} : { timeout };
    store = await guarded(signal, () => backend.connect(signal, options));
  } catch (error) {
    return cutOff(error, new Tally(), backend, signal);
  }
  try {
    return request.dryRun
      ? await found(store, backend, request)
      : await clearStore(store, backend, request);
  } finally {
    await close(store, signal);
  }
}

/** Closes the store. If it does not close in time, it is abandoned: the work is done. */
async function close(store: Store, signal: AbortSignal): Promise<void> {
  await briefly(signal, async () => await store[Symbol.asyncDispose]()).catch(() => {});
}

async function clearStore(
  store: Store,
  backend: Backend,
  request: ClearRequest,
): Promise<ClearReport> {
  const { signal, truncate } = request;
  const tally = new Tally(request.onProgress);
  const nodes = nodesOf(store, backend, request);
  const looks = looksAt(store, request);
  const how = truncate ? { ...looks.how, truncate } : looks.how;
  try {
    const doubts = request.anything ? [] : await examined(looks, truncate);
    if (doubts.length > 0) return doubtful(doubts, backend);
    const report = await clearInPasses({ ...looks, nodes, tally, how });
    return withNodes(await withReplicas(report, store, backend, request), nodes, backend);
  } catch (error) {
    // Created before the nodes are told: an interruption while they are told is not the cause.
    const report = cutOff(error, tally, backend, signal);
    await nodes.tell();
    return withNodes(report, nodes, backend);
  }
}

function cutOff(
  error: unknown,
  { cleared, begun, isUncertain, total }: Tally,
  backend: Backend,
  signal: AbortSignal,
): ClearReport {
  const base = {
    cleared,
    remaining: undefined,
    arrived: undefined,
    lookAlikes: [],
    doubts: [],
    cutOff: { begun, isUncertain, total },
  };
  if (signal.reason instanceof AzuError) {
    return { outcome: "failed", ...base, error: signal.reason };
  }
  if (signal.aborted) return { outcome: "interrupted", ...base };
  const explained = asAzuError(error, backend);
  const impossible = explained.exitCode === ExitCode.impossible;
  return { outcome: impossible ? "impossible" : "failed", ...base, error: explained };
}

/** If the app's nodes could not be told, the clear has failed. */
function withNodes(
  report: ClearReport,
  { report: nodes, wasInterrupted }: Nodes,
  backend: Backend,
): ClearReport {
  if (nodes === undefined) return report;
  if (!isDone(report) || !(nodes.untold instanceof AzuError)) return { ...report, nodes };
  if (wasInterrupted) return { ...report, nodes, outcome: "interrupted" };
  const error = untoldError(backend, report.cleared, nodes.untold);
  return { ...report, nodes, outcome: "failed", error };
}

async function found(
  store: Store,
  backend: Backend,
  request: ClearRequest,
): Promise<ClearReport> {
  const looks = looksAt(store, request);
  try {
    const doubts = await examined(looks, request.truncate);
    return {
      outcome: "found",
      cleared: 0,
      remaining: await counted(looks),
      arrived: undefined,
      lookAlikes: await lookAlikes(looks),
      doubts,
    };
  } catch (error) {
    return cutOff(error, new Tally(), backend, request.signal);
  }
}

/** The report of a clear that was not begun. */
function doubtful(doubts: readonly string[], backend: Backend): ClearReport {
  const { address, pattern, table } = backend.describe();
  const where = [address, pattern ?? table].filter((part) => part !== undefined).join(", ");
  const error = new OperationError(
    `What is there may not be sessions: ${doubts.join("; ")} (${printable(where)})`,
    {
      hint: "Check the key prefix or the table. If everything there may go, pass --anything",
    },
  );
  const nothing = { cleared: 0, remaining: undefined, arrived: undefined, lookAlikes: [] };
  return { outcome: "failed", ...nothing, doubts, error };
}

function looksAt(store: Store, request: ClearRequest): Looks {
  return {
    ...{ store, signal: request.signal, how: { budget: request.budget } },
    onPhase: (phase) => request.onPhase?.(phase),
    onRetry: () => request.onRetry?.(),
    onFound: (found, total) => request.onFound?.(found, total),
  };
}
