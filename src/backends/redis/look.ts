/** Walks over the keys of a Redis that remove nothing: counts, and keys that look like sessions. */
import { Buffer } from "node:buffer";
import { extended, OperationError } from "../../core/errors.ts";
import type { LookAlike, LookOptions } from "../contract.ts";
import { Pace } from "../pace.ts";
import { MAX_LATENCY } from "./clear.ts";
import type { RedisNodes } from "./nodes.ts";
import { RedisPasses } from "./passes.ts";
import { LOOK_ALIKES, LookAlikes } from "./look_alikes.ts";
import { SeenKeys } from "./seen_keys.ts";
import type { KeySpace } from "./walk.ts";

/** Keys per SCAN when nothing is removed. */
const KEYS_PER_SCAN = 1000;

/** One read-only pass over all keys, repeated if it fails. */
interface Look {
  readonly keys: KeySpace;
  readonly signal: AbortSignal;
  readonly options: LookOptions;
  /** How many keys have been found so far. */
  found(): number;
  /** Called before each pass. */
  begin(): void;
  /** Whether keys that no client can read are an error. */
  readonly refusesStrays?: boolean;
  see(keys: readonly Buffer[]): void;
}

/** Counts distinct keys: SCAN may return a key twice while the server resizes its hash table. */
export async function countKeys(
  nodes: RedisNodes,
  keys: KeySpace,
  signal: AbortSignal,
  options: LookOptions,
): Promise<number> {
  let distinct = new DistinctKeys(keys.prefix.length);
  await look(nodes, {
    keys,
    signal,
    options,
    found: () => distinct.count,
    begin: () => distinct = new DistinctKeys(keys.prefix.length),
    see: (batch) => distinct.add(batch),
    refusesStrays: true,
  });
  return distinct.count;
}

/** Counts each key once. Of 33 million keys, the filter takes some for repeated ones. */
export class DistinctKeys {
  readonly #seen = new SeenKeys();
  readonly #prefixLength: number;
  count = 0;

  constructor(prefixLength: number) {
    this.#prefixLength = prefixLength;
  }

  add(keys: readonly Buffer[]): void {
    for (const key of keys) if (!this.#seen.add(key, this.#prefixLength)) this.count++;
  }
}

/** Counts keys that look like sessions but are not under the prefix. */
export async function lookAlikesOf(
  nodes: RedisNodes,
  prefix: Buffer,
  signal: AbortSignal,
  options: LookOptions,
): Promise<readonly LookAlike[]> {
  const others = new LookAlikes(prefix);
  await look(nodes, {
    keys: { pattern: LOOK_ALIKES, prefix: Buffer.alloc(0) },
    signal,
    options,
    found: () => 0,
    begin: () => others.clear(),
    see: (batch) => others.add(batch),
  });
  return others.list();
}

async function look(
  nodes: RedisNodes,
  { keys, signal, options: { budget = {}, onProgress }, found, begin, see, refusesStrays }: Look,
): Promise<void> {
  const passes = new RedisPasses(nodes, keys, {
    signal,
    pace: () => new Pace(budget, { batch: KEYS_PER_SCAN, maxLatency: MAX_LATENCY }),
    onScanned(share) {
      if (share > 0) onProgress?.(found(), Math.round(found() / share));
      else onProgress?.(found());
    },
  });
  try {
    await passes.untilComplete(() => {
      begin();
      return (_, batch) => {
        see(batch);
        return undefined;
      };
    });
    if (refusesStrays) await passes.checkStrays();
  } catch (error) {
    if (!(error instanceof OperationError) || found() === 0) throw error;
    throw extended(error, `${found()} session(s) were found elsewhere`);
  }
}
