/** A Redis Cluster for one test: real servers on 127.0.0.1. */
import { Redis } from "ioredis";
import calculateSlot from "cluster-key-slot";
import { SLOTS } from "../../../src/backends/redis/topology.ts";
import { pollUntil } from "../poll.ts";
import { type RedisServer, startRedis } from "./redis.ts";
import { onFreePort } from "./server.ts";

/** Milliseconds after which a silent node is considered dead. */
const NODE_TIMEOUT = 2000;

/** The user that only replicas log in as. Without it they fall behind, as in a network partition. */
const REPLICA_USER = "replication";

/** Arguments of every redis-server that has replicas or is one. */
export const REPLICATION_ARGS: readonly string[] = [
  ...["--repl-diskless-sync-delay", "0", "--masteruser", REPLICA_USER, "--masterauth", "secret"],
  ...["--user", REPLICA_USER, "on", ">secret", "+psync", "+replconf", "+ping"],
];

export interface ClusterOptions {
  /** Whether each of the three masters has a replica; by default they do. */
  readonly replicas?: boolean;
  /** More arguments of each redis-server. */
  readonly args?: readonly string[];
}

export interface RedisCluster extends AsyncDisposable {
  /** Names the masters. */
  readonly url: string;
  readonly masters: readonly ClusterNode[];
  /** The replica of each master, in the order of the masters. */
  readonly replicas: readonly ClusterNode[];
  /** The master of a key, as long as no slot has moved. */
  masterOf(key: Uint8Array): ClusterNode;
  /** Sets keys, and waits until the replicas have them. */
  put(keys: Iterable<string>): Promise<void>;
  /** The keys of all masters that are up. */
  keys(): Promise<string[]>;
}

export interface ClusterNode {
  readonly server: RedisServer;
  readonly client: Redis;
  readonly id: string;
}

