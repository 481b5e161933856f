/** Finds the servers that hold the keys, and keeps a connection to each. */
import { ImpossibleError, OperationError, UsageError } from "../../core/errors.ts";
import { ErrorReply } from "./connection.ts";
import { isList, type NodeAccess, openNode, type RedisNode, textOf } from "./node.ts";
import {
  clusterTopology,
  type Master,
  members,
  type OwnView,
  ownView,
  SLOTS,
  slotsOf,
  standalone,
  type Topology,
} from "./topology.ts";
import { nameOf, type NodeAddress, type RedisEndpoint, SENTINEL_URL_SHAPE } from "./url.ts";

/** What the masters say about themselves. */
export interface Confirmation {
  /** Changes when a slot gets another master or starts to migrate. */
  readonly fingerprint: string;
  /** Whether every key certainly belongs to one of them, and none is migrating. */
  readonly isSettled: boolean;
  /** The slots of each master of a cluster by its own account, by its name. */
  readonly slots: ReadonlyMap<string, ReadonlySet<number>>;
}

/** The view of a server outside a cluster. */
const EVERYTHING: OwnView = { id: "", isMaster: true, isMigrating: false, slots: "", count: SLOTS };

/** The servers of one Redis: a standalone server, a cluster, or a master behind sentinels. */
export class RedisNodes implements Disposable {
  readonly #access: NodeAccess;
  readonly #open = new Map<string, RedisNode>();
  /** Why servers could not be asked, by name, when others were asked instead. */
  readonly passedOver = new Map<string, unknown>();
  /** The last known masters of a cluster: the node in the URL may be down. */
  #known: readonly NodeAddress[] = [];

  constructor(access: NodeAccess) {
    this.#access = access;
  }

  get endpoint(): RedisEndpoint {
    return this.#access.endpoint;
  }

  /** Whether another server can take over from one that is lost. */
  get hasSeveral(): boolean {
    return this.endpoint.sentinelMaster !== undefined || this.#known.length > 0;
  }

  /** Asks which servers hold the keys now. */
  async topology(signal: AbortSignal): Promise<Topology> {
    const { endpoint } = this;
    if (endpoint.sentinelMaster !== undefined) return await this.#ofSentinels(signal);
    const node = await this.#any([...this.#known, ...endpoint.nodes], signal);
    if (node.mode === "sentinel") throw this.#isSentinel(node);
    if (node.mode === "standalone") return this.#alone(node);
    if (endpoint.database !== 0) {
      throw new ImpossibleError(`A Redis cluster has no database but 0 (${endpoint.address})`);
    }
    const topology = await clusterTopology(node);
    this.#known = topology.masters;
    return topology;
  }

