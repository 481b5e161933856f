/** Passes over all servers, repeated until one had nothing in its way. */
import { AzuError, OperationError } from "../../core/errors.ts";
import { type Pace, sleep } from "../pace.ts";
import { explainRedisError } from "./errors.ts";
import { keepsRole, type RedisNode, sizeOf } from "./node.ts";
import type { RedisNodes } from "./nodes.ts";
import { Patience } from "./retry.ts";
import { Place } from "./place.ts";
import { Share } from "./share.ts";
import { type KeySpace, walk } from "./walk.ts";
import { RespError } from "./resp/protocol.ts";
import { nameOf, type NodeAddress } from "./url.ts";
import type { RawKeys } from "./resp/scan.ts";

/** What is done with each batch of keys; says whether the cluster sent some of them elsewhere. */
export type Visit = (node: RedisNode, keys: RawKeys) => Promise<boolean> | undefined;

export interface PassesOptions {
  readonly signal: AbortSignal;
  /** Makes the pace of one server: each is far away, and slow, in its own way. */
  readonly pace: () => Pace;
  /** Told the part of the keys that a pass has looked at so far; 0 where that is not known. */
  onLooked(share: number): void;
}

/** Milliseconds between passes that failed: doubled from the first to the last. */
const [FIRST_REST, LAST_REST] = [100, 2000];

/** What was in the way of a pass, and whether it got further than the one before. */
interface Obstacle {
  readonly failure: unknown;
  readonly advanced: boolean;
}

/** What a walk over one server has come to. */
interface Walked {
  /** Whether it removed any keys, or came to a later place than any before. */
  readonly advanced: boolean;
  /** Whether the cluster sent any of them elsewhere. */
  readonly moved: boolean;
  /** Why it ended too early. */
  readonly failure?: unknown;
}

export class RedisPasses {
  readonly #nodes: RedisNodes;
  readonly #keys: KeySpace;
  readonly #options: PassesOptions;
  readonly #paces = new Map<string, Pace>();
  readonly #places = new Map<string, Place>();
  #hasFailed = false;
  #lastSeen = "";

  constructor(nodes: RedisNodes, keys: KeySpace, options: PassesOptions) {
    this.#nodes = nodes;
    this.#keys = keys;
    this.#options = options;
  }

  /** Whether anything has gone wrong so far: then keys may come up that were removed before. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /**
   * Makes passes until one has seen every server from its beginning to its end, while none was
   * lost and no slot moved.
   * @param begin Called before each pass.
   * @throws what is in the way, when it stays there.
   */
  async untilComplete(begin: () => Visit): Promise<void> {
    const { signal, onLooked } = this.#options;
    const patience = new Patience();
    this.#places.clear();
    for (let rest = FIRST_REST;; rest = Math.min(LAST_REST, rest * 2)) {
      const obstacle = await this.#pass(begin()).catch((failure: unknown): Obstacle => {
        return { failure, advanced: false };
      });
      if (obstacle === undefined) return;
      signal.throwIfAborted();
      this.#hasFailed = true;
      const { failure, advanced } = obstacle;
      const reason = patience.endedBy(failure, advanced, this.#nodes.hasSeveral);
      if (reason !== undefined) throw this.#explained(reason);
      await sleep(rest, signal);
      signal.throwIfAborted();
      onLooked(0); // a sign of life
    }
  }

  /** @returns what was in its way; undefined where nothing was. */
  async #pass(visit: Visit): Promise<Obstacle | undefined> {
    const { signal } = this.#options;
    const topology = await this.#nodes.topology(signal);
    if (topology.masters.length === 0) return { failure: UNSETTLED, advanced: false };
    const before = await this.#nodes.confirm(topology, signal);
    const share = new Share(topology.masters.length, this.#options.onLooked);
    const walks = await Promise.all(
      topology.masters.map((address) => this.#walk(address, visit, share)),
    );
    const failed = walks.filter(({ failure }) => failure !== undefined);
    if (failed[0] !== undefined) {
      return { failure: failed[0].failure, advanced: failed.some((walked) => walked.advanced) };
    }
    const after = await this.#nodes.confirm(await this.#nodes.topology(signal), signal);
    const isComplete = before.isSettled && after.isSettled &&
      after.fingerprint === before.fingerprint && !walks.some(({ moved }) => moved);
    if (isComplete) return undefined;
    const advanced = after.fingerprint !== this.#lastSeen;
    this.#lastSeen = after.fingerprint;
    return { failure: UNSETTLED, advanced };
  }

  async #walk(address: NodeAddress, visit: Visit, share: Share): Promise<Walked> {
    const { signal } = this.#options;
    const place = this.#placeOf(address);
    let moved = false;
    try {
      const node = await this.#nodes.node(address, signal);
      // It removes nothing, and may not have all. In a cluster it may have taken over since it was
      // asked: there `confirm` knows better.
      const follows = node.isReplica && node.mode !== "cluster";
      if (follows) throw new RespError("READONLY it follows another server");
      const pace = this.#paceOf(node);
      const tell = share.of(await sizeOf(node));
      const onLooked = (looked: number) => {
        place.looked(looked);
        tell(looked);
      };
      await walk(node, this.#keys, { signal, pace, onLooked }, (batch) => {
        return place.worked(visit(node, batch))?.then((elsewhere) => {
          moved ||= elsewhere;
        });
      });
      await checkRole(node);
      return { advanced: true, moved };
    } catch (error) {
      const known = signal.aborted || error instanceof AzuError;
      const failure = known ? error : explainRedisError(error, this.#nodes.endpoint, address);
      return { advanced: place.advanced, moved, failure };
    }
  }

  /** Where a new walk over a server is, before it has begun. */
  #placeOf(address: NodeAddress): Place {
    const place = new Place(this.#places.get(nameOf(address)));
    this.#places.set(nameOf(address), place);
    return place;
  }

  #paceOf({ address, connection }: RedisNode): Pace {
    const pace = this.#paces.get(nameOf(address)) ?? this.#options.pace();
    pace.distance(connection.roundTrip);
    this.#paces.set(nameOf(address), pace);
    return pace;
  }

  #explained(failure: unknown): unknown {
    if (failure instanceof AzuError) return failure;
    return explainRedisError(failure, this.#nodes.endpoint);
  }
}

/**
 * A server alone that has become a replica has another one's keys, and says so only to who writes.
 * It is connected to anew, to find out what it is now. A cluster's is asked for more than that.
 */
async function checkRole(node: RedisNode): Promise<void> {
  if (node.mode === "cluster" || await keepsRole(node)) return;
  node[Symbol.dispose]();
  throw new OperationError("The Redis server has become a replica, or a primary, meanwhile", {
    hint: "Wait until the failover is over, and run the command again: it is safe to repeat",
  });
}

/** Slots that move, or have no master, for as long as the patience lasts. */
const UNSETTLED = new OperationError(
  "The Redis cluster is being resharded, or some of its slots have no master",
  {
    hint: "Wait until that is over (redis-cli --cluster check tells; if it was broken off, " +
      "redis-cli --cluster fix ends it), and run the command again: it is safe to repeat",
  },
);
