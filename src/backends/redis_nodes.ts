/** Finds the servers that hold the keys, and keeps a connection to each. */
import { ImpossibleError, OperationError } from "../core/errors.ts";
import { isList } from "./resp.ts";
import { type NodeAccess, openNode, type RedisNode, textOf } from "./redis_node.ts";
import { clusterTopology, isMigrating, standalone, type Topology } from "./redis_topology.ts";
import { nameOf, type NodeAddress, type RedisEndpoint } from "./redis_url.ts";

/** The servers of one Redis, however many it is made of. */
export class RedisNodes implements Disposable {
  readonly #access: NodeAccess;
  readonly #open = new Map<string, RedisNode>();
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
    const { endpoint } = this.#access;
    if (endpoint.sentinelMaster !== undefined) {
      return standalone(await this.#masterOf(endpoint.sentinelMaster, signal));
    }
    const node = await this.#any([...this.#known, ...endpoint.nodes], signal);
    if (node.mode === "sentinel") throw this.#isSentinel(node);
    if (node.mode === "standalone") return standalone(node.address);
    if (endpoint.database !== 0) {
      throw new ImpossibleError(`A Redis cluster has no database but 0 (${endpoint.address})`);
    }
    const topology = await clusterTopology(node);
    this.#known = topology.masters;
    return topology;
  }

  /** Whether any slot of these masters is on its way to another. */
  async anyMigrating({ masters }: Topology, signal: AbortSignal): Promise<boolean> {
    for (const address of masters) {
      const node = await this.node(address, signal);
      if (node.mode === "cluster" && await isMigrating(node)) return true;
    }
    return false;
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
    for (const address of addresses) {
      try {
        return await this.node(address, signal);
      } catch (error) {
        signal.throwIfAborted();
        failure ??= error;
      }
    }
    throw failure;
  }

  /** Sentinels are asked anew each time: after a failover, only they know. */
  async #masterOf(name: string, signal: AbortSignal): Promise<NodeAddress> {
    const { endpoint } = this.#access;
    let failure: unknown;
    for (const address of endpoint.nodes) {
      try {
        using sentinel = await this.#openSentinel(address, signal);
        const reply = await sentinel.connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name);
        const [host, port] = isList(reply) ? reply.map(textOf) : [];
        if (host !== undefined && port !== undefined) return { host, port: Number(port) };
        failure ??= new OperationError(
          `The sentinel at ${nameOf(address)} knows no master of the name in the URL ` +
            `(${endpoint.address})`,
        );
      } catch (error) {
        signal.throwIfAborted();
        failure ??= error;
      }
    }
    throw failure;
  }

  /** The URL's credentials are the servers' own; sentinels mostly ask for none. */
  async #openSentinel(address: NodeAddress, signal: AbortSignal): Promise<RedisNode> {
    const { endpoint } = this.#access;
    const anonymous = { ...endpoint, username: "", password: "" };
    const sentinel = await openNode({ ...this.#access, endpoint: anonymous }, address, signal)
      .catch((error: unknown) => {
        if (endpoint.password === "" || !/NOAUTH|Authentication required/.test(String(error))) {
          throw error;
        }
        return openNode(this.#access, address, signal);
      });
    if (sentinel.mode === "sentinel") return sentinel;
    sentinel[Symbol.dispose]();
    throw new OperationError(`What answers at ${nameOf(address)} is no sentinel`);
  }

  #isSentinel({ address }: RedisNode): OperationError {
    return new OperationError(`What answers at ${nameOf(address)} is a sentinel, not a Redis`, {
      hint: "Name the sentinels as such: redis+sentinel://<host>:<port>/<master>",
    });
  }
}
