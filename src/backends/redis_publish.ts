import type { Redis } from "ioredis";

/**
 * Tells the session shard's clustered stores to drop all that they keep. The message is theirs:
 * `ClusterMessage` of the shard's `cluster.cr`. Nodes ignore what bears their own id.
 * @returns how many subscribers of the server heard it.
 */
export async function publishCacheClear(redis: Redis, channel: string, now: Date): Promise<number> {
  return await redis.publish(
    channel,
    JSON.stringify({
      type: "cache_clear",
      session_id: "",
      node_id: `azu-${crypto.randomUUID()}`,
      timestamp: now.toISOString().replace(/\.\d+Z$/, "Z"), // the shard parses whole seconds
    }),
  );
}