  /** Asks every master what it holds. What other nodes say may be out of date. */
  async confirm(topology: Topology, signal: AbortSignal): Promise<Confirmation> {
    const views = await Promise.all(
      topology.masters.map((master) => this.#ownView(master, signal)),
    );
    let count = 0;
    let isSettled = topology.covered;
    const slots = new Map<string, ReadonlySet<number>>();
    for (const [index, view] of views.entries()) {
      isSettled &&= view.isMaster && !view.isMigrating;
      count += view.count;
      const master = topology.masters[index];
      if (view.id !== "" && master !== undefined) slots.set(nameOf(master), slotsOf(view));
    }
    const fingerprint = [topology.fingerprint, ...views.map(({ slots }) => slots)].join("\n");
    // If slots are missing, a server that we do not know of has them.
    return { fingerprint, isSettled: isSettled && count === SLOTS, slots };
  }

  /** Whether masters are down according to the cluster, and no replica can take over from any. */
  async areLost(lost: readonly Master[], signal: AbortSignal): Promise<boolean> {
    if (lost.length === 0) return false;
    try {
      const known = await members(
        await this.#any([...this.#known, ...this.endpoint.nodes], signal),
      );
      return lost.every(({ id }) =>
        known.some((member) => member.id === id && member.isDown) &&
        !known.some(({ follows, isDown }) => follows === id && !isDown)
      );
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  /** The open connection to a server, or a new one. */
  async node(address: NodeAddress, signal: AbortSignal): Promise<RedisNode> {
    const name = nameOf(address);
    const open = this.#open.get(name);
    if (open !== undefined && !open.connection.isClosed) return open;
    const node = await openNode(this.#access, address, signal);
    this.#open.set(name, node);
    return node;
  }

  [Symbol.dispose](): void {
    for (const node of this.#open.values()) node[Symbol.dispose]();
    this.#open.clear();
  }

  /** The first server that answers. */
  async #any(addresses: readonly NodeAddress[], signal: AbortSignal): Promise<RedisNode> {
    let failure: unknown;
    for (const address of new Map(addresses.map((one) => [nameOf(one), one])).values()) {
      try {
        return await this.node(address, signal);
      } catch (error) {
        signal.throwIfAborted();
        this.passedOver.set(nameOf(address), error);
        failure ??= error;
      }
    }
    throw failure;
  }

  async #ofSentinels(signal: AbortSignal): Promise<Topology> {
    const address = await masterOf(this.#access, signal);
    const node = await this.node(address, signal);
    if (!node.isReplica) return standalone(address);
    node[Symbol.dispose]();
    throw new OperationError(
      `The sentinels name ${nameOf(address)} as the master, but it says that it is a replica ` +
        `(${this.endpoint.address})`,
      { hint: "Wait until the failover is over, and run the command again" },
    );
  }

  /** @throws {UsageError} if the URL names more servers, which may hold other keys. */
  #alone({ address }: RedisNode): Topology {
    const { nodes, address: url } = this.endpoint;
    if (nodes.length === 1) return standalone(address);
    throw new UsageError(
      `The URL names several servers, but ${nameOf(address)} is not a node of a cluster (${url})`,
      { hint: "Name one server, or the sentinels of a replicated one: " + SENTINEL_URL_SHAPE },
    );
  }

  async #ownView(master: Master, signal: AbortSignal): Promise<OwnView> {
    const node = await this.node(master, signal);
    if (node.mode !== "cluster") return EVERYTHING;
    const view = await ownView(node);
    if (master.id === "" || view.id === master.id) return view;
    throw new OperationError(
      `The server at ${nameOf(master)} is not the node that its cluster expects there ` +
        `(${this.endpoint.address})`,
      { hint: "Check the addresses that the nodes announce (cluster-announce-ip)" },
    );
  }

  #isSentinel({ address }: RedisNode): OperationError {
    return new OperationError(`The server at ${nameOf(address)} is a sentinel`, {
      hint: `Use a sentinel URL: ${SENTINEL_URL_SHAPE}`,
    });
  }
}

/**
 * The master with the name in the URL. Ask again for every pass: after a failover, only the
 * sentinels know the new master.
 * @throws {AzuError} if no sentinel can be reached, or none knows the name.
 */
export async function masterOf(access: NodeAccess, signal: AbortSignal): Promise<NodeAddress> {
  const { nodes, sentinelMaster = "", address: url } = access.endpoint;
  const failures: unknown[] = [];
  for (const address of nodes) {
    try {
      using sentinel = await openSentinel(access, address, signal);
      const { connection } = sentinel;
      const reply = await connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", sentinelMaster);
      const [host = "", port = ""] = isList(reply) ? reply.map(textOf) : [];
      if (host !== "") return { host, port: Number(port) };
      failures.push(
        new OperationError(
          `The sentinel at ${nameOf(address)} knows no master with the name in the URL (${url})`,
          { hint: "Check the name after the hosts: SENTINEL MASTERS lists the known names" },
        ),
      );
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  // The answer of one sentinel says more than a failure to reach another.
  throw failures.find((error) => error instanceof OperationError && !error.cause) ?? failures[0];
}

/** The credentials in the URL are for the servers. Most sentinels require none. */
async function openSentinel(
  access: NodeAccess,
  address: NodeAddress,
  signal: AbortSignal,
): Promise<RedisNode> {
  const { endpoint } = access;
  const login = endpoint.sentinelLogin ?? { username: "", password: "" };
  const own = { ...access, endpoint: { ...endpoint, ...login } };
  const sentinel = await openNode(own, address, signal).catch(async (error: unknown) => {
    const isTold = endpoint.sentinelLogin !== undefined || endpoint.password === "";
    if (isTold || !/NOAUTH|Authentication required/.test(String(error))) throw error;
    return await openNode(access, address, signal);
  }).catch((error: unknown) => {
    const isRefusal = error instanceof OperationError && error.options.cause instanceof ErrorReply;
    if (!isRefusal) throw error;
    throw new OperationError(`A sentinel refused the login: ${error.message}`, {
      hint: "If the sentinels have a login of their own, add it to the URL: " +
        "?sentinelUsername=<user>&sentinelPassword=<password>",
      cause: error.options.cause,
    });
  });
  if (sentinel.mode === "sentinel") return sentinel;
  sentinel[Symbol.dispose]();
  throw new OperationError(`The server at ${nameOf(address)} is not a sentinel`, {
    hint: "Name the sentinels in the URL (their default port is 26379); they know the servers",
  });
}
