/** What `session:clear` does: removes every session, and looks whether that is so. */
import type { Backend, LookAlike, Store } from "../backends/contract.ts";
import { AzuError, ExitCode, messageOf, OperationError } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import { guarded } from "./guard.ts";

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
  /** How many are there now; undefined where that is not known. */
  readonly remaining: number | undefined;
  /** Keys that look like sessions under another prefix, where nothing was found under ours. */
  readonly lookAlikes: readonly LookAlike[];
  /** Why it failed. */
  readonly error?: AzuError;
}

export interface ClearRequest {
  readonly signal: AbortSignal;
  /** Only count. */
  readonly dryRun: boolean;
  onProgress?(cleared: number): void;
}

/** Passes at the most; a further one is made only while the last one left fewer than before. */
const MOST_PASSES = 100;

/**
 * Clears a backend that can be cleared. Failures are in the report, with the true counts, and
 * not thrown.
 */
export async function clearSessions(
  backend: Backend,
  { signal, dryRun, onProgress }: ClearRequest,
): Promise<ClearReport> {
  let cleared = 0;
  let inEarlierPasses = 0;
  const progress = (inThisPass: number) => {
    cleared = inEarlierPasses + inThisPass;
    onProgress?.(cleared);
  };
  try {
    await using store = await guarded(signal, () => backend.connect(signal));
    if (dryRun) return await found(store, signal);
    let [remaining, before, removed] = [Infinity, Infinity, 0];
    for (let pass = 0; pass < 2 || (remaining < before && pass < MOST_PASSES); pass++) {
      before = remaining;
      removed = await clearOnce(store, signal, progress);
      progress(removed);
      inEarlierPasses = cleared;
      remaining = await counted(store, signal);
      if (remaining === 0) break;
    }
    if (remaining > 0) return partial(cleared, remaining, removed);
    if (cleared > 0) return { outcome: "cleared", cleared, remaining, lookAlikes: [] };
    return { outcome: "empty", cleared, remaining, lookAlikes: await lookAlikes(store, signal) };
  } catch (error) {
    const base = { cleared, remaining: undefined, lookAlikes: [] };
    if (signal.aborted) return { outcome: "interrupted", ...base };
    const explained = asAzuError(error, backend);
    const impossible = explained.exitCode === ExitCode.impossible;
    return { outcome: impossible ? "impossible" : "failed", ...base, error: explained };
  }
}

async function clearOnce(store: Store, signal: AbortSignal, progress: (count: number) => void) {
  return wholeNumber(
    await guarded(signal, (alive) =>
      store.clear({
        signal,
        onProgress(count) {
          alive();
          progress(wholeNumber(count));
        },
      })),
  );
}

async function counted(store: Store, signal: AbortSignal): Promise<number> {
  return wholeNumber(await guarded(signal, () => store.count(signal)));
}

/** A backend of the config's own may return anything; what is no count proves nothing. */
function wholeNumber(count: unknown): number {
  if (typeof count === "number" && Number.isInteger(count) && count >= 0) return count;
  throw new OperationError("The backend returned no count, so nothing is known to be cleared");
}

/** @param removed By the last pass: where it could remove none, nobody writes, something keeps. */
function partial(cleared: number, remaining: number, removed: number): ClearReport {
  const error = removed > 0
    ? new OperationError(
      `${remaining} session(s) are in the store again: an app that still runs writes them`,
      { hint: "Stop the app, or turn its visitors away, and run the command again" },
    )
    : new OperationError(
      `${remaining} session(s) are still there, though the store reported no error`,
      { hint: "Look for a trigger, a rule or another client that keeps or writes them" },
    );
  return { outcome: "partial", cleared, remaining, lookAlikes: [], error };
}

async function found(store: Store, signal: AbortSignal): Promise<ClearReport> {
  const remaining = await counted(store, signal);
  return {
    outcome: "found",
    cleared: 0,
    remaining,
    lookAlikes: remaining === 0 ? await lookAlikes(store, signal) : [],
  };
}

async function lookAlikes(store: Store, signal: AbortSignal): Promise<readonly LookAlike[]> {
  return await guarded(signal, async () => await store.lookAlikes?.(signal) ?? []);
}

/** What a backend of the config's own throws is a failed operation, not a bug of this tool. */
function asAzuError(error: unknown, backend: Backend): AzuError {
  if (error instanceof AzuError) return error;
  const message = `The ${backend.name} backend failed: ${redact(messageOf(error))}`;
  return new OperationError(message, { cause: error });
}
