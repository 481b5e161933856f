/** Reads sessions: what is known of each, or all that is stored. */
import type { Buffer } from "node:buffer";
import { within } from "../../../core/within.ts";
import type { ListOptions, LookOptions, ReadOptions } from "../../contract.ts";
import { foundElsewhere, look } from "../look.ts";
import type { RedisNode } from "../node.ts";
import type { RedisNodes } from "../nodes.ts";
import { SeenKeys } from "../seen_keys.ts";
import type { Read, SelectedKeys } from "./selected.ts";
import type { KeySpace } from "../walk.ts";

export async function listSelected(
  nodes: RedisNodes,
  keys: KeySpace,
  selected: SelectedKeys,
  options: ListOptions,
): Promise<void> {
  await readSelected(nodes, keys, selected, options, {
    read: (node, batch) => selected.describe(node, batch, options.tellsHome),
    give: (sessions) => options.onSessions(sessions),
  });
}

export async function readStored(
  nodes: RedisNodes,
  keys: KeySpace,
  selected: SelectedKeys,
  options: ReadOptions,
): Promise<void> {
  await readSelected(nodes, keys, selected, options, {
    read: (node, batch) => selected.readStored(node, batch, options.onFailed),
    give: (sessions) => options.onStored(sessions),
  });
}

interface Reading<Session> {
  read(node: RedisNode, keys: readonly Buffer[]): Promise<Read<Session>>;
  give(sessions: readonly Session[]): void | Promise<void>;
}

/** Gives each session that is meant to the caller, once, even if passes fail and are repeated. */
async function readSelected<Session>(
  nodes: RedisNodes,
  keys: KeySpace,
  selected: SelectedKeys,
  options: LookOptions & { readonly signal: AbortSignal },
  reading: Reading<Session>,
): Promise<void> {
  using given = new SeenKeys();
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  let found = 0;
  let turn = Promise.resolve();
  // One batch at a time, although several servers and batches are read at the same time.
  const give = async (sessions: readonly Session[]) => {
    if (sessions.length === 0) return;
    const before = turn;
    turn = (async () => {
      await before;
      signal.throwIfAborted();
      await within(Promise.resolve(reading.give(sessions)), { signal });
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
      const { sessions, moved } = await reading.read(node, batch);
      const fresh = sessions.filter(({ key }) => !given.add(key, keys.prefix.length));
      found += fresh.length;
      await give(fresh.map(({ session }) => session)).catch((error: unknown) => {
        failed.abort(error); // a failure of the caller, for which Redis need not be asked again
        throw error;
      });
      return moved ? "moved" : "read";
    },
    refusesStrays: true,
  });
  selected.report(options);
}
