/** Gives keys that never expire a lifetime, and counts them. */
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
  { signal, budget, onProgress }: ExpiryOptions,
): Promise<number> {
  let given = 0;
  /** Keys whose PEXPIRE got no reply. */
  const inDoubt = new Set<string>();
  const give = async (node: RedisNode, key: Buffer): Promise<"given" | "moved"> => {
    const name = key.toString("latin1");
    const wasInDoubt = inDoubt.has(name);
    inDoubt.add(name);
    try {
      const reply = await expire(node, key, lifetime);
      inDoubt.delete(name);
      // 0: it expires already. If it was in doubt, a request before this one was late.
      if (reply === 1 || (reply === 0 && wasInDoubt)) given++;
      return reply === undefined ? "moved" : "given";
    } catch (error) {
      if (error instanceof ErrorReply && !wasInDoubt) inDoubt.delete(name);
      throw error;
    }
  };
  await look(nodes, {
    keys,
    signal,
    options: {
      ...(budget === undefined ? {} : { budget }),
      onProgress: (_, total) => onProgress?.(given, total, inDoubt.size),
    },
    found: () => given,
    soFar: () => {
      if (inDoubt.size === 0) return undefined;
      return `up to ${inDoubt.size} more session(s) may have been given a lifetime`;
    },
    begin: () => endless.begin(),
    async see(node, batch) {
      const { meant, moved } = await endless.among(node, batch);
      const replies = await allEnded(meant.map((key) => give(node, key)))
        .finally(() => onProgress?.(given, undefined, inDoubt.size));
      if (moved || replies.includes("moved")) return "moved";
      return meant.length > 0 ? "done" : "read";
    },
    refusesStrays: true,
  });
  // A complete pass has read these keys again, and they expire now.
  given += inDoubt.size;
  onProgress?.(given);
  return given;
}

/** @returns 1 if it was set, 0 if the key expires already, undefined if it is on another node. */
async function expire(
  node: RedisNode,
  key: Buffer,
  lifetime: number,
): Promise<0 | 1 | undefined> {
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
