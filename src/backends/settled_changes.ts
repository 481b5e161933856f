/** What became of changes whose answer was lost, or that a store has undone. */
import type { Change, Dropped, Saved, Store } from "./contract.ts";
import { isSameSession } from "./same_session.ts";
import type { StoredSession } from "./stored.ts";

/** The removal of a session. */
export interface Removal {
  readonly session: undefined;
  readonly found: StoredSession;
}

/** A session to write or to remove. */
export type Step = Change | Removal;

export function idOf({ session, found }: Step): string {
  return session === undefined ? found.id : session.id;
}

/** The bytes of the payloads that a step sends. */
export function sizeOf({ session, found }: Step): number {
  return (session?.payload.length ?? 0) + (found?.payload.length ?? 0);
}

/** No removal is refused because of an expiry. */
export function droppedOf(saved: Saved): Dropped {
  return saved === "expired" ? "other" : saved;
}

/** Changes, and what became of those of which it is known. */
export class SettledChanges {
  readonly #all: readonly Step[];
  readonly #saved = new Map<Step, Saved>();

  constructor(changes: readonly Step[]) {
    this.#all = changes;
  }

  /** The changes of which nothing is known. */
  get pending(): readonly Step[] {
    return this.#all.filter((change) => this.isPending(change));
  }

  isPending(change: Step): boolean {
    return !this.#saved.has(change);
  }

  /** What became of each. All must be known. */
  get all(): readonly Saved[] {
    return this.#all.map((change) => this.#saved.get(change) ?? "other");
  }

  settle(change: Step, saved: Saved): void {
    this.#saved.set(change, saved);
  }

  /**
   * Reads what became of some changes. Those that the store has not made stay pending.
   * @param mayBeDone Whether the store may have made them.
   */
  async read(
    changes: readonly Step[],
    find: NonNullable<Store["find"]>,
    signal: AbortSignal,
    mayBeDone: boolean,
  ): Promise<void> {
    const there = await find(changes.map(idOf), signal);
    for (const [index, change] of changes.entries()) {
      const { session, found } = change;
      const now = there[index];
      if (mayBeDone && isSame(now, session)) this.settle(change, "done");
      else if (!isSame(now, found)) this.settle(change, "other");
    }
  }
}

function isSame(one: StoredSession | undefined, other: StoredSession | undefined): boolean {
  return one === undefined || other === undefined ? one === other : isSameSession(one, other);
}
