/** Lists sessions: what is known of each. */
import { within } from "../../../core/within.ts";
import type { ListOptions, SessionInfo } from "../../contract.ts";
import { foundElsewhere, look } from "../look.ts";
import type { RedisNodes } from "../nodes.ts";
import { SeenKeys } from "../seen_keys.ts";
import type { SelectedKeys } from "./selected.ts";
import type { KeySpace } from "../walk.ts";

/** Gives each session that is meant to the caller, once, even if passes fail and are repeated. */
export async function listSelected(
  nodes: RedisNodes,
  keys: KeySpace,
  selected: SelectedKeys,
  options: ListOptions,
): Promise<void> {
  const given = new SeenKeys();
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  let found = 0;
  let turn = Promise.resolve();
  // One batch at a time, although several servers and batches are read at the same time.
  const give = async (sessions: readonly SessionInfo[]) => {
    if (sessions.length === 0) return;
    const before = turn;
    turn = (async () => {
      await before;
      signal.throwIfAborted();
      await within(Promise.resolve(options.onSessions(sessions)), { signal });
    })();
    await turn;
  };
  await look(nodes, {
    keys,
    signal,
    options,
    found: () => found,
    soFar: () => foundElsewhere(found),
    begin: () => selected.begin(),
    async see(node, batch) {
      const { sessions, moved } = await selected.describe(node, batch);
      const fresh = sessions.filter(({ key }) => !given.add(key, keys.prefix.length));
      found += fresh.length;
      await give(fresh.map(({ info }) => info)).catch((error: unknown) => {
        failed.abort(error); // a failure of the caller, for which Redis need not be asked again
        throw error;
      });
      return moved ? "moved" : "read";
    },
    refusesStrays: true,
  });
  selected.report(options);
}
