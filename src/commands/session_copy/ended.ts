/**
 * Removes at the target what copies have put there and what has ended at the source since: by a
 * logout, a revocation or a clear. It reads the target, and asks the source for each session that
 * the ledger knows.
 */
import type { Backend, ReadOptions, Store } from "../../backends/contract.ts";
import { asAzuError } from "../../backends/custom.ts";
import { handleOf } from "../../backends/handle.ts";
import { Pace } from "../../backends/pace.ts";
import type { StoredSession } from "../../backends/stored.ts";
import { ImpossibleError } from "../../core/errors.ts";
import { briefly, guarded } from "../guard.ts";
import { homeOf } from "../homes.ts";
import { untoldError } from "../session_clear/nodes.ts";
import { Batches } from "./batches.ts";
import type { CopySource } from "./ends.ts";
import type { Ledger } from "./ledger.ts";
import { type CopyRequest, type EndedCounts, NOTHING_ENDED } from "./types.ts";

const PACE = { batch: 1000, first: 500, least: 50, maxLatency: 1000 } as const;

/** A source that lacks a larger share of the ledger may be incomplete. */
const MOST_LACKING = 1 / 2;

/**
 * The share of the ledger that may be of sessions which the source lacks. Beyond it, azu looks which
 * of them the target lacks too, and drops those.
 */
const MOST_KEPT = 1 / 4;

/** Where ended sessions are removed. */
interface EndedTarget {
  read(options: ReadOptions): Promise<void>;
  drop: NonNullable<Store["drop"]>;
}

/**
 * @returns undefined if one of the ends cannot do that, and nobody has asked for it.
 * @throws {ImpossibleError} if somebody has.
 */
export function endedSessions(
  { find }: CopySource,
  [store, backend]: readonly [Store, Backend],
  ledger: Ledger,
  request: CopyRequest,
): EndedSessions | undefined {
  const { read, drop } = store;
  if (find !== undefined && read !== undefined && drop !== undefined) {
    const target = {
      read: (options: ReadOptions) => read.call(store, options),
      drop: (...args: Parameters<typeof drop>) => drop.call(store, ...args),
    };
    return new EndedSessions(find, target, store, backend, ledger, request);
  }
  if (!request.removeEnded) return undefined;
  const problem = find === undefined
    ? "The source cannot tell what has ended in it"
    : `The ${backend.name} backend cannot remove single sessions`;
  throw new ImpossibleError(`${problem} (--remove-ended)`, {
    hint: "Nothing was copied: run the command without that option",
  });
}

export class EndedSessions {
  readonly #find: NonNullable<CopySource["find"]>;
  readonly #target: EndedTarget;
  readonly #store: Store;
  readonly #backend: Backend;
  readonly #ledger: Ledger;
  readonly #request: CopyRequest;
  #counts: { -readonly [Name in keyof EndedCounts]: number } = { ...NOTHING_ENDED };
  readonly #pace: Pace;
  /** Whether nothing is removed, because the source may be incomplete. */
  isRefused = false;

  constructor(
    find: NonNullable<CopySource["find"]>,
    target: EndedTarget,
    store: Store,
    backend: Backend,
    ledger: Ledger,
    request: CopyRequest,
  ) {
    this.#find = find;
    this.#target = target;
    this.#store = store;
    this.#backend = backend;
    this.#ledger = ledger;
    this.#request = request;
    this.#pace = new Pace(request.budget, PACE);
  }

  /** Checks the rights that a removal needs, and that no other table depends on the rows. */
  async examine(): Promise<void> {
    const { signal } = this.#request;
    await guarded(signal, async (alive) => {
      await this.#store.examine?.(signal, { onProgress: alive });
    });
  }

  /** Counts them. */
  async look(): Promise<void> {
    const isIncomplete = this.#ledger.lacking > MOST_LACKING;
    await this.#pass(() => Promise.resolve());
    const { found, known } = this.#counts;
    this.isRefused = isIncomplete && !this.#request.removeMost && found > known / 2;
  }

