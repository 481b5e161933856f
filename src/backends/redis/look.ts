/** Walks over the keys of a Redis that remove none. */
import type { LookAlike, LookOptions } from "../contract.ts";
import { Pace } from "../pace.ts";
import { MAX_LATENCY } from "./clear.ts";
import { LookAlikes } from "./look_alikes.ts";
import type { RedisNodes } from "./nodes.ts";
import { RedisPasses } from "./passes.ts";
import type { KeySpace } from "./walk.ts";
import type { RawKeys } from "./resp/scan.ts";

/** Keys that one SCAN looks at, where nothing is removed. */
const BATCH = 1000;

const encoder = new TextEncoder();

/** What is looked at, and what is made of it. */
interface Look {
  readonly keys: KeySpace;
  readonly signal: AbortSignal;
  readonly options: LookOptions;
  /** How much has been found so far. */
  found(): number;
  /** Called before each pass. */
  begin(): void;
  see(keys: RawKeys): void;
}

/** Exact on a keyspace at rest; SCAN may count a key twice while the server resizes its table. */
export async function countKeys(
  nodes: RedisNodes,
  keys: KeySpace,
  signal: AbortSignal,
  options: LookOptions,
): Promise<number> {
  let count = 0;
  await look(nodes, {
    ...{ keys, signal, options },
    found: () => count,
    begin: () => count = 0,
    see: (batch) => count += batch.count,
  });
  return count;
}

/** Keys that look like sessions, but are not under the prefix. */
export async function lookAlikesOf(
  nodes: RedisNodes,
  prefix: Uint8Array,
  signal: AbortSignal,
  options: LookOptions,
): Promise<readonly LookAlike[]> {
  const others = new LookAlikes(prefix);
  await look(nodes, {
    keys: { pattern: encoder.encode("*session:*"), prefix: new Uint8Array() },
    ...{ signal, options },
    found: () => 0,
    begin: () => others.clear(),
    see: (batch) => others.add(batch),
  });
  return others.list();
}

/** Sees every key at least once, and removes none. */
async function look(
  nodes: RedisNodes,
  { keys, signal, options: { budget = {}, onProgress }, found, begin, see }: Look,
): Promise<void> {
  const passes = new RedisPasses(nodes, keys, {
    signal,
    pace: () => new Pace(budget, { batch: BATCH, maxLatency: MAX_LATENCY }),
    onLooked(share) {
      if (share > 0) onProgress?.(found(), Math.round(found() / share));
      else onProgress?.(found());
    },
  });
  await passes.untilComplete(() => {
    begin();
    return (_, batch) => {
      see(batch);
      return undefined;
    };
  });
}
