/**
 * Clears the keys of one prefix, and proves it.
 *
 * 1. Sweeps: removes every key it finds, until one sweep has covered all servers without a
 *    failure. If that sweep found keys, it makes one more.
 * 2. Looks again: a removed key that is there again has been written back, and is removed again.
 *    Any other key was written after the clear began, so this clear need not remove it.
 *
 * A clear of a selection makes one sweep, which reads the keys and remembers those that are not
 * selected. Then the look again has only new keys to read.
 */
import { Buffer } from "node:buffer";
import { extended, OperationError } from "../../core/errors.ts";
import type { ClearCounts, ClearOptions } from "../contract.ts";
import { Pace } from "../pace.ts";
import { LOOK_ALIKES, type LookAlikes } from "./look_alikes.ts";
import type { RedisNode } from "./node.ts";
import type { RedisNodes } from "./nodes.ts";
import { type PassesOptions, RedisPasses, type Visit } from "./passes.ts";
import type { Removal } from "./removal.ts";
import type { SelectedKeys } from "./selection/selected.ts";
import type { KeySpace, Outcome } from "./walk.ts";

/** Keys per SCAN. More is not faster, and lets other clients wait longer (measured). */
const KEYS_PER_SCAN = 500;

/**
 * Where few scanned keys are sessions, scan up to this many times more per call, so that round
 * trips do not dominate.
 */
const STRETCH = 4;

/** If a SCAN takes longer (ms), with the UNLINKs queued before it, we slow down. */
export const MAX_LATENCY = 20;

/** Verification passes before we report that sessions keep coming back. */
const MOST_LOOKS = 4;

/** A clear of the keys of one prefix, and what continues it. */
export interface RedisClear {
  /** @throws {OperationError} that says how many more sessions may be gone. */
  run(): Promise<ClearCounts>;
  /**
   * Removes what has been written back, and nothing else.
   * @param looksOnly Only counts it.
   */
  runAgain(looksOnly: boolean): Promise<ClearCounts>;
}

/** Which keys a clear removes, and sees. */
export interface ClearScope {
  readonly selected: SelectedKeys | undefined;
  readonly others: LookAlikes | undefined;
}

/**
 * @param removal A new one or, if this clear continues another one, that of the other.
 * @param scope `selected`: the keys that are meant; undefined for all. `others`: receives the
 *   look-alikes that the verifying pass sees; undefined if it cannot see them, because their pattern
 *   does not match the prefix.
 */
