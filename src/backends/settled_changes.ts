/** What became of changes whose answer was lost, or that a store has undone. */
import type { Change, Saved, Store } from "./contract.ts";
import { isSameSession } from "./same_session.ts";

/** Changes, and what became of those of which it is known. */
export class SettledChanges {
  readonly #all: readonly Change[];
  readonly #saved = new Map<Change, Saved>();

  constructor(changes: readonly Change[]) {
    this.#all = changes;
  }

  /** The changes of which nothing is known. */
  get pending(): readonly Change[] {
    return this.#all.filter((change) => this.isPending(change));
  }

  isPending(change: Change): boolean {
    return !this.#saved.has(change);
  }

  /** What became of each. All must be known. */
  get all(): readonly Saved[] {
    return this.#all.map((change) => this.#saved.get(change) ?? "other");
  }

  settle(change: Change, saved: Saved): void {
    this.#saved.set(change, saved);
  }

  /**
   * Reads what became of some changes. Those that the store has not made stay pending.
   * @param mayBeDone Whether the store may have made them.
   */
  async read(
    changes: readonly Change[],
    find: NonNullable<Store["find"]>,
    signal: AbortSignal,
    mayBeDone: boolean,
  ): Promise<void> {
    const there = await find(changes.map(({ session }) => session.id), signal);
    for (const [index, change] of changes.entries()) {
      const { session, found } = change;
      const now = there[index];
      if (mayBeDone && now !== undefined && isSameSession(now, session)) {
        this.settle(change, "done");
        continue;
      }
      const isAsFound = now === undefined || found === undefined
        ? now === found
        : isSameSession(now, found);
      if (!isAsFound) this.settle(change, "other");
    }
  }
}
