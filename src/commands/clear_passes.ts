/** The passes of a clear: what an app writes meanwhile is removed too, as long as that helps. */
import type { LookAlike, Store } from "../backends/contract.ts";
import { OperationError } from "../core/errors.ts";
import { wholeNumber } from "./backend_answers.ts";
import { guarded } from "./guard.ts";
import type { Nodes } from "./nodes.ts";
import type { ClearReport } from "./session_clear.ts";

/** Passes at the most; a further one is made only while the last one left fewer than before. */
const MOST_PASSES = 100;

/** Counts over passes, each of which counts from zero. */
export class Tally {
  cleared = 0;
  #before = 0;
  readonly #tell: ((cleared: number) => void) | undefined;

  constructor(tell: ((cleared: number) => void) | undefined) {
    this.#tell = tell;
  }

  progress(inThisPass: number): void {
    this.cleared = this.#before + inThisPass;
    this.#tell?.(this.cleared);
  }

  endPass(inThisPass: number): void {
    this.progress(inThisPass);
    this.#before = this.cleared;
  }
}

/**
 * Clears until a count finds nothing, or as long as it helps.
 * @throws when it is cut off: then the tally says how many are gone.
 */
export async function clearInPasses(
  store: Store,
  nodes: Nodes,
  tally: Tally,
  signal: AbortSignal,
): Promise<ClearReport> {
  let [remaining, before, removed] = [Infinity, Infinity, 0];
  let others: readonly LookAlike[] = [];
  for (let pass = 0; pass < 2 || (remaining < before && pass < MOST_PASSES); pass++) {
    signal.throwIfAborted();
    before = remaining;
    removed = await clearOnce(store, signal, (count) => tally.progress(count));
    tally.endPass(removed);
    remaining = await counted(store, signal);
    const isEmpty = remaining === 0 && tally.cleared === 0;
    if (isEmpty) others = await lookAlikes(store, signal);
    // Until it hears, a node saves sessions back from its cache with each visit.
    const heard = await nodes.tell();
    if (remaining === 0 && heard > 0) remaining = await counted(store, signal);
    if (remaining === 0) break;
  }
  const { cleared } = tally;
  if (remaining > 0) return partial(cleared, remaining, removed);
  if (cleared > 0) return { outcome: "cleared", cleared, remaining, lookAlikes: [] };
  return { outcome: "empty", cleared, remaining, lookAlikes: others };
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

export async function counted(store: Store, signal: AbortSignal): Promise<number> {
  return wholeNumber(await guarded(signal, () => store.count(signal)));
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

export async function lookAlikes(store: Store, signal: AbortSignal): Promise<readonly LookAlike[]> {
  return await guarded(signal, async () => await store.lookAlikes?.(signal) ?? []);
}
