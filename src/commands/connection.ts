/** The store of a command: opened and closed within time limits. */
import type { Backend, Sessions, Store } from "../backends/contract.ts";
import { ImpossibleError } from "../core/errors.ts";
import type { Selection } from "../core/selection.ts";
import { briefly, guarded } from "./guard.ts";

/** @param timeout Milliseconds to connect to one server; undefined for the default. */
export async function connected(
  backend: Backend,
  signal: AbortSignal,
  timeout: number | undefined,
): Promise<Store> {
  const options = timeout === undefined ? {} : { timeout };
  return await guarded(signal, () => backend.connect(signal, options));
}

/** Closes the store. If it does not close in time, it is abandoned: the work is done. */
export async function close(store: Store, signal: AbortSignal): Promise<void> {
  await briefly(signal, async () => await store[Symbol.asyncDispose]()).catch(() => {});
}

/**
 * The sessions of a selection; without conditions, all.
 * @throws {ImpossibleError} if the store cannot select sessions.
 */
export function sessionsOf(store: Store, backend: Backend, selection: Selection): Sessions {
  if (selection.length === 0) return store;
  const sessions = store.only?.(selection);
  if (sessions !== undefined) return sessions;
  throw new ImpossibleError(`The ${backend.name} backend cannot select sessions`, {
    hint: "Its store has no method `only`",
  });
}
