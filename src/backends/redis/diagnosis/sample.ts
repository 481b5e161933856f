/** A sample of all keys of every server: what there is under the prefix, and beside it. */
import { Buffer } from "node:buffer";
import { describe, doubtsOf, type Sampled } from "../examine.ts";
import { LookAlikes } from "../look_alikes.ts";
import type { RedisNode } from "../node.ts";
import { KeyReader } from "../selection/facts.ts";
import type { RedisSessions } from "../store.ts";
import { ownKeys } from "../stray_keys.ts";
import { ownView, slotsOf } from "../topology.ts";
import { type KeySpace, scan } from "../walk.ts";

/** Keys of each server that are looked at, whosever they are: 20 answers of a few milliseconds. */
const LOOKED_AT = 20_000;

const KEYS_PER_SCAN = 1000;

/** Keys under the prefix whose expiry is read, and whose type and value are. Of each server. */
const EXPIRIES = 1000;
const DESCRIBED = 100;

const EVERY_KEY: KeySpace = { pattern: Buffer.from("*"), prefix: Buffer.alloc(0) };

export interface KeySample {
  /** How many keys were looked at, and whether these are all. */
  readonly lookedAt: number;
  readonly isWhole: boolean;
  /** The keys under the prefix. */
  readonly ours: readonly Buffer[];
  /** The other keys. */
  readonly others: readonly Buffer[];
  /** When some of the keys under the prefix expire, in milliseconds since 1970; null for never. */
  readonly expiries: readonly (number | null)[];
  /** What some of the keys under the prefix are, and why they may not be sessions. */
  readonly described: readonly Sampled[];
  readonly doubts: readonly string[];
  /** Keys that lie on a node of a cluster which does not hold their slots. */
  readonly strays: number;
  readonly lookAlikes: LookAlikes;
}

export async function sampleOf(
  masters: readonly RedisNode[],
  keys: KeySpace,
  { layout }: RedisSessions,
): Promise<KeySample> {
  const parts = await Promise.all(masters.map((node) => partOf(node, keys)));
  const described = parts.flatMap(({ described }) => described);
  const lookAlikes = new LookAlikes(keys.prefix);
  for (const { others } of parts) lookAlikes.add(others);
  return {
    lookedAt: parts.reduce((sum, { lookedAt }) => sum + lookedAt, 0),
    isWhole: parts.every(({ isWhole }) => isWhole),
    ours: parts.flatMap(({ ours }) => ours),
    others: parts.flatMap(({ others }) => others),
    expiries: parts.flatMap(({ expiries }) => expiries),
    described,
    doubts: doubtsOf(described, layout?.packed === "opaque"),
    strays: parts.reduce((sum, { strays }) => sum + strays, 0),
    lookAlikes,
  };
}

async function partOf(node: RedisNode, { prefix }: KeySpace) {
  const seen = new Map<string, Buffer>();
  let cursor = "0";
  do {
    const reply = await scan(node, cursor, EVERY_KEY, KEYS_PER_SCAN);
    for (const key of reply.keys) seen.set(key.toString("latin1"), key);
    cursor = reply.cursor;
  } while (cursor !== "0" && seen.size < LOOKED_AT);
  const all = [...seen.values()];
  const isOurs = (key: Buffer) => prefix.equals(key.subarray(0, prefix.length));
  const ours = all.filter(isOurs);
  const own = node.mode === "cluster" ? ownKeys(ours, slotsOf(await ownView(node))) : ours;
  return {
    lookedAt: all.length,
    isWhole: cursor === "0",
    ours,
    others: all.filter((key) => !isOurs(key)),
    expiries: await expiriesOf(node, own.slice(0, EXPIRIES)),
    described: await describe(node, own.slice(0, DESCRIBED), prefix.length),
    strays: ours.length - own.length,
  };
}

async function expiriesOf(node: RedisNode, keys: readonly Buffer[]): Promise<(number | null)[]> {
  const expiries: (number | null)[] = [];
  await new KeyReader({ values: false, expiries: true }).read(node, keys, ({ expiresAt }) => {
    if (expiresAt !== undefined) expiries.push(expiresAt);
  });
  return expiries;
}
