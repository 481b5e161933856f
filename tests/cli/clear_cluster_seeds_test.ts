/** The nodes of a Redis Cluster that a URL names: what they are, and what becomes of them. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { spawnAzu } from "../support/cli.ts";
import { needs } from "../support/env.ts";
import { pollUntil } from "../support/poll.ts";
import { startCluster } from "../support/redis_cluster.ts";
import { tempDir } from "../support/temp.ts";

const redisNeeded = needs("redis-server");
const CLEAR = ["session:clear", "--force", "--json"];

const sessions = (count: number) => Array.from({ length: count }, (_, index) => `session:${index}`);

Deno.test("cluster: a replica that is named takes over meanwhile", redisNeeded, async () => {
  await using cluster = await startCluster();
  await cluster.put(sessions(6000));
  const [master] = cluster.masters;
  const [replica] = cluster.replicas;
  if (master === undefined || replica === undefined) throw new Error("no cluster");
  const before = await master.client.dbsize();
  await using app = await tempDir();
  await using azu = await spawnAzu([...CLEAR, "--batch", "50", "--pause", "100ms"], {
    ...{ cwd: app.path, env: { REDIS_URL: replica.server.url }, timeoutMs: 100_000 },
  });
  await pollUntil("the first to go", async () => await master.client.dbsize() !== before);
  Deno.kill(master.server.pid, "SIGKILL");
  const result = await azu.finished();
  const { outcome, cleared, remaining } = JSON.parse(result.stdout);
  deepStrictEqual([result.code, outcome, remaining], [0, "cleared", 0], result.stderr);
  strictEqual(cleared, 6000);
  deepStrictEqual(await cluster.keys(), []);
});