export function redisClear(
  nodes: RedisNodes,
  keys: KeySpace,
  options: ClearOptions,
  removal: Removal,
  { selected, others }: ClearScope,
): RedisClear {
  /** Sessions gone before this pass, keys that it has found, and the share of all keys scanned. */
  let goneBefore = 0;
  let found = 0;
  let share = 0;

  const report = () => {
    const total = goneBefore + Math.round(found / share);
    options.onProgress(removal.gone, share > 0 ? total : undefined, removal.inDoubt);
  };
  const reported = async (work: Promise<boolean>): Promise<Outcome> => {
    try {
      return await work ? "moved" : "done";
    } finally {
      report();
    }
  };

  const how: PassesOptions = {
    signal: options.signal,
    pace: () => {
      const defaults = { batch: KEYS_PER_SCAN, stretch: STRETCH, maxLatency: MAX_LATENCY };
      return new Pace(options.budget ?? {}, defaults);
    },
    onScanned: (scanned) => {
      share = scanned;
      report();
    },
    onRetry: () => options.onRetry?.(),
  };
  const passes = new RedisPasses(nodes, keys, how);

  /** @param begin Called before each attempt. */
  const pass = async (begin: () => Visit, over = passes) => {
    await over.untilComplete(() => {
      removal.beginPass();
      goneBefore = removal.gone;
      found = 0;
      share = 0;
      return begin();
    });
    removal.endPass();
    report();
  };

  const sweep = (isSecond: boolean) =>
    pass(() => {
      const again = isSecond || passes.hasFailed;
      selected?.begin();
      return (node, keys) => {
        if (selected !== undefined) return removeMeant(node, keys, again, selected);
        found += keys.length;
        return reported(removal.remove(node, keys, again));
      };
    });

  const removeMeant = async (
    node: RedisNode,
    keys: readonly Buffer[],
    again: boolean,
    selected: SelectedKeys,
  ): Promise<Outcome> => {
    const { meant, others, moved } = await selected.among(node, keys);
    removal.spare(others, again);
    found += meant.length;
    const removed = meant.length > 0 ? await reported(removal.remove(node, meant, again)) : "read";
    return moved ? "moved" : removed;
  };

  /** The second sweep, which also sees look-alikes: another walk for them would take as long. */
  const wideSweep = async (others: LookAlikes) => {
    const all: KeySpace = { pattern: LOOK_ALIKES, prefix: Buffer.alloc(0) };
    await pass(() => {
      others.clear();
      return (node, batch) => {
        others.add(batch);
        const ours = batch.filter((key) => keys.prefix.equals(key.subarray(0, keys.prefix.length)));
        found += ours.length;
        return ours.length === 0 ? undefined : reported(removal.remove(node, ours, true));
      };
    }, new RedisPasses(nodes, all, how));
    others.isComplete = true;
  };

  /** @returns whether the last sweep has found keys, so that some may have been written back. */
  const sweepAll = async (): Promise<boolean> => {
    options.onPhase?.("clearing");
    await sweep(false);
    selected?.report(options);
    const isOver = found === 0 && (selected === undefined || removal.gone === 0);
    if (isOver) return false;
    options.onPhase?.("verifying");
    if (selected !== undefined) return true;
    await (others === undefined ? sweep(true) : wideSweep(others));
    return found > 0;
  };

  /** @param looks The maximum number of passes; the last one only counts. */
  const lookAgain = async (looks: number): Promise<ClearCounts> => {
    for (let look = 1;; look++) {
      const isLast = look === looks;
      let back = 0;
      let arrived = 0;
      await pass(() => {
        back = 0;
        arrived = 0;
        const removeBack = (node: RedisNode, old: readonly Buffer[]) => {
          back += old.length;
          if (!isLast) return reported(removal.removeAgain(node, old));
          removal.comeBack(old.length);
          return undefined;
        };
        if (selected === undefined) {
          return (node, keys) => {
            const split = removal.split(keys);
            arrived += split.new.length;
            return removeBack(node, split.old);
          };
        }
        return (node, keys) => {
          const unknown = removal.unspared(keys);
          if (unknown.length === 0) return undefined;
          return (async () => {
            const split = removal.split(unknown);
            const removed = split.old.length > 0 ? await removeBack(node, split.old) : undefined;
            const { meant, moved } = await selected.among(node, split.new);
            arrived += meant.length;
            return moved ? "moved" : removed ?? "read";
          })();
        };
      });
      const cleared = removal.gone;
      if (back === 0) return { cleared, remaining: 0, arrived };
      if (isLast) return { cleared, remaining: back, kept: false, arrived };
    }
  };

  const withDoubt = (error: unknown) => {
    const { inDoubt } = removal;
    if (inDoubt === 0 || !(error instanceof OperationError)) return error;
    return extended(error, `up to ${inDoubt} more session(s) may be gone`);
  };

  return {
    async run() {
      try {
        const counts = await sweepAll()
          ? await lookAgain(MOST_LOOKS)
          : { cleared: removal.gone, remaining: 0, arrived: 0 };
        await passes.checkStrays();
        return counts;
      } catch (error) {
        throw withDoubt(error);
      }
    },
    async runAgain(looksOnly) {
      options.onPhase?.("verifying");
      const before = removal.again;
      try {
        const counts = await lookAgain(looksOnly ? 1 : MOST_LOOKS);
        return { ...counts, again: removal.again - before };
      } catch (error) {
        throw withDoubt(error);
      }
    },
  };
}
