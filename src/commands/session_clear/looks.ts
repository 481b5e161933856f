/** Reads a store without changing it. */
import type { LookAlike, LookOptions, Store } from "../../backends/contract.ts";
import type { Budget } from "../../backends/pace.ts";
import type { ClearPhase } from "./types.ts";
import { guarded } from "../guard.ts";

/** What to read, how hard to work, and who to tell. */
export interface Looks {
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly how: { readonly budget?: Budget };
  onPhase(phase: ClearPhase): void;
  onFound: LookOptions["onProgress"];
}

export async function counted({ store, signal, how, onPhase, onFound }: Looks): Promise<number> {
  signal.throwIfAborted();
  onPhase("counting");
  return await guarded(signal, (alive) => {
    return store.count(signal, {
      ...(how.budget === undefined ? {} : { budget: how.budget }),
      onProgress(found, total) {
        alive();
        onFound?.(found, total);
      },
    });
  });
}

export async function lookAlikes({ store, signal, how, onPhase }: Looks) {
  signal.throwIfAborted();
  onPhase("looking");
  return await guarded(signal, async (alive): Promise<readonly LookAlike[]> => {
    const budget = how.budget === undefined ? {} : { budget: how.budget };
    return await store.lookAlikes?.(signal, { ...budget, onProgress: alive }) ?? [];
  });
}
