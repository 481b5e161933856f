/** Clearing a real Redis Cluster: three masters and their replicas, also while they change. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu, spawnAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { pollUntil } from "../../../support/poll.ts";
import {
  type ClusterNode,
  cutReplication,
  observer,
  type RedisCluster,
  release,
  startCluster,
} from "../../../support/servers/redis_cluster.ts";
import { startRedis } from "../../../support/servers/redis.ts";
import { freePort } from "../../../support/servers/server.ts";
import { tempDir, writeTree } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");
const CLEAR = ["session:clear", "--force", "--json"];
const SESSIONS = 100_000;

function* named(prefix: string, count: number): Generator<string> {
  for (let index = 0; index < count; index++) yield `${prefix}${index}`;
}

/** Keys with other prefixes, some of which resemble ours. */
const NEIGHBOURS = [
  ...named("cache:", 20_000),
  ...named("session-", 100),
  ...named("other:session:", 100),
];

function reportOf({ code, stdout }: { code: number; stdout: string }) {
  const { outcome, cleared, remaining, arrived } = JSON.parse(stdout);
  return { code, outcome, cleared, remaining, arrived };
}

const DONE = { code: 0, outcome: "cleared", cleared: SESSIONS, remaining: 0, arrived: 0 };

async function clear(url: string, args = CLEAR, timeoutMs = 100_000) {
  await using app = await tempDir();
  return await runAzu(args, { cwd: app.path, env: { REDIS_URL: url }, timeoutMs });
}

Deno.test(
  "cluster: the sessions of all slots are cleared, and no other key",
  redisNeeded,
  async () => {
    await using cluster = await startCluster();
    await cluster.put(named("session:", SESSIONS));
    await cluster.put(NEIGHBOURS);
    const found = await clear(cluster.url, ["session:clear", "--dry-run", "--json"]);
    deepStrictEqual(reportOf(found), {
      ...DONE,
      outcome: "found",
      cleared: 0,
      remaining: SESSIONS,
      arrived: null,
    });
    const result = await clear(cluster.url);
    deepStrictEqual(reportOf(result), DONE, result.stderr);
    deepStrictEqual((await cluster.keys()).sort(), [...NEIGHBOURS].sort());
  },
);

Deno.test(
  "cluster: a prefix with a hash tag, with all sessions in one slot",
  redisNeeded,
  async () => {
    await using cluster = await startCluster({ replicas: false });
    await using app = await tempDir();
    await writeTree(app.path, {
      "azu.config.ts": `export default {
      session: { backends: { redis: { keyPrefix: "{app}:session:" } } },
    };`,
    });
    await cluster.put(named("{app}:session:", 5000));
    await cluster.put(named("{app}:cache:", 500));
    await cluster.put(named("app:session:", 500));
    const env = { REDIS_URL: cluster.url };
    const result = await runAzu(CLEAR, { cwd: app.path, env });
    deepStrictEqual(reportOf(result), { ...DONE, cleared: 5000 }, result.stderr);
    strictEqual((await cluster.keys()).length, 1000);
  },
);

Deno.test("cluster: slots move to another master during a clear", redisNeeded, async () => {
  await using cluster = await startCluster({ replicas: false });
  await cluster.put(named("session:", SESSIONS));
  await cluster.put(NEIGHBOURS);
  await using mover = moveSlots(cluster);
  await pollUntil("the first keys to move", () => mover.moved > 200);
  const before = mover.moved;
  const clearing = clear(cluster.url);
  await pollUntil("keys to move while others go", async () => {
    return await keysLeft(cluster) < SESSIONS && mover.moved > before + 200;
  });
  await mover[Symbol.asyncDispose]();
  const result = await clearing;
  deepStrictEqual(reportOf(result), DONE, result.stderr);
  deepStrictEqual((await cluster.keys()).sort(), [...NEIGHBOURS].sort());
});

Deno.test(
  "cluster: a master is killed, and its replica brings sessions back",
  redisNeeded,
  async () => {
    await using cluster = await startCluster();
    await cluster.put(named("session:", SESSIONS));
    await cluster.put(NEIGHBOURS);
    const [master] = cluster.masters;
    const before = await master?.client.dbsize() ?? 0;
    await cutReplication(master?.client);
    const clearing = clear(cluster.url);
    await pollUntil("the first to go", async () => await master?.client.dbsize() !== before);
    kill(master);
    const result = await clearing;
    deepStrictEqual(reportOf(result), DONE, result.stderr);
    deepStrictEqual((await cluster.keys()).sort(), [...NEIGHBOURS].sort());
  },
);

