/** What a sweep does in a store that removes expired sessions itself: some may never expire. */
import type { Backend } from "../../backends/contract.ts";
import type { Budget } from "../../backends/pace.ts";
import { ImpossibleError } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";
import { close, connected, sessionsOf } from "../connection.ts";
import { guarded } from "../guard.ts";

const ENDLESS: Selection = [{ fact: "expiresAt", isNull: true }];

export interface LifetimesRequest {
  readonly signal: AbortSignal;
  /** Milliseconds to give to sessions that never expire; undefined to count them only. */
  readonly lifetime: number | undefined;
  readonly budget: Budget;
  readonly timeout: number | undefined;
  onFound(found: number, total?: number): void;
}

export interface LifetimesReport {
  /** How many sessions never expire, at the end. */
  readonly endless: number;
  /** How many were given a lifetime; 0 if that was not asked for. */
  readonly given: number;
}

/** @throws {AzuError} what the store throws, or if it does not know lifetimes. */
export async function sweepLifetimes(
  backend: Backend,
  { signal, lifetime, budget, timeout, onFound }: LifetimesRequest,
): Promise<LifetimesReport> {
  const store = await connected(backend, signal, timeout);
  try {
    const sessions = sessionsOf(store, backend, ENDLESS);
    const { giveLifetime } = store;
    if (giveLifetime === undefined) {
      throw new ImpossibleError(`The ${backend.name} backend cannot give sessions a lifetime`, {
        hint: "Its store has no method `giveLifetime`",
      });
    }
    const given = lifetime === undefined ? 0 : await guarded(signal, (alive) => {
      return giveLifetime.call(store, lifetime, { signal, budget, onProgress: alive });
    });
    const endless = await guarded(signal, (alive) =>
      sessions.count(signal, {
        budget,
        onProgress(found, total) {
          alive();
          onFound(found, total);
        },
      }));
    return { endless, given };
  } finally {
    await close(store, signal);
  }
}
