/** What `session:clear` and `session:revoke` do: remove sessions, and verify it. */
import type { Backend, Store } from "../../backends/contract.ts";
import { AzuError, ExitCode, OperationError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import { asAzuError } from "../../backends/custom.ts";
import { clearInPasses, counted, examined, lookAlikes, type Looks, previewOf } from "./passes.ts";
import { type ClearReport, type ClearRequest, isDone, NOTHING_DONE } from "./types.ts";
import { close, connected, sessionsOf } from "../connection.ts";
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
    store = await connected(backend, signal, timeout);
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

async function clearStore(
  store: Store,
  backend: Backend,
  request: ClearRequest,
): Promise<ClearReport> {
  const { signal, selection, truncate } = request;
  const tally = new Tally(request.onProgress);
  const nodes = nodesOf(store, backend, request);
  try {
    const looks = looksAt(store, backend, request, tally);
    const { skipLocked = false } = request;
    const how = {
      ...looks.how,
      ...(truncate ? { truncate } : {}),
      ...(skipLocked ? { skipLocked } : {}),
    };
    const isTrusted = request.anything || selection.length > 0;
    const doubts = isTrusted ? [] : await examined(looks, truncate);
    if (doubts.length > 0) return doubtful(doubts, backend);
    const report = await clearInPasses({ ...looks, nodes, how });
    return withNodes(await withReplicas(report, store, backend, request), nodes, backend, request);
  } catch (error) {
    // Created before the nodes are told: an interruption while they are told is not the cause.
    const report = cutOff(error, tally, backend, signal);
    if (report.outcome !== "impossible") await nodes.tell();
    return withNodes(report, nodes, backend, request);
  }
}

function cutOff(
  error: unknown,
  { cleared, begun, isUncertain, total, unreadable }: Tally,
  backend: Backend,
  signal: AbortSignal,
): ClearReport {
  const base = {
    cleared,
    remaining: undefined,
    arrived: undefined,
    unreadable,
    lookAlikes: [],
    doubts: [],
    cutOff: { begun, isUncertain, total },
  };
  if (signal.reason instanceof AzuError) {
    return { outcome: "failed", ...base, error: signal.reason };
  }
  if (signal.aborted) return { outcome: "interrupted", ...base };
  const explained = asAzuError(error, backend);
  if (explained.exitCode !== ExitCode.impossible) {
    return { outcome: "failed", ...base, error: explained };
  }
  if (cleared === 0 && !isUncertain) return { outcome: "impossible", ...base, error: explained };
  // The store has found out late, and then it matters what is gone already.
  const { message, options } = explained;
  return { outcome: "failed", ...base, error: new OperationError(message, options) };
}

/** If the app's nodes could not be told, the clear has failed. */
function withNodes(
  report: ClearReport,
  { report: nodes, wasInterrupted }: Nodes,
  backend: Backend,
  { words }: ClearRequest,
): ClearReport {
  if (nodes === undefined) return report;
  if (!isDone(report) || !(nodes.untold instanceof AzuError)) return { ...report, nodes };
  if (wasInterrupted) return { ...report, nodes, outcome: "interrupted" };
  const error = untoldError(backend, report.cleared, words, nodes.untold);
  return { ...report, nodes, outcome: "failed", error };
}

async function found(
  store: Store,
  backend: Backend,
  request: ClearRequest,
): Promise<ClearReport> {
  const tally = new Tally();
  try {
    const looks = looksAt(store, backend, request, tally);
    const { isAll } = looks;
    // Also for a selection: it checks what the removal needs.
    const doubts = await examined(looks, request.truncate);
    const remaining = await counted(looks);
    const most = remaining === 0 ? 0 : request.preview;
    const preview = most === 0 ? undefined : await previewOf(looks, most);
    return {
      outcome: "found",
      cleared: 0,
      remaining,
      arrived: undefined,
      unreadable: tally.unreadable,
      ...(preview === undefined ? {} : { preview }),
      lookAlikes: isAll ? await lookAlikes(looks) : [],
      doubts: isAll ? doubts : [],
    };
  } catch (error) {
    return cutOff(error, tally, backend, request.signal);
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
  return { ...NOTHING_DONE, outcome: "failed", doubts, error };
}

/** @throws {ImpossibleError} if the store cannot select sessions. */
function looksAt(store: Store, backend: Backend, request: ClearRequest, tally: Tally): Looks {
  const { selection, signal, words, budget } = request;
  return {
    ...{ backend, store, tally, words, signal },
    sessions: sessionsOf(store, backend, selection),
    isAll: selection.length === 0,
    how: { budget },
    onPhase: (phase) => request.onPhase?.(phase),
    onRetry: () => request.onRetry?.(),
    onSlow: (reason) => request.onSlow?.(reason),
    onFound: (found, total) => request.onFound?.(found, total),
  };
}
