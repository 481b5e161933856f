/** Finds the keys of sessions: all of them, or some from which their number is estimated. */
import { Buffer } from "node:buffer";
import { SAMPLE, type SurveyOptions } from "../../survey.ts";
import { ProtocolError } from "../connection.ts";
import { foundElsewhere, look } from "../look.ts";
import type { RedisNode } from "../node.ts";
import type { RedisNodes } from "../nodes.ts";
import { DistinctKeys } from "../seen_keys.ts";
import { nameOf, type NodeAddress } from "../url.ts";
import { type KeySpace, scan } from "../walk.ts";

/** Some keys of a server. */
export interface KeysOfNode {
  readonly address: NodeAddress;
  readonly keys: readonly Buffer[];
}

export interface FoundKeys {
  readonly count: number;
  readonly isExact: boolean;
  /** Keys chosen at random. */
  readonly sample: readonly KeysOfNode[];
}

/** Counts all keys, each once, and chooses some of them. */
export async function findAll(
  nodes: RedisNodes,
  keys: KeySpace,
  options: SurveyOptions,
): Promise<FoundKeys> {
  const { signal } = options;
  let distinct = new DistinctKeys(keys.prefix.length);
  let sample = new Sample(SAMPLE);
  await look(nodes, {
    keys,
    signal,
    options,
    found: () => distinct.count,
    soFar: () => foundElsewhere(distinct.count),
    begin() {
      distinct = new DistinctKeys(keys.prefix.length);
      sample = new Sample(SAMPLE);
    },
    see({ address }, batch) {
      for (const key of batch) {
        if (distinct.add(key)) sample.offer(address, key);
      }
      return undefined;
    },
    refusesStrays: true,
  });
  return { count: distinct.count, isExact: true, sample: sample.keys };
}

/**
 * Some of the keys, evenly spread over those that were offered. SCAN returns keys in the order of a
 * hash, so this is a random choice.
 */
class Sample {
  readonly #most: number;
  #chosen: { readonly address: NodeAddress; readonly key: Buffer }[] = [];
  #offered = 0;
  /** Of this many keys that are offered one after the other, the first is chosen. */
  #step = 1;

  constructor(most: number) {
    this.#most = most;
  }

  offer(address: NodeAddress, key: Buffer): void {
    const place = this.#offered++;
    if (this.#chosen.length === this.#most && place % this.#step === 0) {
      // There is no room left: only every other one is kept.
      this.#chosen = this.#chosen.filter((_, index) => index % 2 === 0);
      this.#step *= 2;
    }
    if (place % this.#step !== 0) return;
    // A copy, because the key may be a part of a large reply.
    this.#chosen.push({ address, key: Buffer.from(key) });
  }

  get keys(): readonly KeysOfNode[] {
    const byNode = Map.groupBy(this.#chosen, ({ address }) => nameOf(address));
    return [...byNode.values()].flatMap((chosen) => {
      const [first] = chosen;
      return first === undefined
        ? []
        : [{ address: first.address, keys: chosen.map(({ key }) => key) }];
    });
  }
}

/** How many keys of each server a quick survey looks at, whosever they are. */
const LOOKED_AT = 5000;

const KEYS_PER_SCAN = 1000;

const EVERY_KEY: KeySpace = { pattern: Buffer.from("*"), prefix: Buffer.alloc(0) };

/** Estimates how many keys there are from some keys of each server. */
export async function glance(
  nodes: RedisNodes,
  { prefix }: KeySpace,
  signal: AbortSignal,
): Promise<FoundKeys> {
  const { masters } = await nodes.topology(signal);
  const parts = await Promise.all(masters.map(async (address) => {
    const node = await nodes.node(address, signal);
    return { address, ...await glanceAt(node, prefix, signal) };
  }));
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  return {
    count,
    isExact: parts.every(({ isExact }) => isExact),
    // From each server in proportion to what it has.
    sample: parts.map(({ address, keys, count: part }) => {
      return { address, keys: keys.slice(0, Math.ceil(SAMPLE * part / Math.max(1, count))) };
    }),
  };
}

/**
 * Looks at some keys of a server. Keys are stored in the order of a hash, so the share of the prefix
 * among them is about that among all keys.
 */
async function glanceAt(node: RedisNode, prefix: Buffer, signal: AbortSignal) {
  const size = await node.connection.call("DBSIZE");
  if (typeof size !== "number") throw new ProtocolError("the reply to DBSIZE has another form");
  const seen = new Map<string, Buffer>();
  let cursor = "0";
  do {
    signal.throwIfAborted();
    const reply = await scan(node, cursor, EVERY_KEY, KEYS_PER_SCAN);
    for (const key of reply.keys) seen.set(key.toString("latin1"), key);
    cursor = reply.cursor;
  } while (cursor !== "0" && seen.size < LOOKED_AT);
  const keys = [...seen.values()].filter((key) => prefix.equals(key.subarray(0, prefix.length)));
  const isExact = cursor === "0"; // all keys have been seen
  return { keys, isExact, count: isExact ? keys.length : size * keys.length / seen.size };
}
