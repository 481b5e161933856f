/** Gives keys that never expire a lifetime. */
import type { Buffer } from "node:buffer";
import type { ExpiryOptions } from "../../contract.ts";
import { ErrorReply, ProtocolError } from "../connection.ts";
import { unlessMoved } from "./facts.ts";
import { look } from "../look.ts";
import type { RedisNode } from "../node.ts";
import type { RedisNodes } from "../nodes.ts";
import type { SelectedKeys } from "./selected.ts";
import { allEnded, type KeySpace } from "../walk.ts";

/**
 * @param endless Selects the keys that never expire.
 * @param lifetime Milliseconds.
 * @returns how many keys have been given one.
 */
export async function giveLifetime(
  nodes: RedisNodes,
  keys: KeySpace,
  endless: SelectedKeys,
  lifetime: number,
  { signal, ...options }: ExpiryOptions,
): Promise<number> {
  let given = 0;
  await look(nodes, {
    keys,
    signal,
    options,
    found: () => given,
    begin: () => endless.begin(),
    async see(node, batch) {
      const { meant, moved } = await endless.among(node, batch);
      const replies = await allEnded(meant.map(async (key) => {
        const reply = await expire(node, key, lifetime);
        if (reply === 1) given++;
        return reply;
      }));
      if (moved || replies.includes(undefined)) return "moved";
      return meant.length > 0 ? "done" : "read";
    },
    refusesStrays: true,
  });
  return given;
}

/** @returns 1 if it was set, 0 if the key expires already, undefined if it is on another node. */
async function expire(
  node: RedisNode,
  key: Buffer,
  lifetime: number,
): Promise<number | undefined> {
  const { connection } = node;
  const set = connection.call("PEXPIRE", key, lifetime, "NX").catch((error: unknown) => {
    // Servers before Redis 7 have no NX. The key has been read a moment ago.
    const isOld = error instanceof ErrorReply && /wrong number of arguments/.test(error.message);
    if (!isOld) throw error;
    return connection.call("PEXPIRE", key, lifetime);
  });
  const reply = await unlessMoved(set, node);
  if (reply === undefined || reply === 0 || reply === 1) return reply;
  throw new ProtocolError("the reply to PEXPIRE is neither 0 nor 1");
}
