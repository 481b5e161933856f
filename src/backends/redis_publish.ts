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
