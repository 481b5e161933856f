/** Telling app nodes that listen at the replicas of a Redis Cluster. */
import { match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { observer, release, startCluster } from "../../../support/servers/redis_cluster.ts";
import { tempDir, writeTree } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");

Deno.test(
  "cluster: app nodes that listen at a replica are told and counted",
  redisNeeded,
  async () => {
    await using cluster = await startCluster();
    await using app = await tempDir();
    await writeTree(app.path, {
      "azu.config.ts": `export default { session: { backends: { redis: { cluster: true } } } };`,
    });
    const clear = () => {
      return runAzu(["session:clear", "--force"], {
        cwd: app.path,
        env: { REDIS_URL: cluster.url },
      });
    };
    const [first, stopped] = cluster.replicas;
    const node = observer(first?.server.url ?? "");
    await node.subscribe("session:cluster:invalidate");
    const result = await clear();
    match(result.stdout, /Told 1 app node\(s\) to drop their cached sessions/, result.stderr);
    strictEqual(result.code, 0);
    if (stopped === undefined) throw new Error("no replica");
    Deno.kill(stopped.server.pid, "SIGSTOP"); // the cluster has not noticed yet
    const without = await clear();
    Deno.kill(stopped.server.pid, "SIGCONT");
    match(without.stdout, /Told 1 app node\(s\) to drop their cached sessions/, without.stderr);
    strictEqual(without.code, 0);
    release(node);
  },
);
