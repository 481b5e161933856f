/** Passes over all servers, repeated until one was complete. */
import type { Buffer } from "node:buffer";
import { AzuError, extended, OperationError } from "../../core/errors.ts";
import { type Pace, sleep } from "../pace.ts";
import { ErrorReply } from "./connection.ts";
import { explainRedisError } from "./errors.ts";
import { keepsRole, type RedisNode, sizeOf } from "./node.ts";
import type { RedisNodes } from "./nodes.ts";
import type { Master } from "./topology.ts";
import { Patience } from "./retry.ts";
import { nameOf, type NodeAddress } from "./url.ts";
import { addIdleMasters, checkStrays, ownKeys, type Strays } from "./stray_keys.ts";
import { type KeySpace, type Outcome, ScannedShare, walk, WalkProgress } from "./walk.ts";

/** Handles a batch of keys. Undefined if there is nothing to wait for. */
export type Visit = (node: RedisNode, keys: readonly Buffer[]) => Promise<Outcome> | undefined;

export interface PassesOptions {
  readonly signal: AbortSignal;
  /** Makes the pace for one server: each has its own distance and speed. */
  readonly pace: () => Pace;
  /** Receives the share of the keys that the pass has scanned; 0 while it is not known. */
  onScanned(share: number): void;
  /** Called before a failed pass is repeated. */
  onRetry?(): void;
}

/** Milliseconds before the first retry, doubled for each further one up to the last. */
const FIRST_REST = 100;
const LAST_REST = 2000;

/** Why a pass was not complete. */
interface Obstacle {
  readonly failure: unknown;
  /** Whether the pass got further than the one before. */
  readonly advanced: boolean;
}

/** The result of a walk over one server. */
interface Walked {
  /** Whether it removed keys or got further than any walk before. */
  readonly advanced: boolean;
  /** Whether the cluster sent any keys elsewhere. */
  readonly moved: boolean;
  /** Why it ended early. */
  readonly failure?: unknown;
}

export class RedisPasses {
  readonly #nodes: RedisNodes;
  readonly #keys: KeySpace;
  readonly #options: PassesOptions;
  readonly #paces = new Map<string, Pace>();
  readonly #progress = new Map<string, WalkProgress>();
  /** Whether any pass has failed so far. Then keys may be found that were removed before. */
  hasFailed = false;
  /** Keys that the last pass found on nodes that do not hold their slots. */
  #strays: Strays = new Map();
  /** The masters of the last pass. */
  #masters: readonly Master[] = [];
  /** The masters that the last pass could not scan to the end. */
  #missed: readonly Master[] = [];
  #lastSeen = "";

  constructor(nodes: RedisNodes, keys: KeySpace, options: PassesOptions) {
    this.#nodes = nodes;
    this.#keys = keys;
    this.#options = options;
  }

