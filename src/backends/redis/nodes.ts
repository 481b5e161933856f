/** Finds the servers that hold the keys, and keeps a connection to each. */
import { ImpossibleError, OperationError, UsageError } from "../../core/errors.ts";
import { type NodeAccess, openNode, type RedisNode } from "./node.ts";
import { masterOf } from "./sentinel.ts";
import {
  clusterTopology,
  type Master,
  type OwnView,
  ownView,
  standalone,
  type Topology,
} from "./topology.ts";
import { SLOTS } from "./slots.ts";
import { nameOf, type NodeAddress, type RedisEndpoint, SENTINEL_URL_SHAPE } from "./url.ts";

/** What the servers said of themselves. */
export interface Confirmation {
  /** Differs where another server holds any slot, or one is on its way. */
  readonly fingerprint: string;
  /** Whether each key is certainly with one of them, and stays there for now. */
  readonly isSettled: boolean;
}

/** Of a server that is no part of a cluster. */
const EVERYTHING: OwnView = { id: "", isMaster: true, isMigrating: false, slots: "", count: SLOTS };

/** The servers of one Redis, however many it is made of. */
export class RedisNodes implements Disposable {
  readonly #access: NodeAccess;
  readonly #open = new Map<string, RedisNode>();
  /** Why servers were passed over, by their names, when others were asked in their place. */
  readonly passedOver = new Map<string, unknown>();
  /** Where a cluster was last seen: a seed of the URL may be the one that is down. */
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

  /** Asks anew which servers hold the keys now. */
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

  /** Asks the servers themselves what they hold: what others say of them may be old. */
  async confirm(topology: Topology, signal: AbortSignal): Promise<Confirmation> {
    const views = await Promise.all(
      topology.masters.map((master) => this.#ownView(master, signal)),
    );
    let [slots, isSettled] = [0, topology.covered];
    for (const view of views) {
      isSettled &&= view.isMaster && !view.isMigrating;
      slots += view.count;
    }
    const fingerprint = [topology.fingerprint, ...views.map(({ slots }) => slots)].join("\n");
    // Where some are missing, a server that nobody has told us of has them.
    return { fingerprint, isSettled: isSettled && slots === SLOTS };
  }

  /** The connection to a server: the one that is open, or a new one. */
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

  /** The first that answers. */
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
      `The sentinels name ${nameOf(address)} as the master, which says that it is a replica ` +
        `(${this.endpoint.address})`,
      { hint: "Wait until the failover is over, and run the command again" },
    );
  }

  /** @throws {UsageError} where the URL names others, which may hold other keys. */
  #alone({ address }: RedisNode): Topology {
    const { nodes, address: url } = this.endpoint;
    if (nodes.length === 1) return standalone(address);
    throw new UsageError(
      `The URL names several servers, but ${nameOf(address)} is no node of a cluster (${url})`,
      { hint: "Name one server, or the sentinels of several: " + SENTINEL_URL_SHAPE },
    );
  }

  async #ownView(master: Master, signal: AbortSignal): Promise<OwnView> {
    const node = await this.node(master, signal);
    if (node.mode !== "cluster") return EVERYTHING;
    const view = await ownView(node);
    if (master.id === "" || view.id === master.id) return view;
    throw new OperationError(
      `The server at ${nameOf(master)} is another one than its cluster says ` +
        `(${this.endpoint.address})`,
      { hint: "Check what its nodes announce as their addresses (cluster-announce-ip)" },
    );
  }

  #isSentinel({ address }: RedisNode): OperationError {
    return new OperationError(`What answers at ${nameOf(address)} is a sentinel, not a Redis`, {
      hint: `Name the sentinels as such: ${SENTINEL_URL_SHAPE}`,
    });
  }
}
