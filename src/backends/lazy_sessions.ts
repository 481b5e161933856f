import type { Sessions } from "./contract.ts";

/**
 * The sessions of a selection, whose code is loaded when it is used: it would slow down the start
 * of a clear of all sessions.
 * @param load Called once.
 */
export function lazySessions<S extends Sessions>(load: () => Promise<S>) {
  let loading: Promise<S> | undefined;
  const sessions = () => loading ??= load();
  return {
    async count(...args: Parameters<Sessions["count"]>) {
      return await (await sessions()).count(...args);
    },
    async clear(...args: Parameters<Sessions["clear"]>) {
      return await (await sessions()).clear(...args);
    },
    async list(...args: Parameters<NonNullable<Sessions["list"]>>) {
      await (await sessions()).list?.(...args);
    },
    async read(...args: Parameters<NonNullable<Sessions["read"]>>) {
      await (await sessions()).read?.(...args);
    },
  } satisfies Sessions;
}
