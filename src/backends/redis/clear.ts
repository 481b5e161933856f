/**
 * Clears the keys of one prefix, and proves it.
 *
 * 1. Sweeps: removes every key it finds, until one sweep has covered all servers without a
 *    failure. If that sweep found keys, it makes one more.
 * 2. Looks again: a removed key that is there again has been written back, and is removed again.
 *    Any other key was written after the clear began, so this clear need not remove it.
 */
import { Buffer } from "node:buffer";
import { extended, OperationError } from "../../core/errors.ts";
import type { ClearCounts, ClearOptions } from "../contract.ts";
import { Pace } from "../pace.ts";
import { LOOK_ALIKES, type LookAlikes } from "./look_alikes.ts";
import type { RedisNodes } from "./nodes.ts";
import { type PassesOptions, RedisPasses, type Visit } from "./passes.ts";
import type { Removal } from "./removal.ts";
import type { KeySpace } from "./walk.ts";

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

/**
 * @param removal A new one or, if this clear continues another one, that of the other.
 * @param others Receives the look-alikes that the verifying pass sees; undefined if it cannot see
 *   them, because their pattern does not match the prefix.
 */
export function redisClear(
  nodes: RedisNodes,
  keys: KeySpace,
  options: ClearOptions,
  removal: Removal,
  others?: LookAlikes,
): RedisClear {
  /** Sessions gone before this pass, keys that it has found, and the share of all keys scanned. */
  let goneBefore = 0;
  let found = 0;
  let share = 0;

  const report = () => {
    const total = goneBefore + Math.round(found / share);
    options.onProgress(removal.gone, share > 0 ? total : undefined, removal.inDoubt);
  };
  const reported = (work: Promise<boolean>) => work.finally(report);

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
      return (node, keys) => {
        found += keys.length;
        return reported(removal.remove(node, keys, again));
      };
    });

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

  /** @param looks The maximum number of passes; the last one only counts. */
  const lookAgain = async (looks: number): Promise<ClearCounts> => {
    for (let look = 1;; look++) {
      const isLast = look === looks;
      let back = 0;
      let arrived = 0;
      await pass(() => {
        back = 0;
        arrived = 0;
        return (node, keys) => {
          const split = removal.split(keys);
          back += split.old.length;
          arrived += split.new.length;
          if (!isLast) return reported(removal.removeAgain(node, split.old));
          removal.comeBack(split.old.length);
          return undefined;
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
        for (const phase of ["clearing", "verifying"] as const) {
          options.onPhase?.(phase);
          const isSecond = phase === "verifying";
          if (isSecond && others !== undefined) await wideSweep(others);
          else await sweep(isSecond);
          if (found > 0) continue;
          await passes.checkStrays();
          return { cleared: removal.gone, remaining: 0, arrived: 0 };
        }
        const counts = await lookAgain(MOST_LOOKS);
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
