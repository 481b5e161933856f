/** Walks over the keys of a Redis that remove nothing: counts, and look-alikes. */
import { Buffer } from "node:buffer";
import { extended, OperationError } from "../../core/errors.ts";
import type { LookAlike, LookOptions } from "../contract.ts";
import { Pace } from "../pace.ts";
import { MAX_LATENCY } from "./clear.ts";
import type { RedisNode } from "./node.ts";
import type { RedisNodes } from "./nodes.ts";
import { RedisPasses, type Visit } from "./passes.ts";
import { LOOK_ALIKES, LookAlikes } from "./look_alikes.ts";
import { DistinctKeys } from "./seen_keys.ts";
import type { SelectedKeys } from "./selection/selected.ts";
import type { KeySpace } from "./walk.ts";

/** Keys per SCAN when nothing is removed. */
const KEYS_PER_SCAN = 1000;

/** One read-only pass over all keys, repeated if it fails. */
export interface Look {
  readonly keys: KeySpace;
  readonly signal: AbortSignal;
  readonly options: LookOptions;
  /** How many keys have been found so far. */
  found(): number;
  /** What a failure has to say besides: a phrase; undefined for nothing. */
  soFar(): string | undefined;
  /** Called before each pass. */
  begin(): void;
  /** Whether keys that no client can read are an error. */
  readonly refusesStrays?: boolean;
  readonly see: Visit;
}

/**
 * Counts distinct keys: SCAN may return a key twice while the server resizes its hash table.
 * @param selected Which keys are meant; undefined for all.
 */
export async function countKeys(
  nodes: RedisNodes,
  keys: KeySpace,
  signal: AbortSignal,
  options: LookOptions,
  selected?: SelectedKeys,
): Promise<number> {
  let distinct = new DistinctKeys(keys.prefix.length);
  const among = async (selected: SelectedKeys, node: RedisNode, batch: readonly Buffer[]) => {
    const { meant, moved } = await selected.among(node, batch);
    distinct.addAll(meant);
    return moved ? "moved" : "read";
  };
  await look(nodes, {
    keys,
    signal,
    options,
    found: () => distinct.count,
    soFar: () => foundElsewhere(distinct.count),
    begin() {
      distinct = new DistinctKeys(keys.prefix.length);
      selected?.begin();
    },
    see(node, batch) {
      if (selected !== undefined) return among(selected, node, batch);
      distinct.addAll(batch);
      return undefined;
    },
    refusesStrays: true,
  });
  selected?.report(options);
  return distinct.count;
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
    soFar: () => undefined,
    begin: () => others.clear(),
    see(_, batch) {
      others.add(batch);
      return undefined;
    },
  });
  return others.list();
}

export async function look(
  nodes: RedisNodes,
  { keys, signal, options, found, soFar, begin, see, refusesStrays }: Look,
): Promise<void> {
  const { budget = {}, onProgress } = options;
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
      return see;
    });
    if (refusesStrays) await passes.checkStrays();
  } catch (error) {
    const known = soFar();
    if (signal.aborted || !(error instanceof OperationError) || known === undefined) throw error;
    throw extended(error, known);
  }
}

export function foundElsewhere(found: number): string | undefined {
  return found === 0 ? undefined : `${found} session(s) were found elsewhere`;
}
