/**
 * Clears the keys of one prefix, and proves it.
 *
 * 1. Sweeps: every key is removed, until a sweep has seen every server from its beginning to its
 *    end with nothing in its way; then, where it found anything, once more.
 * 2. Looks again: what is there now and was removed before has come back and is removed again;
 *    what was not there before has been written since, and is none of the sessions from the start.
 */
import { OperationError } from "../../core/errors.ts";
import type { ClearCounts, ClearOptions } from "../contract.ts";
import { Pace } from "../pace.ts";
import { RedisPasses } from "./passes.ts";
import type { Removed } from "./removed.ts";
import { Remover } from "./removal.ts";
import type { RedisNodes } from "./nodes.ts";
import type { KeySpace } from "./walk.ts";

/** Keys of ours that one SCAN finds: more buy no speed and let other clients wait (measured). */
const BATCH = 500;

/** Times as many that it looks at where few are ours: else the ways to the server take longer. */
const STRETCH = 4;

/** Milliseconds that a SCAN, and the UNLINKs before it, may keep waiting: else it is busy. */
export const MAX_LATENCY = 20;

/** Looks at what has come back, before it is said that it does. */
const MOST_LOOKS = 4;

export class RedisClear {
  readonly #passes: RedisPasses;
  readonly #options: ClearOptions;
  readonly #removed: Removed;
  readonly #remover: Remover;
  /** How many were gone when the present pass began; what it has found; how much it looked at. */
  #before = 0;
  #found = 0;
  #share = 0;

  /** @param removed Nothing; or, to go on with a clear, what that has removed. */
  constructor(nodes: RedisNodes, keys: KeySpace, options: ClearOptions, removed: Removed) {
    const defaults = { batch: BATCH, stretch: STRETCH, maxLatency: MAX_LATENCY };
    this.#options = options;
    this.#removed = removed;
    this.#remover = new Remover(removed, () => this.#progress());
    this.#passes = new RedisPasses(nodes, keys, {
      signal: options.signal,
      pace: () => new Pace(options.budget ?? {}, defaults),
      onLooked: (share) => {
        this.#share = share;
        this.#progress();
      },
    });
  }

  run(): Promise<ClearCounts> {
    return this.#run().catch((error: unknown) => {
      throw this.#withUnknown(error);
    });
  }

  /**
   * Removes what has come back, and nothing else.
   * @param looksOnly Whether not even that.
   */
  async runAgain(looksOnly: boolean): Promise<ClearCounts> {
    this.#options.onPhase?.("verifying");
    const before = this.#removed.again;
    const counts = await this.#look(looksOnly ? MOST_LOOKS : 1).catch((error: unknown) => {
      throw this.#withUnknown(error);
    });
    return { ...counts, again: this.#removed.again - before };
  }

  async #run(): Promise<ClearCounts> {
    for (let sweep = 1; sweep <= 2; sweep++) {
      this.#options.onPhase?.(sweep === 1 ? "clearing" : "verifying");
      await this.#passes.untilComplete(() => {
        this.#beginPass();
        const again = sweep > 1 || this.#passes.hasFailed;
        return (node, keys) => {
          this.#found += keys.count;
          return this.#remover.remove(node, keys, again);
        };
      });
      this.#settle();
      if (this.#found === 0) return { cleared: this.#removed.gone, remaining: 0, arrived: 0 };
    }
    return await this.#look();
  }

  async #look(from = 1): Promise<ClearCounts> {
    for (let look = from;; look++) {
      let [back, arrived] = [0, 0];
      const isLast = look === MOST_LOOKS;
      await this.#passes.untilComplete(() => {
        this.#beginPass();
        [back, arrived] = [0, 0];
        return (node, keys) => {
          const { yes: old, no: fresh } = this.#removed.known(keys);
          back += old.count;
          arrived += fresh.count;
          if (old.count === 0) return undefined;
          if (!isLast) return this.#remover.removeAgain(node, old);
          this.#removed.comeBack(old.count);
        };
      });
      this.#settle();
      const cleared = this.#removed.gone;
      if (back === 0) return { cleared, remaining: 0, arrived };
      if (isLast) return { cleared, remaining: back, kept: false, arrived };
    }
  }

  #settle(): void {
    this.#removed.settle();
    this.#progress();
  }

  #beginPass(): void {
    this.#removed.beginPass();
    [this.#before, this.#found, this.#share] = [this.#removed.gone, 0, 0];
  }

  #progress(): void {
    const { gone, inDoubt } = this.#removed;
    const total = this.#before + Math.round(this.#found / this.#share);
    this.#options.onProgress(gone, this.#share > 0 ? total : undefined, inDoubt);
  }

  #withUnknown(error: unknown): unknown {
    const { inDoubt: unknown } = this.#removed;
    if (unknown === 0 || !(error instanceof OperationError)) return error;
    return new OperationError(
      `${error.message}; whether up to ${unknown} more session(s) are gone is not known`,
      { hint: error.hint ?? "Running the command again is safe", cause: error },
    );
  }
}
