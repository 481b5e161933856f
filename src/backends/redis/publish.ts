/** Tells the app's nodes to drop what they keep in caches. */
import { explainRedisError } from "./errors.ts";
import type { RedisNode } from "./node.ts";
import type { RedisNodes } from "./nodes.ts";
import { type Master, members } from "./topology.ts";
import { nameOf, type NodeAddress } from "./url.ts";

/** Milliseconds for the nodes of a cluster that are no masters to say who listens at them. */
const OTHERS = 3000;

/**
 * Publishes a message. Any server passes it on to all of a cluster, but counts only who listens at
 * itself; so each is asked. Who listens at a replica that does not answer is not counted.
 * @returns how many heard it.
 */
export async function publish(
  nodes: RedisNodes,
  channel: string,
  message: string,
  signal: AbortSignal,
): Promise<number> {
  const at = async (address: NodeAddress, limit: AbortSignal) => {
    const node = await nodes.node(address, limit);
    const answer = await within(limit, node.connection.call("PUBLISH", channel, message));
    return { node, count: Number(answer) };
  };
  try {
    const { masters } = await nodes.topology(signal);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(OTHERS)]);
    const first = masters.map((master) => at(master, signal));
    const others = Promise.any(first)
      .then(({ node }) => othersThan(masters, node, nodes.endpoint.tls, limit))
      .catch(() => []); // then they are not counted
    const [heard, also] = await Promise.all([
      Promise.allSettled(first),
      others.then((found) => Promise.allSettled(found.map((other) => at(other, limit)))),
    ]);
    const failed = heard.find((answer) => answer.status === "rejected");
    const counts = [...heard, ...also].flatMap((answer) => {
      return answer.status === "fulfilled" ? answer.value.count : [];
    });
    if (counts.length === 0 && failed !== undefined) throw failed.reason;
    return counts.reduce((sum, count) => sum + count, 0);
  } catch (error) {
    signal.throwIfAborted();
    throw explainRedisError(error, nodes.endpoint);
  }
}

/** The nodes of a cluster that hold no keys of their own, as far as one of it knows them to be up. */
async function othersThan(
  masters: readonly Master[],
  asked: RedisNode,
  tls: boolean,
  signal: AbortSignal,
): Promise<readonly NodeAddress[]> {
  if (asked.mode !== "cluster") return [];
  const known = new Set(masters.flatMap((master) => [master.id, nameOf(master)]));
  return (await within(signal, members(asked)))
    .filter(({ id, address, isDown }) => !isDown && !known.has(id) && !known.has(nameOf(address)))
    .map(({ address, hostname }) => {
      // A certificate is mostly for the name.
      return tls && hostname !== "" ? { ...address, host: hostname } : address;
    });
}

/** @throws the signal's reason, where the answer does not come before. */
async function within<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([answer, over]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/**
 * What tells the session shard's clustered stores to drop all that they keep. The message is
 * theirs: `ClusterMessage` of the shard's `cluster.cr`. Nodes ignore what bears their own id.
 */
export function cacheClearMessage(now: Date): string {
  return JSON.stringify({
    type: "cache_clear",
    session_id: "",
    node_id: `azu-${crypto.randomUUID()}`,
    timestamp: now.toISOString().replace(/\.\d+Z$/, "Z"), // the shard parses whole seconds
  });
}
