/** Checks that all servers in a URL are nodes of one cluster. */
import { AzuError, UsageError } from "../../core/errors.ts";
import { ErrorReply, ProtocolError } from "./connection.ts";
import type { RedisNode } from "./node.ts";
import type { RedisNodes } from "./nodes.ts";
import { isBusy } from "./retry.ts";
import { type Member, members } from "./topology.ts";
import { nameOf } from "./url.ts";

/**
 * A server outside the cluster may hold sessions too, which a clear would miss. A server that is
 * down is accepted: it may be a node.
 * @param node A node of the cluster.
 * @throws {UsageError} if a server answers that is not a node of the cluster.
 */
export async function checkSeeds(
  nodes: RedisNodes,
  node: RedisNode,
  signal: AbortSignal,
): Promise<void> {
  const { endpoint } = nodes;
  if (endpoint.nodes.length === 1) return;
  const known = await members(node);
  const named = new Map(endpoint.nodes.map((address) => [nameOf(address), address]));
  const seeds = await Promise.allSettled(
    [...named].map(async ([name, address]) => {
      // It has just failed: do not wait for it again.
      if (nodes.passedOver.has(name)) throw nodes.passedOver.get(name);
      return await nodes.node(address, signal);
    }),
  );
  signal.throwIfAborted();
  for (const seed of seeds) {
    if (seed.status === "rejected") {
      if (hasAnswered(seed.reason)) throw seed.reason;
    } else if (!await isMember(seed.value, known)) {
      const one = nameOf(seed.value.address);
      const other = nameOf(node.address);
      throw new UsageError(
        `The URL names several servers, but ${one} is not a node of the cluster of ${other} ` +
          `(${endpoint.address})`,
        { hint: "Name only nodes of one cluster; clear other servers with a separate command" },
      );
    }
  }
}

/** @param known The members that a node of the cluster knows. */
async function isMember(seed: RedisNode, known: readonly Member[]): Promise<boolean> {
  if (seed.mode !== "cluster") return false;
  const self = known.find(({ isSelf }) => isSelf)?.id;
  try {
    // A node that just joined may not be known to every node yet.
    return (await members(seed)).some(({ id, isSelf }) =>
      id === self || (isSelf && known.some((member) => member.id === id))
    );
  } catch (error) {
    if (isBusy(error) && known.some(({ address }) => nameOf(address) === nameOf(seed.address))) {
      return true;
    }
    throw error;
  }
}

/** Whether a server answered, but refused us or is not Redis. */
function hasAnswered(error: unknown): boolean {
  const cause = error instanceof AzuError ? error.cause : error;
  return cause === undefined || cause instanceof ErrorReply || cause instanceof ProtocolError;
}
