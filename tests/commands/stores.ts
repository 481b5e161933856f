/** Backends as a config can bring them, that answer as a test wants. */
import type { Backend, Store } from "../../src/backends/contract.ts";
import type { ClearRequest } from "../../src/commands/session_clear/types.ts";
import { CLEAR } from "../../src/commands/session_clear/words.ts";

/** A backend whose store does nothing but what is said. */
export function backendOf(store: Partial<Store>): Backend {
  return {
    name: "acme",
    capabilities: { clear: true, createTable: false, replicas: true },
    describe: () => ({}),
    connect: () =>
      Promise.resolve({
        count: () => Promise.resolve(0),
        clear: () => Promise.resolve(0),
        [Symbol.asyncDispose]: () => Promise.resolve(),
        ...store,
      }),
  };
}

/** A clear as the command line asks for it where nobody says anything. */
export function requestOf(signal: AbortSignal, more: Partial<ClearRequest> = {}): ClearRequest {
  return {
    ...{
      signal,
      selection: [],
      words: CLEAR,
      preview: 0,
      dryRun: false,
      anything: false,
      budget: {},
      truncate: false,
      replicas: 0,
      timeout: undefined,
    },
    ...{ broadcast: true, now: () => new Date() },
    ...more,
  };
}

/** What never comes. */
export const never = () => new Promise<never>(() => {});
