/** The servers in the URL of a Redis Cluster. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runAzu, spawnAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { pollUntil } from "../../../support/poll.ts";
import { observer, release, startCluster } from "../../../support/servers/redis_cluster.ts";
import { startRedis } from "../../../support/servers/redis.ts";
import { freePort } from "../../../support/servers/server.ts";
import { tempDir } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");
const CLEAR = ["session:clear", "--force", "--json"];

const sessions = (count: number) => Array.from({ length: count }, (_, index) => `session:${index}`);

Deno.test("cluster: the replica in the URL takes over during a clear", redisNeeded, async () => {
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

async function clear(servers: readonly { readonly port: number }[], args = CLEAR) {
  await using app = await tempDir();
  const url = `redis://${servers.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  return await runAzu(args, { cwd: app.path, env: { REDIS_URL: url }, timeoutMs: 100_000 });
}

Deno.test("cluster: a standalone server in the URL is refused", redisNeeded, async () => {
  await using cluster = await startCluster({ replicas: false });
  await using other = await startRedis();
  const client = observer(other.url);
  await client.set("session:1", "x");
  const [first, second, third] = cluster.masters.map(({ server }) => server);
  if (first === undefined || second === undefined || third === undefined) throw new Error("few");
  for (const args of [CLEAR, ["session:clear", "--dry-run", "--json"]]) {
    const result = await clear([first, other], args);
    strictEqual(result.code, 2, result.stderr);
    match(
      result.stderr,
      new RegExp(`^error: .*:${other.port} is not a node of the cluster of 127.0.0.1:`),
    );
  }
  const all = await clear([first, { port: freePort() }, third, second]);
  strictEqual(all.code, 0, all.stderr);
  strictEqual(await client.dbsize(), 1);
  await client.config("SET", "requirepass", "hunter2");
  for (const servers of [[first, other], [other, first]]) {
    const locked = await clear(servers);
    strictEqual(locked.code, 1, locked.stderr);
    match(locked.stderr, new RegExp(`^error: Redis requires a password.* at .*:${other.port} `));
  }
  release(client);
});

Deno.test("cluster: a node of another cluster in the URL is refused", redisNeeded, async () => {
  await using cluster = await startCluster({ replicas: false });
  await using other = await startRedis({ args: ["--cluster-enabled", "yes"] });
  const client = observer(other.url);
  await client.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383);
  release(client);
  const [first] = cluster.masters.map(({ server }) => server);
  if (first === undefined) throw new Error("no cluster");
  for (const servers of [[first, other], [other, first]]) {
    const result = await clear(servers);
    strictEqual(result.code, 2, result.stderr);
    match(
      result.stderr,
      /^error: The URL names several servers, but 127\.0\.0\.1:\d+ is not a node/,
    );
  }
});
