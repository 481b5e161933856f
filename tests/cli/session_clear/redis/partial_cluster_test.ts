/** A cluster of which a part cannot be served, and keys that no client can reach. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import calculateSlot from "cluster-key-slot";
import { runAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { pollUntil } from "../../../support/poll.ts";
import { startRedis } from "../../../support/servers/redis.ts";
import { observer, release, startCluster } from "../../../support/servers/redis_cluster.ts";
import { tempDir } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");
const KEYS = Array.from({ length: 300 }, (_, index) => `session:${index}`);

async function clear(url: string, ...more: string[]) {
  await using app = await tempDir();
  const args = ["session:clear", "--force", "--json", ...more];
  const result = await runAzu(args, { cwd: app.path, env: { REDIS_URL: url }, timeoutMs: 120_000 });
  return { ...result, report: JSON.parse(result.stdout) };
}

Deno.test("cluster: a master without replica is down: the others are cleared", {
  ...redisNeeded,
}, async () => {
  await using cluster = await startCluster({
    replicas: false,
    args: ["--cluster-require-full-coverage", "no"],
  });
  await cluster.put(KEYS);
  const [first, , lost] = cluster.masters;
  const onLost = KEYS.filter((key) => cluster.masterOf(new TextEncoder().encode(key)) === lost);
  const others = KEYS.length - onLost.length;
  Deno.kill(lost?.server.pid ?? 0, "SIGKILL");
  await pollUntil("the cluster to notice", async () => {
    return / master,fail /.test(String(await first?.client.cluster("NODES")));
  });
  const place = `127.0.0.1:${lost?.server.port}`;
  const dry = await clear(cluster.url, "--dry-run");
  strictEqual(dry.code, 1);
  match(
    dry.stderr,
    new RegExp(`${place} has the slots 10924-16383; ${others} session\\(s\\) were found elsewhere`),
  );
  const { code, report, stdout, stderr } = await clear(cluster.url);
  deepStrictEqual([code, report.outcome, report.cleared], [1, "failed", others], stderr);
  match(
    report.error.message,
    new RegExp(`not all keys were seen: ${place} has the slots 10924-16383`),
  );
  match(report.error.message, new RegExp(`nothing listens there at ${place}`));
  doesNotMatch(stdout, /✓/);
});

Deno.test("cluster: keys on a node that does not hold their slots are counted and named", {
  ...redisNeeded,
}, async () => {
  await using cluster = await startCluster({ replicas: false });
  await cluster.put(KEYS);
  const [first, second] = cluster.masters;
  if (first === undefined || second === undefined) throw new Error("no masters");
  // A migration that was broken off after it had copied keys.
  const stray = KEYS.filter((key) => calculateSlot(key) < 2000);
  for (const key of stray) {
    const slot = calculateSlot(key);
    await second.client.call("CLUSTER", "SETSLOT", slot, "IMPORTING", first.id);
    const moved = second.client.pipeline();
    await moved.call("ASKING").set(key, "x").exec();
    await second.client.call("CLUSTER", "SETSLOT", slot, "STABLE");
  }
  const where = `127.0.0.1:${second.server.port}`;
  const dry = await clear(cluster.url, "--dry-run");
  strictEqual(dry.code, 1);
  match(dry.stderr, new RegExp(`remove them: ${stray.length} on ${where}`));
  match(dry.stderr, /; 300 session\(s\) were found elsewhere/);
  const { code, report, stderr } = await clear(cluster.url);
  deepStrictEqual([code, report.outcome, report.cleared], [1, "failed", KEYS.length], stderr);
  match(report.error.message, new RegExp(`or remove them: ${stray.length} on ${where}`));
  match(report.error.hint, /set each slot to IMPORTING/);
});

Deno.test("cluster: keys on a master without slots are seen", redisNeeded, async () => {
  await using cluster = await startCluster({ replicas: false });
  await cluster.put(KEYS);
  // It gets its key before it joins.
  await using late = await startRedis({
    args: ["--cluster-enabled", "yes", "--cluster-require-full-coverage", "no"],
  });
  const client = observer(late.url);
  await client.call("CLUSTER", "ADDSLOTS", calculateSlot("session:late"));
  await client.call("CONFIG", "SET", "cluster-require-full-coverage", "no");
  await pollUntil("its state", async () => /state:ok/.test(String(await client.cluster("INFO"))));
  await client.set("session:late", "x");
  await client.call("CLUSTER", "DELSLOTS", calculateSlot("session:late"));
  const nodes = String(await client.cluster("NODES"));
  const bus = Number(/@(\d+)/.exec(nodes)?.[1]);
  await cluster.masters[0]?.client.call("CLUSTER", "MEET", "127.0.0.1", late.port, bus);
  await pollUntil("it to be known", async () => {
    const views = await Promise.all(cluster.masters.map(({ client }) => client.cluster("NODES")));
    return views.every((view) => new RegExp(`:${late.port}@\\d+\\S* master`).test(String(view)));
  });
  const { code, report, stderr } = await clear(cluster.url);
  deepStrictEqual([code, report.outcome, report.cleared], [1, "failed", KEYS.length], stderr);
  match(report.error.message, new RegExp(`: 1 on 127.0.0.1:${late.port} `));
  release(client);
});
