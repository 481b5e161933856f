/** What `session:doctor` finds on Redis: each check in situations that are good and bad. */
import { strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { bindBackend } from "../../src/backends/registry.ts";
import type { StoreCheckId } from "../../src/backends/diagnosis.ts";
import { needs } from "../support/env.ts";
import { startProxy } from "../support/network/proxy.ts";
import { pollUntil } from "../support/poll.ts";
import { makeCertificates } from "../support/servers/certificates.ts";
import { startRedis } from "../support/servers/redis.ts";
import { startCluster } from "../support/servers/redis_cluster.ts";
import { MASTER, startSentinels } from "../support/servers/redis_sentinel.ts";
import { freePort } from "../support/servers/server.ts";
import { allWell, diagnosed, reached, type Situation, tryAll } from "./diagnosed.ts";
import { context } from "./subject.ts";

const PREFIX = "shop:session:";

/** Every check of a single server without replicas. */
const ALONE: readonly StoreCheckId[] = [
  ...["reach.resolve", "reach.addresses", "reach.tls", "reach.login"] as const,
  ...["reach.latency", "reach.clock"] as const,
  ...["rights.list", "rights.revoke", "rights.clear", "rights.sweep"] as const,
  ...["redis.policy", "redis.memory", "redis.persistence"] as const,
  ...["redis.endless", "redis.ttl", "redis.prefixes", "redis.look-alikes", "redis.stray"] as const,
];

const redis = (url: string, keyPrefix = PREFIX, more = {}) => {
  return bindBackend("redis", { url, keyPrefix, ...more }, context);
};

/** Sets keys that look like sessions. @param ttl Seconds; 0 for no end. */
async function put(client: Redis, prefix: string, count: number, ttl = 1800): Promise<void> {
  const pipeline = client.pipeline();
  for (let index = 0; index < count; index++) {
    const key = `${prefix}${crypto.randomUUID()}`;
    if (ttl > 0) pipeline.setex(key, ttl, '{"user_id":1}');
    else pipeline.set(key, '{"user_id":1}');
  }
  await pipeline.exec();
}

Deno.test("redis: what is wrong with a server is found", needs("redis-server"), async (t) => {
  await using server = await startRedis({ args: ["--appendonly", "yes"] });
  const client = new Redis(server.url);
  using proxy = startProxy(server.port);
  await put(client, PREFIX, 20);
  const usual = () => redis(server.url);
  allWell(await diagnosed(usual()), ALONE);

  const set = async (settings: Record<string, string | number>) => {
    for (const [name, value] of Object.entries(settings)) await client.config("SET", name, value);
  };
  /** With these settings, and back with those of a sound server. */
  const settings = (some: Record<string, string | number>) => async () => {
    await set(some);
    return () =>
      set({ maxmemory: 0, "maxmemory-policy": "noeviction", appendonly: "yes", save: "" });
  };
  const used = async () => Number(/^used_memory:(\d+)/m.exec(await client.info("memory"))?.[1]);
  const keys = (prefix: string, count: number, ttl?: number) => async () => {
    await put(client, prefix, count, ttl);
    return async () => {
      await client.flushdb();
      await put(client, PREFIX, 20);
    };
  };
  /** As a user with these rights only. */
  const as = (
    id: StoreCheckId,
    rights: string,
    finding: Pick<Situation, "status" | "evidence" | "fix">,
  ) => ({
    id,
    ...finding,
    async begin() {
      await client.call("ACL", "SETUSER", "app", "reset", "on", ">hunter2", ...rights.split(" "));
      return () => client.call("ACL", "DELUSER", "app");
    },
    backend: () => redis(server.url.replace("//", "//app:hunter2@")),
  });
  const late = (delay: number) => ({
    begin() {
      proxy.delay = delay;
      return Promise.resolve(() => Promise.resolve(proxy.delay = 0));
    },
    backend: () => redis(`redis://127.0.0.1:${proxy.port}`),
  });
  const clock = (seconds: number) => ({ now: () => new Date(Date.now() + seconds * 1000) });
  const others = (prefix: string) => ({ otherPrefixes: new Map([["staging", prefix]]) });
  const GRANT = "ACL SETUSER app";

  await tryAll(t, usual, [
    { id: "reach.latency", status: "warning", evidence: /takes 6\d|takes \d\d\d ms/, ...late(60) },
    {
      id: "reach.latency",
      status: "failure",
      evidence: /takes 1\.\d+ s$/,
      begin() {
        proxy.onRequest = (request) => void (proxy.delay = request.includes("PING") ? 1100 : 0);
        return Promise.resolve(() => delete proxy.onRequest);
      },
      backend: () => redis(`redis://127.0.0.1:${proxy.port}`),
    },
    {
      id: "reach.clock",
      status: "warning",
      evidence: /10 s ahead of|10 s behind/,
      options: clock(10),
    },
    { id: "reach.clock", status: "failure", evidence: /10 min behind/, options: clock(600) },

    as("rights.list", "~shop:session:* +scan +mget", {
      status: "failure",
      evidence: /^the user app may not run PEXPIRETIME$/,
      fix: `${GRANT} +pexpiretime ~shop:session:*`,
    }),
    as("rights.list", "%R~shop:session:* +scan +mget +pexpiretime", {
      status: "ok",
      evidence: /SCAN, MGET, PEXPIRETIME/,
    }),
    as("rights.list", "~other:* +scan +mget +pexpiretime", {
      status: "failure",
      evidence: /may not use keys under the prefix with MGET, PEXPIRETIME/,
      fix: `${GRANT} ~shop:session:*`,
    }),
    as("rights.revoke", "%R~shop:session:* +scan +mget +pexpiretime +unlink", {
      status: "failure",
      evidence: /with UNLINK/,
      fix: `${GRANT} ~shop:session:*`,
    }),
    as("rights.clear", "~shop:session:* +scan", {
      status: "failure",
      evidence: /may not run UNLINK/,
      fix: `${GRANT} +unlink ~shop:session:*`,
    }),
    as("rights.clear", "~shop:session:* +scan +unlink", { status: "ok", evidence: /SCAN, UNLINK/ }),
    as("rights.sweep", "~shop:session:* +scan +pexpiretime", {
      status: "warning",
      evidence: /may not run PEXPIRE, which --fix-ttl needs/,
      fix: `${GRANT} +pexpire ~shop:session:*`,
    }),
    as("rights.sweep", "~shop:session:* +pexpiretime +pexpire", {
      status: "failure",
      evidence: /may not run SCAN/,
      fix: `${GRANT} +scan ~shop:session:*`,
    }),
    {
      ...as("rights.clear", "~shop:session:* &* +@all -publish", {
        status: "failure",
        evidence: /may not run PUBLISH/,
        fix: `${GRANT} +publish &session:cluster:invalidate ~shop:session:*`,
      }),
      backend: () => {
        const url = server.url.replace("//", "//app:hunter2@");
        return redis(url, PREFIX, { cluster: true });
      },
    },
    as("redis.policy", "~shop:session:* +@all -info", {
      status: "skipped",
      evidence: /^this user may not run INFO$/,
    }),
    as("redis.persistence", "~shop:session:* +@all -config", {
      status: "ok",
      evidence: /append-only file/,
    }),

    {
      id: "redis.policy",
      status: "failure",
      evidence:
        /^maxmemory-policy is allkeys-lru, which logs users out .*: 0 keys have been evicted/,
      begin: settings({ maxmemory: "100mb", "maxmemory-policy": "allkeys-lru" }),
    },
    {
      id: "redis.policy",
      status: "warning",
      evidence: /^maxmemory-policy is volatile-ttl: without maxmemory nothing is evicted/,
      begin: settings({ "maxmemory-policy": "volatile-ttl" }),
    },
    {
      id: "redis.memory",
      status: "warning",
      evidence: /MiB are used \(maxmemory\)$/,
      begin: async () => await settings({ maxmemory: Math.round(await used() * 1.08) })(),
    },
    {
      id: "redis.memory",
      status: "failure",
      evidence: /MiB are used \(maxmemory\): new sessions are refused/,
      begin: async () => await settings({ maxmemory: Math.round(await used() / 2) })(),
    },
    {
      id: "redis.persistence",
      status: "warning",
      evidence: /^there is neither an append-only file nor a snapshot/,
      begin: settings({ appendonly: "no", save: "" }),
    },
    {
      id: "redis.persistence",
      status: "ok",
      evidence: /^there are snapshots, the last one .* ago$/,
      begin: settings({ appendonly: "no", save: "3600 1" }),
    },
    {
      id: "redis.persistence",
      status: "failure",
      evidence: /^the last snapshot has failed/,
      fix: /BGSAVE/,
      async begin() {
        const end = await settings({ appendonly: "no", save: "3600 1" })();
        // A folder cannot be replaced by a file.
        await Deno.mkdir(`${server.dir}/dump.rdb/in-the-way`, { recursive: true });
        await client.bgsave();
        const saving = async () =>
          /^rdb_bgsave_in_progress:1/m.test(await client.info("persistence"));
        await pollUntil("the snapshot to fail", async () => !await saving());
        return async () => {
          await Deno.remove(`${server.dir}/dump.rdb`, { recursive: true });
          await client.save();
          await end();
        };
      },
    },
    {
      id: "redis.replicas",
      status: "failure",
      evidence: /has 0 good replicas, but min-replicas-to-write is 1: it refuses to save/,
      async begin() {
        await set({ "min-replicas-to-write": 1 });
        return () => set({ "min-replicas-to-write": 0 });
      },
    },

    {
      id: "redis.endless",
      status: "warning",
      evidence: /^3 of 23 keys looked at never expire$/,
      begin: keys(PREFIX, 3, 0),
    },
    {
      id: "redis.endless",
      status: "failure",
      evidence: /^60 of 80 keys looked at never expire: they fill/,
      begin: keys(PREFIX, 60, 0),
    },
    {
      id: "redis.ttl",
      status: "warning",
      evidence:
        /^1 of 21 keys looked at have more left than session\.ttl \(1h\): up to 10 h 0 min$/,
      begin: keys(PREFIX, 1, 36_000),
    },
    {
      id: "redis.ttl",
      status: "failure",
      evidence: /^20 of 20 keys looked at have more left than session\.ttl \(10m\)/,
      options: { ttl: 600_000 },
    },
    {
      id: "redis.prefixes",
      status: "warning",
      evidence: /^it contains shop:session:eu: of staging: on one server/,
      options: others("shop:session:eu:"),
    },
    {
      id: "redis.prefixes",
      status: "failure",
      evidence: /^5 keys looked at are under shop:session:eu: of staging, too: clearing one/,
      options: others("shop:session:eu:"),
      begin: keys("shop:session:eu:", 5),
    },
    {
      id: "redis.prefixes",
      status: "failure",
      evidence: /^this server has keys under shop: of staging, which contains it: clearing one/,
      options: others("shop:"),
      begin: keys("shop:cart:", 5),
    },
    {
      id: "redis.prefixes",
      status: "warning",
      evidence: /^it is also the prefix of staging: on one server/,
      options: others(PREFIX),
    },
    {
      id: "redis.prefixes",
      status: "warning",
      evidence: /^2 of 22 keys looked at have the prefix twice$/,
      fix: /initializer/,
      begin: keys(PREFIX + PREFIX, 2),
    },
    {
      id: "redis.prefixes",
      status: "warning",
      evidence: /^shop:shop: is one prefix written twice$/,
      backend: () => redis(server.url, "shop:shop:"),
    },
    {
      id: "redis.prefixes",
      status: "ok",
      evidence: /^shop:session: is used by no other environment$/,
      options: others("shop:staging:"),
    },
    {
      id: "redis.look-alikes",
      status: "warning",
      evidence: /^4 under blog:session:\* among 24 keys looked at$/,
      begin: keys("blog:session:", 4),
    },
    {
      id: "redis.look-alikes",
      status: "ok",
      evidence: /^no other prefix/,
      options: others("blog:session:"),
      begin: keys("blog:session:", 4),
    },
    {
      id: "redis.look-alikes",
      status: "failure",
      evidence: /^20 under shop:session:\* among 20 keys looked at, but none under the prefix/,
      backend: () => redis(server.url, "shop:sessions:"),
    },
    {
      id: "redis.stray",
      status: "warning",
      evidence: /^5 of 25 keys looked at have another name behind the prefix, such as cart$/,
      begin: keys(`${PREFIX}cart:`, 5),
    },
    {
      id: "redis.stray",
      status: "failure",
      evidence: /^50 of 70 keys looked at have another name .*: session:clear would remove them$/,
      begin: keys(`${PREFIX}cart:`, 50),
    },
  ]);
  client.disconnect();
});

Deno.test(
  "redis: what is wrong with the way to a server is found",
  needs("redis-server", "openssl"),
  async (t) => {
    await using server = await startRedis();
    await using own = await makeCertificates();
    const port = freePort();
    const closed = freePort();
    const secure = (days: number) => async () => {
      await own.sign("server", days);
      const server = await startRedis({ port, tls: own.args("server", "no") });
      return () => server[Symbol.asyncDispose]();
    };
    const tls = { ca: `${own.path}/ca.crt` };
    const encrypted = () => redis(`rediss://127.0.0.1:${port}`, PREFIX, { tls });
    const { address } = Deno.networkInterfaces().find(({ family, address }) => {
      return family === "IPv4" && !address.startsWith("127.");
    }) ?? {};
    await tryAll(t, () => redis(server.url), [
      { id: "reach.resolve", status: "ok", evidence: /^the URL states addresses$/ },
      {
        id: "reach.resolve",
        status: "ok",
        evidence: /^localhost is .*127\.0\.0\.1/,
        backend: () => redis(`redis://localhost:${server.port}`),
      },
      {
        id: "reach.resolve",
        status: "failure",
        evidence: /^no address was found for redis\.invalid$/,
        backend: () => redis("redis://redis.invalid:6379"),
      },
      {
        id: "reach.resolve",
        status: "warning",
        evidence: /^no address was found for redis\.invalid$/,
        backend: () => redis(`redis://127.0.0.1:${server.port},redis.invalid:6379`),
      },
      {
        id: "reach.addresses",
        status: "failure",
        evidence: new RegExp(`^nothing listens on 127\\.0\\.0\\.1:${closed}$`),
        backend: () => redis(`redis://127.0.0.1:${closed}`),
      },
      {
        id: "reach.addresses",
        status: "warning",
        evidence: new RegExp(`^nothing listens on 127\\.0\\.0\\.1:${closed}$`),
        backend: () => redis(`redis://127.0.0.1:${server.port},127.0.0.1:${closed}`),
      },
      {
        id: "reach.tls",
        status: "ok",
        evidence: /^the certificate is valid until .*, for (?:89|90) more days$/,
        begin: secure(90),
        backend: encrypted,
      },
      {
        id: "reach.tls",
        status: "warning",
        evidence: /^the certificate is valid until .*, for (?:8|9) more days$/,
        begin: secure(9),
        backend: encrypted,
      },
      {
        id: "reach.tls",
        status: "failure",
        evidence: /^the certificate has expired \(\d{4}-\d\d-\d\d\)$/,
        begin: secure(-1),
        backend: encrypted,
      },
      ...(address === undefined ? [] : [{
        id: "reach.tls",
        status: "warning",
        evidence: /^the connection is not encrypted \(redis:\/\/\)$/,
        fix: "Begin the URL with rediss://",
        async begin() {
          const args = ["--bind", "0.0.0.0", "--protected-mode", "no"];
          const open = await startRedis({ port, args });
          return () => open[Symbol.asyncDispose]();
        },
        backend: () => redis(`redis://${address}:${port}`),
      }] satisfies Situation[]),
    ]);
  },
);

Deno.test("redis: replicas behind sentinels", needs("redis-server"), async (t) => {
  await using sentinels = await startSentinels();
  const { master, replica } = sentinels;
  const usual = () => redis(`redis+sentinel://${sentinels.hosts}/${MASTER}`);
  await tryAll(t, usual, [
    { id: "redis.replicas", status: "ok", evidence: /^1 follow, [\d,]+ bytes behind at most$/ },
    { id: "reach.addresses", status: "ok", evidence: /^something listens on .*, .* and / },
    {
      id: "redis.replicas",
      status: "warning",
      evidence: /is [\d,]+ bytes behind, and has said nothing for/,
      async begin() {
        Deno.kill(replica.server.pid, "SIGSTOP");
        await master.client.set("large", "x".repeat(3 << 20));
        return () => Promise.resolve(Deno.kill(replica.server.pid, "SIGCONT"));
      },
    },
  ]);
});

Deno.test("redis: the nodes of a cluster", needs("redis-server"), async (t) => {
  await using cluster = await startCluster({ replicas: false });
  await cluster.put(Array.from({ length: 30 }, (_, index) => `${PREFIX}${index}x`));
  const usual = () => redis(cluster.url);
  const findings = await diagnosed(usual());
  strictEqual(findings.get("redis.stray")?.status, "ok");
  strictEqual(findings.get("redis.ttl")?.evidence.startsWith("none of 30 keys"), true);
  const [first, second] = cluster.masters;
  if (first === undefined || second === undefined) throw new Error("there are no masters");
  await tryAll(t, usual, [
    { id: "reach.addresses", status: "ok", evidence: /^all 3 nodes of the cluster/ },
    { id: "redis.replicas", status: "warning", evidence: /^no replica follows .*: if it fails/ },
    {
      id: "redis.stray",
      status: "failure",
      evidence: /^1 keys lie on nodes that do not hold their slots/,
      fix: /SETSLOT/,
      async begin() {
        const key = `${PREFIX}stray`;
        const slot = Number(await first.client.call("CLUSTER", "KEYSLOT", key));
        const owner = cluster.masterOf(new TextEncoder().encode(key));
        const other = owner === first ? second : first;
        await other.client.call("CLUSTER", "SETSLOT", slot, "IMPORTING", owner.id);
        await other.client.pipeline().call("ASKING").call("SET", key, "{}").exec();
        await other.client.call("CLUSTER", "SETSLOT", slot, "STABLE");
        return () => Promise.resolve();
      },
    },
  ]);
  await second.server[Symbol.asyncDispose]();
  const broken = await reached(usual());
  strictEqual(broken.get("reach.addresses")?.status, "warning");
});
