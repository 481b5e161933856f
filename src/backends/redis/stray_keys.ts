/**
 * Keys on a node of a cluster that does not hold their slots, because a migration was broken off or
 * a node has lost its slots. Every node redirects clients elsewhere, so nobody can read them.
 */
import type { Buffer } from "node:buffer";
import calculateSlot from "cluster-key-slot";
import { OperationError } from "../../core/errors.ts";
import { ErrorReply } from "./connection.ts";
import type { RedisNodes } from "./nodes.ts";
import { hasEmptyTag } from "./slots.ts";
import { members } from "./topology.ts";
import { nameOf, type NodeAddress } from "./url.ts";
import { type KeySpace, scan } from "./walk.ts";

/** How many stray keys a node has, by its name. */
export type Strays = Map<string, number>;

/** Separates the keys whose slots a node holds from stray ones. */
export function ownKeys(
  keys: readonly Buffer[],
  slots: ReadonlySet<number>,
): readonly Buffer[] {
  return keys.filter((key) => hasEmptyTag(key) || slots.has(calculateSlot(key)));
}

/** Adds the keys of masters without slots, which a walk over the masters of slots does not see. */
export async function addIdleMasters(
  nodes: RedisNodes,
  masters: readonly NodeAddress[],
  keys: KeySpace,
  strays: Strays,
  signal: AbortSignal,
): Promise<void> {
  const [first] = masters;
  if (first === undefined) return;
  const asked = await nodes.node(first, signal);
  if (asked.mode !== "cluster") return;
  for (const { address, isMaster, isDown, slots } of await members(asked)) {
    if (!isMaster || isDown || slots !== "") continue;
    const count = await keysOn(nodes, address, keys, signal);
    if (count > 0) strays.set(nameOf(address), count);
  }
}

async function keysOn(
  nodes: RedisNodes,
  address: NodeAddress,
  keys: KeySpace,
  signal: AbortSignal,
): Promise<number> {
  try {
    const node = await nodes.node(address, signal);
    let count = 0;
    for (let cursor = ""; cursor !== "0";) {
      signal.throwIfAborted();
      const reply = await scan(node, cursor || "0", keys, 1000);
      count += reply.keys.length;
      cursor = reply.cursor;
    }
    return count;
  } catch (error) {
    if (error instanceof ErrorReply) throw error;
    signal.throwIfAborted();
    return 0; // it does not answer, so nothing is known of its keys
  }
}

/** @throws {OperationError} if there are stray keys. */
export function checkStrays(strays: Strays, address: string): void {
  if (strays.size === 0) return;
  const where = [...strays].map(([name, count]) => `${count} on ${name}`).join(", ");
  throw new OperationError(
    `Some keys under the prefix lie on nodes that do not hold their slots, so no client can read ` +
      `or remove them: ${where} (${address})`,
    {
      hint: "They come back if the node gets those slots. FLUSHALL removes them from a node " +
        "without slots; on another, set each slot to IMPORTING (CLUSTER SETSLOT), then UNLINK " +
        "after ASKING",
    },
  );
}