  /**
   * Repeats passes until one has scanned every server from start to end, with no server lost and
   * no slot moved meanwhile.
   * @param begin Called before each pass.
   * @throws why passes keep failing.
   */
  async untilComplete(begin: () => Visit): Promise<void> {
    const { signal, onScanned } = this.#options;
    const patience = new Patience();
    this.#progress.clear();
    for (let rest = FIRST_REST;; rest = Math.min(LAST_REST, rest * 2)) {
      const obstacle = await this.#pass(begin()).catch((failure: unknown): Obstacle => {
        return { failure, advanced: false };
      });
      if (obstacle === undefined) return;
      signal.throwIfAborted();
      this.hasFailed = true;
      this.#options.onRetry?.();
      const { failure, advanced } = obstacle;
      const mayRecover = this.#nodes.hasSeveral &&
        !await this.#nodes.areLost(this.#missed, signal);
      const reason = patience.endedBy(failure, advanced, mayRecover);
      if (reason !== undefined) throw this.#explained(reason);
      await sleep(rest, signal);
      signal.throwIfAborted();
      onScanned(0); // a sign of life
    }
  }

  /** @throws {OperationError} if the last pass has seen keys that no client can read or remove. */
  async checkStrays(): Promise<void> {
    const { signal } = this.#options;
    await addIdleMasters(this.#nodes, this.#masters, this.#keys, this.#strays, signal);
    checkStrays(this.#strays, this.#nodes.endpoint.address);
  }

  /** @returns undefined if the pass was complete. */
  async #pass(visit: Visit): Promise<Obstacle | undefined> {
    const { signal } = this.#options;
    const topology = await this.#nodes.topology(signal);
    if (topology.masters.length === 0) return { failure: unsettled(), advanced: false };
    // A master that cannot be asked must not keep us from the others.
    const before = await this.#nodes.confirm(topology, signal).catch((failure: unknown) => {
      signal.throwIfAborted();
      return { failure };
    });
    this.#strays = new Map();
    this.#masters = topology.masters;
    const slots = "failure" in before || !before.isSettled ? undefined : before.slots;
    const share = new ScannedShare(topology.masters.length, this.#options.onScanned);
    const walks = await Promise.all(
      topology.masters.map((address) => {
        return this.#walk(address, visit, share, slots?.get(nameOf(address)));
      }),
    );
    this.#missed = topology.masters.filter((_, index) => walks[index]?.failure !== undefined);
    const failed = walks.filter(({ failure }) => failure !== undefined);
    if (failed[0] !== undefined) {
      return { failure: failed[0].failure, advanced: failed.some((walked) => walked.advanced) };
    }
    if ("failure" in before) return { failure: before.failure, advanced: false };
    const after = await this.#nodes.confirm(await this.#nodes.topology(signal), signal);
    const isComplete = before.isSettled && after.isSettled &&
      after.fingerprint === before.fingerprint && !walks.some(({ moved }) => moved);
    if (isComplete) return undefined;
    const advanced = after.fingerprint !== this.#lastSeen;
    this.#lastSeen = after.fingerprint;
    return { failure: unsettled(), advanced };
  }

  /** @param slots Those of the server, if no slot is migrating. */
  async #walk(
    address: NodeAddress,
    visit: Visit,
    share: ScannedShare,
    slots: ReadonlySet<number> | undefined,
  ): Promise<Walked> {
    const { signal } = this.#options;
    const progress = this.#progressOf(address);
    let moved = false;
    try {
      const node = await this.#nodes.node(address, signal);
      // A replica removes nothing and may lack keys. In a cluster, it may have been promoted since
      // we connected; there, `confirm` checks the role.
      const isReplica = node.isReplica && node.mode !== "cluster";
      if (isReplica) throw new ErrorReply("READONLY it follows another server");
      const pace = this.#paceOf(node);
      const addToShare = share.of(await sizeOf(node));
      const onScanned = (keys: number) => {
        progress.scanned(keys);
        addToShare(keys);
      };
      await walk(node, this.#keys, { signal, pace, onScanned }, (found) => {
        const batch = slots === undefined ? found : ownKeys(found, slots);
        const strays = found.length - batch.length;
        const name = nameOf(address);
        if (strays > 0) this.#strays.set(name, (this.#strays.get(name) ?? 0) + strays);
        if (batch.length === 0) return undefined;
        return progress.follow(visit(node, batch))?.then((outcome) => {
          moved ||= outcome === "moved";
        });
      });
      await checkRole(node);
      return { advanced: true, moved };
    } catch (error) {
      const known = signal.aborted || error instanceof AzuError;
      this.#paces.get(nameOf(address))?.shrink(); // its replies may have been too large
      const failure = known ? error : explainRedisError(error, this.#nodes.endpoint, address);
      return { advanced: progress.advanced, moved, failure };
    }
  }

  /** The progress of a new walk over a server. */
  #progressOf(address: NodeAddress): WalkProgress {
    const name = nameOf(address);
    const progress = new WalkProgress(this.#progress.get(name));
    this.#progress.set(name, progress);
    return progress;
  }

  #paceOf({ address, connection }: RedisNode): Pace {
    const pace = this.#paces.get(nameOf(address)) ?? this.#options.pace();
    pace.distance(connection.roundTrip);
    this.#paces.set(nameOf(address), pace);
    return pace;
  }

  #explained(failure: unknown): unknown {
    const error = failure instanceof AzuError
      ? failure
      : explainRedisError(failure, this.#nodes.endpoint);
    const missed = this.#missed.filter(({ slots }) => slots !== "");
    if (missed.length === 0 || !(error instanceof OperationError)) return error;
    const slots = missed.map((master) => `${nameOf(master)} has the slots ${master.slots}`);
    return extended(error, `not all keys were seen: ${slots.join("; ")}`);
  }
}

/**
 * A standalone server that has become a replica copies another server's keys and still answers
 * SCAN. We reconnect to learn its current role. In a cluster, `confirm` checks more than the role.
 */
async function checkRole(node: RedisNode): Promise<void> {
  if (node.mode === "cluster" || await keepsRole(node)) return;
  node[Symbol.dispose]();
  throw new OperationError("The Redis server has become a replica, or a primary, meanwhile", {
    hint: "Wait until the failover is over, and run the command again: it is safe to repeat",
  });
}

/**
 * Slots kept moving, or had no master, for as long as we tried. A function, because an error that
 * is made while its module loads costs 8 ms: V8 parses the module again for the stack trace.
 */
function unsettled(): OperationError {
  return new OperationError(
    "The Redis cluster is being resharded, or some of its slots have no master",
    {
      hint: "Wait until that is over (see redis-cli --cluster check; if a resharding was " +
        "interrupted, redis-cli --cluster fix ends it), and run the command again: it is safe to repeat",
    },
  );
}