  /** After a complete copy. */
  async end(): Promise<void> {
    const { lacking } = this.#ledger;
    if (this.#request.removeEnded) await this.#removeAll();
    else if (lacking > MOST_KEPT) await this.look();
    else return;
    await this.#ledger.dropOthers();
  }

  async #removeAll(): Promise<void> {
    if (!this.#request.removeMost && this.#ledger.lacking > MOST_LACKING) await this.look();
    if (this.isRefused) return;
    this.#counts = { ...NOTHING_ENDED };
    try {
      await this.#pass((ended) => this.#remove(ended));
    } catch (error) {
      await this.#tellNodes().catch(() => {}); // the first error is the one to report
      throw error;
    }
    await this.#tellNodes();
  }

  get counts(): EndedCounts {
    return { ...this.#counts };
  }

  /** @param work Receives sessions that have ended. */
  async #pass(work: (ended: readonly StoredSession[]) => Promise<void>): Promise<void> {
    const { signal, budget, onSlow } = this.#request;
    this.#request.onPhase("ending");
    let seen = 0;
    let total: number | undefined;
    await guarded(signal, async (alive) => {
      const batches = new Batches(() => this.#pace.batch, async (sessions) => {
        signal.throwIfAborted();
        const began = performance.now();
        const ended = await this.#endedAmong(sessions);
        if (ended.length > 0) await work(ended);
        alive();
        seen += sessions.length;
        this.#request.onEnded(this.counts, seen, total);
        await this.#pace.after(performance.now() - began, signal);
      });
      try {
        await this.#target.read({
          signal,
          budget,
          onStored: (sessions) => batches.add(sessions),
          onFailed() {}, // no copy has put it there
          onProgress(_, estimate) {
            alive();
            total = estimate ?? total;
          },
          onSlow,
        });
        await batches.end();
      } finally {
        await batches.settled();
      }
    });
  }

  /** Those of the target's sessions that have ended, and that an app has not written there since. */
  async #endedAmong(sessions: readonly StoredSession[]): Promise<readonly StoredSession[]> {
    const now = this.#request.now().getTime();
    const known = sessions.filter(({ id, expiresAt }) => {
      return (expiresAt === null || expiresAt > now) &&
        this.#ledger.knows(this.#ledger.numberOf(id));
    });
    if (known.length === 0) return [];
    this.#counts.known += known.length;
    const there = await this.#find(known.map(({ id }) => id), this.#request.signal);
    const ended = known.filter((session, index) => {
      if (there[index] !== undefined) return false;
      const { storedIn } = session;
      const isUnreadable = storedIn === undefined;
      if (!isUnreadable && homeOf(storedIn, this.#request.homes) === this.#backend.name) {
        return false;
      }
      // The next copy needs to know it, unless it is removed.
      this.#ledger.keep(this.#ledger.numberOf(session.id));
      if (isUnreadable) this.#counts.unreadable++;
      return !isUnreadable;
    });
    this.#counts.found += ended.length;
    return ended;
  }

  async #remove(ended: readonly StoredSession[]): Promise<void> {
    this.#counts.inDoubt = ended.length;
    const dropped = await this.#target.drop(ended, this.#request.signal);
    this.#counts.inDoubt = 0;
    for (const [index, { id }] of ended.entries()) {
      const answer = dropped[index] ?? "other";
      if (answer === "done") {
        this.#counts.removed++;
        this.#ledger.forget(this.#ledger.numberOf(id));
      } else if (answer !== "other") {
        this.#counts.failed++;
        const reason = `it has ended at the source, and cannot be removed: ${answer.failed}`;
        this.#request.onFailed({ handle: handleOf(id), reason });
      }
    }
  }

  /** The nodes of an app that uses the target may have cached what is removed. */
  async #tellNodes(): Promise<void> {
    const { signal, now } = this.#request;
    const { removed, inDoubt } = this.#counts;
    if (this.#store.dropCaches === undefined || removed + inDoubt === 0) return;
    try {
      await briefly(signal, async (late) => await this.#store.dropCaches?.(late, now()));
    } catch (error) {
      const words = { done: "removed", noneLeft: "Nothing is left to remove" };
      throw untoldError(this.#backend, removed, words, asAzuError(error, this.#backend));
    }
  }
}