/** Starts three masters with a third of the slots each, and waits until they agree. */
export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  await using starting = new AsyncDisposableStack();
  const count = options.replicas === false ? 3 : 6;
  const nodes: ClusterNode[] = [];
  for (let index = 0; index < count; index++) nodes.push(await startNode(starting, options));
  const [masters, replicas] = [nodes.slice(0, 3), nodes.slice(3)];
  await join(nodes);
  await assignSlots(masters);
  await pollUntil("the cluster to agree", async () => await agree(nodes));
  await replicate(masters, replicas);
  await pollUntil("the cluster to be up", async () => await allUp(nodes, replicas));
  const started = starting.move();
  return {
    url: `redis://${masters.map(({ server }) => `127.0.0.1:${server.port}`).join(",")}`,
    ...{ masters, replicas },
    masterOf: (key) => masterOf(masters, key),
    put: (keys) => put(masters, keys, replicas.length > 0),
    keys: () => keysOf(nodes),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function startNode(
  starting: AsyncDisposableStack,
  { args = [] }: ClusterOptions,
): Promise<ClusterNode> {
  const server = starting.use(
    await onFreePort((busPort) =>
      startRedis({
        args: [
          ...["--cluster-enabled", "yes", "--cluster-node-timeout", `${NODE_TIMEOUT}`],
          ...["--cluster-port", `${busPort}`, "--cluster-replica-validity-factor", "0"],
          ...REPLICATION_ARGS,
          ...args,
        ],
      })
    ),
  );
  const client = observer(server.url);
  starting.defer(() => release(client));
  return { server, client, id: String(await client.cluster("MYID")) };
}

/**
 * A client of one server. It stays silent when the server is killed. Without ioredis's check at the
 * start: it fails, and ends the connection, if SUBSCRIBE is sent before it.
 */
export function observer(url: string): Redis {
  const client = new Redis(url, {
    retryStrategy: () => null,
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  client.on("error", () => {});
  return client;
}

/** A client whose server is gone has ended; disconnecting it again would start a timer. */
export function release(client: Redis): void {
  if (client.status !== "end") client.disconnect();
}

async function join([first, ...others]: readonly ClusterNode[]): Promise<void> {
  for (const [index, { client }] of others.entries()) {
    await client.call("CLUSTER", "SET-CONFIG-EPOCH", index + 2);
    const { host, port, bus } = await addressOf(first);
    await client.call("CLUSTER", "MEET", host, port, bus);
  }
}

async function addressOf(node: ClusterNode | undefined) {
  const nodes = String(await node?.client.cluster("NODES"));
  const bus = /@(\d+)\S* myself/.exec(nodes)?.[1] ?? "";
  return { host: "127.0.0.1", port: node?.server.port ?? 0, bus };
}

async function assignSlots(masters: readonly ClusterNode[]): Promise<void> {
  const slots = share(masters);
  for (const [index, { client }] of masters.entries()) {
    const last = Math.min(SLOTS, (index + 1) * slots) - 1;
    await client.call("CLUSTER", "ADDSLOTSRANGE", index * slots, last);
  }
}

async function replicate(
  masters: readonly ClusterNode[],
  replicas: readonly ClusterNode[],
): Promise<void> {
  for (const [index, { client }] of replicas.entries()) {
    await client.call("CLUSTER", "REPLICATE", masters[index]?.id ?? "");
  }
}

async function agree(nodes: readonly ClusterNode[]): Promise<boolean> {
  const infos = await Promise.all(nodes.map(({ client }) => client.cluster("INFO")));
  return infos.every((info) =>
    /cluster_state:ok/.test(String(info)) && new RegExp(`known_nodes:${nodes.length}\\b`).test(info)
  );
}

async function allUp(
  nodes: readonly ClusterNode[],
  replicas: readonly ClusterNode[],
): Promise<boolean> {
  if (!await agree(nodes)) return false;
  const links = await Promise.all(replicas.map(({ client }) => client.info("replication")));
  return links.every((info) => /master_link_status:up/.test(info));
}

async function put(
  masters: readonly ClusterNode[],
  keys: Iterable<string>,
  areReplicated: boolean,
): Promise<void> {
  const batches = new Map<ClusterNode, string[]>();
  const encoder = new TextEncoder();
  for (const key of keys) {
    const master = masterOf(masters, encoder.encode(key));
    const batch = batches.get(master) ?? [];
    batches.set(master, batch);
    batch.push(key);
    if (batch.length === 5000) await setAll(master, batch.splice(0));
  }
  for (const [master, batch] of batches) await setAll(master, batch);
  for (const { client } of areReplicated ? masters : []) await client.wait(1, 10_000);
}

function masterOf(masters: readonly ClusterNode[], key: Uint8Array): ClusterNode {
  const master = masters[Math.floor(calculateSlot(key) / share(masters))];
  if (master === undefined) throw new Error(`no master of ${key}`);
  return master;
}

async function setAll({ client }: ClusterNode, keys: readonly string[]): Promise<void> {
  const pipeline = client.pipeline();
  for (const key of keys) pipeline.setex(key, 3600, '{"user_id":1}');
  for (const [error] of await pipeline.exec() ?? []) {
    if (error !== null) throw error;
  }
}

/** How many slots each master has at the start. */
function share(masters: readonly ClusterNode[]): number {
  return Math.ceil(SLOTS / masters.length);
}

async function keysOf(nodes: readonly ClusterNode[]): Promise<string[]> {
  const keys = await Promise.all(nodes.map(async ({ client }) => {
    const isMaster = async () => (await client.role())[0] === "master";
    // A killed server rejects the command.
    return await isMaster().catch(() => false) ? await client.keys("*") : [];
  }));
  return keys.flat();
}

/** Stops the replication of a master: keys removed from now on come back if its replica takes over. */
export async function cutReplication(client: Redis | undefined): Promise<void> {
  await client?.call("ACL", "SETUSER", REPLICA_USER, "off");
  await client?.call("CLIENT", "KILL", "TYPE", "replica");
}
