/** Passes over all servers, repeated until one had nothing in its way. */
import { AzuError, OperationError } from "../core/errors.ts";
import { type Pace, sleep } from "./pace.ts";
import { explainRedisError, mayPass } from "./redis_errors.ts";
import type { RedisNode } from "./redis_node.ts";
import type { RedisNodes } from "./redis_nodes.ts";
import { type KeySpace, walk } from "./redis_sweep.ts";
import type { Topology } from "./redis_topology.ts";
import type { NodeAddress } from "./redis_url.ts";
import type { RawKeys } from "./resp_scan.ts";

/** What is done with each batch of keys; says whether the cluster sent some of them elsewhere. */
export type Visit = (node: RedisNode, keys: RawKeys) => Promise<boolean> | undefined;

export interface PassesOptions {
  readonly signal: AbortSignal;
  readonly pace: Pace;
  /** Told the part of the keys, from 0 to 1, that a pass has looked at so far. */
  onLooked(share: number): void;
  /** Called before a pass that follows a failure, with the servers that are there again. */
  settle(nodes: readonly RedisNode[]): Promise<void>;
}

/** Milliseconds between passes that failed: doubled from the first to the last. */
const [FIRST_REST, LAST_REST] = [100, 2000];

/** Milliseconds without a pass that got further, after which it is given up. */
const PATIENCE = { standalone: 3000, several: 60_000 } as const;

export class RedisPasses {
  readonly #nodes: RedisNodes;
  readonly #keys: KeySpace;
  readonly #options: PassesOptions;
  #failures = 0;

  constructor(nodes: RedisNodes, keys: KeySpace, options: PassesOptions) {
    this.#nodes = nodes;
    this.#keys = keys;
    this.#options = options;
  }

  /** Whether anything has gone wrong so far: then keys may come up that were removed before. */
  get hasFailed(): boolean {
    return this.#failures > 0;
  }

  /**
   * Makes passes until one has seen every server from its beginning to its end, while none was
   * lost and no slot moved.
   * @param begin Called before each pass.
   * @throws what is in the way, when it stays there.
   */
  async untilComplete(begin: () => Visit): Promise<void> {
    const { signal } = this.#options;
    let since = performance.now();
    let first: unknown;
    for (let rest = FIRST_REST;; rest = Math.min(LAST_REST, rest * 2)) {
      let failure: unknown;
      let advanced = false;
      try {
        const visit = begin();
        failure = await this.#pass((node, keys) => {
          advanced = true;
          return visit(node, keys);
        });
      } catch (error) {
        failure = error;
      }
      if (failure === undefined) return;
      signal.throwIfAborted();
      this.#failures++;
      if (advanced) [since, first] = [performance.now(), undefined];
      // What follows a lost connection says less than that it was lost.
      first ??= failure;
      const { hasSeveral } = this.#nodes;
      if (!mayPass(failure, hasSeveral)) throw this.#explained(failure);
      const patience = hasSeveral ? PATIENCE.several : PATIENCE.standalone;
      if (performance.now() - since > patience) throw this.#explained(first);
      await sleep(rest, signal);
      signal.throwIfAborted();
    }
  }

  /** @returns what was in its way; undefined where nothing was. */
  async #pass(visit: Visit): Promise<unknown> {
    const { signal, settle } = this.#options;
    const before = await this.#nodes.topology(signal);
    if (!before.settled) return UNSETTLED;
    if (this.#failures > 0) await settle(await this.#allOf(before));
    const migrating = await this.#nodes.anyMigrating(before, signal);
    const share = new Share(before.masters.length, this.#options.onLooked);
    const walks = before.masters.map((address) => this.#walk(address, visit, share));
    const results = await Promise.allSettled(walks);
    const failed = results.find((result) => result.status === "rejected");
    if (failed) return failed.reason;
    if (results.some((result) => result.status === "fulfilled" && result.value)) return UNSETTLED;
    const after = await this.#nodes.topology(signal);
    if (after.fingerprint !== before.fingerprint || migrating) return UNSETTLED;
    return await this.#nodes.anyMigrating(after, signal) ? UNSETTLED : undefined;
  }

  async #allOf({ masters }: Topology): Promise<RedisNode[]> {
    const { signal } = this.#options;
    return await Promise.all(masters.map((address) => this.#nodes.node(address, signal)));
  }

  /** @returns whether the cluster sent any of the keys elsewhere. */
  async #walk(address: NodeAddress, visit: Visit, share: Share): Promise<boolean> {
    const { signal, pace } = this.#options;
    const node = await this.#nodes.node(address, signal);
    let anyMoved = false;
    const keys = await node.connection.call("DBSIZE");
    const onLooked = share.of(typeof keys === "number" ? keys : 0);
    await walk(node, this.#keys, { signal, pace, onLooked }, (batch) => {
      return visit(node, batch)?.then((moved) => {
        anyMoved ||= moved;
      });
    });
    return anyMoved;
  }

  #explained(failure: unknown): unknown {
    if (failure instanceof AzuError) return failure;
    return explainRedisError(failure, this.#nodes.endpoint);
  }
}

/** Slots that move, or have no master, for as long as the patience lasts. */
const UNSETTLED = new OperationError(
  "The Redis cluster is being resharded, or some of its slots have no master",
  { hint: "Wait until that is over, and run the command again: it is safe to repeat" },
);

/** How much of several servers' keys has been looked at. */
class Share {
  readonly #tell: (share: number) => void;
  readonly #servers: number;
  #told = 0;
  #total = 0;
  #looked = 0;

  constructor(servers: number, tell: (share: number) => void) {
    this.#servers = servers;
    this.#tell = tell;
  }

  /** For one server, that holds so many keys now. */
  of(keys: number): (looked: number) => void {
    this.#told++;
    this.#total += keys;
    return (looked) => {
      this.#looked += looked;
      // Until each server has said how many it holds, any share would be too large.
      if (this.#told === this.#servers && this.#total > 0) {
        this.#tell(Math.min(1, this.#looked / this.#total));
      }
    };
  }
}
