/** Clears a store in passes, until none of its sessions are left or a pass makes no progress. */
import type {
  Backend,
  ClearCounts,
  ClearOptions,
  LookAlike,
  LookOptions,
  SessionInfo,
  Sessions,
  Store,
} from "../../backends/contract.ts";
import { AzuError, OperationError } from "../../core/errors.ts";
import { guarded } from "../guard.ts";
import type { Nodes } from "./nodes.ts";
import type { Counting, Tally } from "./tally.ts";
import type { ClearPhase, ClearReport } from "./types.ts";
import type { Words } from "./words.ts";
import { walk } from "../walk.ts";
import type { Budget } from "../../backends/pace.ts";

/** The maximum number of passes. A pass is repeated only if the previous one made progress. */
const MOST_PASSES = 100;

/** What every pass of a clear needs. */
export interface Passes extends Looks {
  readonly nodes: Nodes;
  /** Options given on the command line. */
  readonly how: Pick<ClearOptions, "budget" | "truncate" | "skipLocked">;
}

/**
 * Clears, and verifies the result.
 * @throws if clearing stops early. `tally` then holds the number of removed sessions.
 */
export async function clearInPasses(passes: Passes): Promise<ClearReport> {
  const first = await clearOnce(passes);
  return typeof first === "number"
    ? await clearByCounting(passes, first)
    : await clearProved(passes, first);
}

/**
 * For a store that verifies its own result. App nodes may write cached sessions back until they are
 * told.
 */
async function clearProved(passes: Passes, first: ClearCounts): Promise<ClearReport> {
  const { nodes } = passes;
  let counts = first;
  let heard = await nodes.tell();
  for (let round = 2; heard > 0; round++) {
    const isLast = round > MOST_ROUNDS;
    const again = await clearAgain(passes, isLast);
    if (again === undefined) return await clearByCounting(passes, counts.cleared);
    if (typeof again === "number") return await clearByCounting(passes, again); // without proof
    counts = again;
    heard = !isLast && (again.again ?? again.cleared) > 0 ? await nodes.tell() : 0;
  }
  return proved(passes, counts, await others(passes));
}

/** The maximum number of rounds. If nodes keep writing sessions back, the app must be stopped. */
const MOST_ROUNDS = 3;

function proved(
  { tally: { cleared, advice, unreadable }, words }: Passes,
  { remaining, arrived, kept = cleared === 0 }: ClearCounts,
  others: readonly LookAlike[],
): ClearReport {
  const done = {
    ...{ cleared, remaining, arrived, unreadable, lookAlikes: others, doubts: [] },
    ...(advice === undefined ? {} : { advice }),
  };
  if (remaining > 0) {
    return { ...done, outcome: "partial", error: leftError(remaining, kept, words) };
  }
  return { ...done, outcome: cleared > 0 ? "cleared" : "empty" };
}

/** For a store that only counts. Repeats until it counts none, or a pass makes no progress. */
async function clearByCounting(passes: Passes, first: number): Promise<ClearReport> {
  const { nodes, tally } = passes;
  let [remaining, before, removed] = [Infinity, Infinity, first];
  for (let pass = 0; pass < 2 || (remaining < before && pass < MOST_PASSES); pass++) {
    before = remaining;
    if (pass > 0) removed = clearedBy(await clearOnce(passes));
    remaining = await counted(passes);
    const heard = await nodes.tell();
    if (remaining === 0 && heard > 0) remaining = await counted(passes);
    if (remaining === 0) break;
  }
  const { cleared, unreadable } = tally;
  if (remaining > 0) return partial(tally, remaining, removed);
  const done = { cleared, remaining, arrived: undefined, unreadable, doubts: [] };
  const lookAlikes = await others(passes);
  return { outcome: cleared > 0 ? "cleared" : "empty", ...done, lookAlikes };
}

/**
 * Removes sessions that were written back. In the last round, only counts them.
 * @returns undefined if the store cannot count without removing.
 */
async function clearAgain(
  passes: Passes,
  isLast: boolean,
): Promise<number | ClearCounts | undefined> {
  const { sessions } = passes;
  if (sessions.clearAgain !== undefined) {
    const clearAgain = sessions.clearAgain.bind(sessions);
    return await clearOnce(passes, "all", (options) => clearAgain(options, isLast));
  }
  return isLast ? undefined : await clearOnce(passes, "its own");
}

async function clearOnce(
  passes: Passes,
  counting: Counting = "more",
  clear: Clear = (options) => passes.sessions.clear(options),
): Promise<number | ClearCounts> {
  const { tally, signal } = passes;
  signal.throwIfAborted();
  passes.onPhase("clearing");
  tally.beginPass(counting);
  const counts = await guarded(signal, (alive) => cleared(passes, alive, clear));
  tally.endPass(clearedBy(counts));
  if (typeof counts === "object") tally.advice = counts.advice ?? tally.advice;
  return counts;
}

function clearedBy(counts: number | ClearCounts): number {
  return typeof counts === "number" ? counts : counts.cleared;
}

