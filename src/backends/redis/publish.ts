/** Tells the app's nodes to drop their cached sessions. */
import { within } from "../../core/within.ts";
import { explainRedisError } from "./errors.ts";
import type { RedisNode } from "./node.ts";
import type { RedisNodes } from "./nodes.ts";
import { type Master, members } from "./topology.ts";
import { nameOf, type NodeAddress } from "./url.ts";

/** Milliseconds for the replicas of a cluster to answer. */
const REPLICA_TIMEOUT = 3000;

/**
 * Publishes a message. Every node of a cluster passes it on to all others, but counts only its own
 * listeners, so each node is asked. Listeners of a replica that does not answer are not counted.
 * @returns how many listeners received it.
 * @throws {AzuError} if a master does not answer: its listeners may not have received it.
 */
export async function publish(
  nodes: RedisNodes,
  channel: string,
  message: string,
  signal: AbortSignal,
): Promise<number> {
  const at = async (address: NodeAddress, limit: AbortSignal) => {
    const node = await nodes.node(address, limit);
    const answer = await within(node.connection.call("PUBLISH", channel, message), {
      signal: limit,
    });
    return { node, count: Number(answer) };
  };
  try {
    const { masters } = await nodes.topology(signal);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(REPLICA_TIMEOUT)]);
    const first = masters.map((master) => at(master, signal));
    const others = Promise.any(first)
      .then(({ node }) => replicasOf(masters, node, nodes.endpoint.tls, limit))
      .catch(() => []); // then their listeners are not counted
    const [heard, also] = await Promise.all([
      Promise.allSettled(first),
      others.then((found) => Promise.allSettled(found.map((other) => at(other, limit)))),
    ]);
    const failed = heard.find((answer) => answer.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    const counts = [...heard, ...also].map((answer) => {
      return answer.status === "fulfilled" ? answer.value.count : 0;
    });
    return counts.reduce((sum, count) => sum + count, 0);
  } catch (error) {
    signal.throwIfAborted();
    throw explainRedisError(error, nodes.endpoint);
  }
}

/** The nodes of a cluster that have no slots, without those that are known to be down. */
async function replicasOf(
  masters: readonly Master[],
  asked: RedisNode,
  tls: boolean,
  signal: AbortSignal,
): Promise<readonly NodeAddress[]> {
  if (asked.mode !== "cluster") return [];
  const known = new Set(masters.flatMap((master) => [master.id, nameOf(master)]));
  return (await within(members(asked), { signal }))
    .filter(({ id, address, isDown }) => !isDown && !known.has(id) && !known.has(nameOf(address)))
    .map(({ address, hostname }) => {
      // A certificate is usually for the host name.
      return tls && hostname !== "" ? { ...address, host: hostname } : address;
    });
}

/**
 * The message that makes the session shard's clustered stores drop their caches: `ClusterMessage`
 * in the shard's `cluster.cr`. A node ignores messages with its own id.
 */
export function cacheClearMessage(now: Date): string {
  return JSON.stringify({
    type: "cache_clear",
    session_id: "",
    node_id: `azu-${crypto.randomUUID()}`,
    timestamp: now.toISOString().replace(/\.\d+Z$/, "Z"), // the shard parses whole seconds
  });
}