Deno.test(
  "cluster: a master without a replica is killed while the app keeps writing",
  redisNeeded,
  async () => {
    const args = ["--cluster-require-full-coverage", "no"];
    await using cluster = await startCluster({ replicas: false, args });
    await cluster.put(named("session:", SESSIONS));
    const [master, , last] = cluster.masters;
    const before = await master?.client.dbsize() ?? 0;
    await using app = await tempDir();
    await using azu = await spawnAzu(CLEAR, {
      ...{ cwd: app.path, env: { REDIS_URL: cluster.url }, timeoutMs: 100_000 },
    });
    await pollUntil("the first to go", async () => await master?.client.dbsize() !== before);
    const killed = performance.now();
    kill(master);
    let [written, isOn] = [0, true];
    const writing = (async () => {
      for (; isOn; written++) {
        // Slot 15495.
        await last?.client.set(`session:{a}${written}`, "x");
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    const result = await azu.finished();
    isOn = false;
    await writing;
    const { cleared, ...report } = reportOf(result);
    deepStrictEqual(report, { code: 1, outcome: "failed", remaining: null, arrived: null });
    match(result.stderr, new RegExp(`127\\.0\\.0\\.1:${master?.server.port}`));
    strictEqual(performance.now() - killed < 90_000, true);
    const left = (await cluster.keys()).length;
    strictEqual(cleared > 0 && cleared + left <= SESSIONS + written, true, `${cleared} ${left}`);
  },
);

Deno.test("cluster: one of the servers in the URL is down", redisNeeded, async () => {
  await using cluster = await startCluster({ replicas: false });
  await cluster.put(named("session:", 500));
  const down = `redis://127.0.0.1:${freePort()},${cluster.url.slice("redis://".length)}`;
  const result = await clear(down);
  deepStrictEqual(reportOf(result), { ...DONE, cleared: 500 }, result.stderr);
});

Deno.test("cluster: the URL names only a replica", redisNeeded, async () => {
  await using cluster = await startCluster();
  await cluster.put(named("session:", 500));
  const result = await clear(cluster.replicas[1]?.server.url ?? "");
  deepStrictEqual(reportOf(result), { ...DONE, cleared: 500 }, result.stderr);
});

Deno.test("cluster: a database number other than 0 is refused", redisNeeded, async () => {
  await using cluster = await startCluster({ replicas: false });
  await cluster.put(named("session:", 5));
  const result = await clear(`${cluster.url}/2`, ["session:clear", "--force"]);
  strictEqual(result.code, 3, result.stderr);
  match(result.stderr, /A Redis cluster has no database but 0/);
  doesNotMatch(result.stdout, /✓/);
  strictEqual((await cluster.keys()).length, 5);
});

Deno.test("a URL with several standalone servers is refused", redisNeeded, async () => {
  await using one = await startRedis();
  await using other = await startRedis();
  const result = await clear(`${one.url},127.0.0.1:${other.port}`, ["session:clear", "--force"]);
  strictEqual(result.code, 2, result.stderr);
  match(result.stderr, /several servers/);
});

Deno.test(
  "cluster: app nodes are told, whichever master they listen at",
  redisNeeded,
  async () => {
    await using cluster = await startCluster({ replicas: false });
    await using app = await tempDir();
    await writeTree(app.path, {
      "azu.config.ts": `export default { session: { backends: { redis: { cluster: true } } } };`,
    });
    const nodes = cluster.masters.slice(1).map(({ server }) => observer(server.url));
    for (const node of nodes) await node.subscribe("session:cluster:invalidate");
    const env = { REDIS_URL: cluster.url };
    const result = await runAzu(["session:clear", "--force"], { cwd: app.path, env });
    deepStrictEqual(nodes.map(({ status }) => status), ["ready", "ready"], "both still listen");
    for (const node of nodes) release(node);
    match(result.stdout, /Told 2 app node\(s\) to drop their cached sessions/, result.stderr);
    strictEqual(result.code, 0);
  },
);

/** How many keys the masters have, which is asked often and cheaply. */
async function keysLeft({ masters }: RedisCluster): Promise<number> {
  const sizes = await Promise.all(masters.map(({ client }) => client.dbsize()));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function kill(node: ClusterNode | undefined): void {
  if (node !== undefined) Deno.kill(node.server.pid, "SIGKILL");
}

/** Moves slots with their keys from the first master to the second, until it is disposed of. */
function moveSlots({ masters }: RedisCluster): { readonly moved: number } & AsyncDisposable {
  let [moved, isOn] = [0, true];
  const [from, to] = masters;
  const run = async () => {
    if (from === undefined || to === undefined) return;
    for (let slot = 0; isOn && slot < 5000; slot++) {
      await to.client.call("CLUSTER", "SETSLOT", slot, "IMPORTING", from.id);
      await from.client.call("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id);
      moved += await moveKeys(from, to, slot);
      for (const { client } of [to, from]) {
        await client.call("CLUSTER", "SETSLOT", slot, "NODE", to.id);
      }
    }
  };
  const running = run();
  const stop = async () => {
    isOn = false;
    await running;
  };
  return {
    get moved() {
      return moved;
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Key by key, so that for a while each master has some keys of the slot. */
async function moveKeys(from: ClusterNode, to: ClusterNode, slot: number): Promise<number> {
  for (let moved = 0;;) {
    const keys = await from.client.call("CLUSTER", "GETKEYSINSLOT", slot, 10);
    if (!Array.isArray(keys) || keys.length === 0) return moved;
    for (const key of keys) {
      // Replies NOKEY if the clear has removed the key.
      await from.client.migrate("127.0.0.1", to.server.port, String(key), 0, 5000);
      moved++;
    }
  }
}