type Clear = (options: ClearOptions) => Promise<number | ClearCounts>;

async function cleared(
  { tally, signal, how, onPhase, onRetry, onSlow }: Passes,
  alive: () => void,
  clear: Clear,
) {
  tally.begun = tally.underWay = true;
  try {
    return await clear({
      ...how,
      signal,
      onPhase,
      onRetry,
      onSlow,
      onProgress(count, total, inDoubt) {
        alive();
        tally.progress(count, total, inDoubt);
      },
      onUnreadable: (count) => tally.unreadable = Math.max(tally.unreadable, count),
    });
  } finally {
    tally.underWay = false;
  }
}

/**
 * The error for sessions that remain after a clear that the store has verified.
 * @param isKept Whether they could not be removed. Otherwise an app has written them back.
 */
function leftError(remaining: number, isKept: boolean, { noun }: Words): OperationError {
  if (isKept) return kept(remaining);
  return new OperationError(
    `${remaining} session(s) from before the ${noun} are there again: a running app ` +
      "writes them back",
    { hint: "Stop the app, and run the command again" },
  );
}

/**
 * The report of a clear after which the store still counts sessions.
 * @param removed How many sessions the last pass removed. If 0, the rest cannot be removed;
 *   otherwise an app is writing sessions.
 */
function partial(
  { cleared, unreadable }: Tally,
  remaining: number,
  removed: number,
): ClearReport {
  const error = removed > 0
    ? new OperationError(
      `${remaining} session(s) are in the store again: a running app writes them`,
      { hint: "Stop the app, or turn its visitors away, and run the command again" },
    )
    : kept(remaining);
  const found = { remaining, arrived: undefined, unreadable, lookAlikes: [], doubts: [] };
  return { outcome: "partial", cleared, ...found, error };
}

function kept(remaining: number): OperationError {
  return new OperationError(
    `${remaining} session(s) are still there, though the store reported no error`,
    { hint: "Look for a trigger, a rule or another client that keeps or writes them" },
  );
}

/** The sessions, the limits on the load, and what is called with the progress. */
export interface Looks {
  readonly backend: Backend;
  readonly store: Store;
  /** Those of the store to remove: the store itself, or those of a selection. */
  readonly sessions: Sessions;
  readonly isAll: boolean;
  readonly tally: Tally;
  readonly words: Words;
  readonly signal: AbortSignal;
  readonly how: { readonly budget?: Budget };
  onPhase(phase: ClearPhase): void;
  onRetry(): void;
  onSlow(reason: string): void;
  onFound: LookOptions["onProgress"];
}

/**
 * Look-alikes after a clear of all sessions. An interruption of this look says nothing about the clear. If the nodes
 * could not be told, the clear has failed anyway, and its connection may hang.
 */
async function others(passes: Passes): Promise<readonly LookAlike[]> {
  if (!passes.isAll) return [];
  if (passes.signal.aborted || passes.nodes.report?.untold instanceof AzuError) return [];
  return await lookAlikes(passes).catch((error: unknown) => {
    if (passes.signal.aborted) return [];
    throw error;
  });
}

/** @throws {AzuError} what a clear would throw. */
export async function examined({ store, signal, how, onPhase }: Looks, truncate: boolean) {
  signal.throwIfAborted();
  onPhase("checking");
  return await guarded(signal, async (alive): Promise<readonly string[]> => {
    const budget = how.budget === undefined ? {} : { budget: how.budget };
    return await store.examine?.(signal, { ...budget, truncate, onProgress: alive }) ?? [];
  });
}

export async function counted(looks: Looks): Promise<number> {
  const { sessions, tally, signal, how, onPhase, onFound, onSlow } = looks;
  signal.throwIfAborted();
  onPhase("counting");
  return await guarded(signal, (alive) => {
    return sessions.count(signal, {
      ...(how.budget === undefined ? {} : { budget: how.budget }),
      onProgress(found, total) {
        alive();
        onFound?.(found, total);
      },
      onUnreadable: (count) => tally.unreadable = Math.max(tally.unreadable, count),
      onSlow,
    });
  });
}

/** @returns a number of the sessions at most; undefined if the store cannot describe any. */
export async function previewOf(
  { backend, sessions, signal, how, onPhase }: Looks,
  most: number,
): Promise<readonly SessionInfo[] | undefined> {
  if (sessions.list === undefined) return undefined;
  onPhase("reading");
  const found: SessionInfo[] = [];
  await walk(sessions, {
    ...{ backend, signal },
    ...(how.budget === undefined ? {} : { budget: how.budget }),
    visit(batch) {
      found.push(...batch.slice(0, most - found.length));
      return found.length < most;
    },
  });
  return found;
}

export async function lookAlikes({ store, signal, how, onPhase }: Looks) {
  signal.throwIfAborted();
  onPhase("looking");
  return await guarded(signal, async (alive): Promise<readonly LookAlike[]> => {
    const budget = how.budget === undefined ? {} : { budget: how.budget };
    return await store.lookAlikes?.(signal, { ...budget, onProgress: alive }) ?? [];
  });
}
