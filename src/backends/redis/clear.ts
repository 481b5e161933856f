/**
 * Clears the keys of one prefix, and proves it.
 *
 * 1. Sweeps: removes every key, until one sweep has seen every server from start to end without
 *    a failure; then once more, if it found anything.
 * 2. Looks again: a removed key that is there again has been written back, and is removed again.
 *    Any other key was written after the clear began, so it is not one of its sessions.
 */
import { OperationError } from "../../core/errors.ts";
import type { ClearCounts, ClearOptions } from "../contract.ts";
import { Pace } from "../pace.ts";
import type { RedisNodes } from "./nodes.ts";
import { RedisPasses } from "./passes.ts";
import type { Removal } from "./removal.ts";
import type { KeySpace } from "./walk.ts";

/** Keys per SCAN. More is not faster, and lets other clients wait longer (measured). */
const BATCH = 500;

/**
 * Where few scanned keys are sessions, scan up to this many times more per call, so that round
 * trips do not dominate.
 */
const STRETCH = 4;

/** Longest a SCAN may take (ms), queued UNLINKs included, before we slow down. */
export const MAX_LATENCY = 20;

/** Verification passes before we report that sessions keep coming back. */
const MOST_LOOKS = 4;

export class RedisClear {
  readonly #passes: RedisPasses;
  readonly #options: ClearOptions;
  readonly #removal: Removal;
  /** Sessions gone when this pass began, keys it has found, and the share of keys it has scanned. */
  #goneBefore = 0;
  #found = 0;
  #share = 0;

  /** @param removal A new one, or that of the clear that this one continues. */
  constructor(nodes: RedisNodes, keys: KeySpace, options: ClearOptions, removal: Removal) {
    const defaults = { batch: BATCH, stretch: STRETCH, maxLatency: MAX_LATENCY };
    this.#options = options;
    this.#removal = removal;
    this.#passes = new RedisPasses(nodes, keys, {
      signal: options.signal,
      pace: () => new Pace(options.budget ?? {}, defaults),
      onScanned: (share) => {
        this.#share = share;
        this.#report();
      },
    });
  }

  /** @throws {OperationError} with the number of sessions that may be gone besides. */
  async run(): Promise<ClearCounts> {
    try {
      for (const phase of ["clearing", "verifying"] as const) {
        this.#options.onPhase?.(phase);
        await this.#sweep(phase === "verifying");
        const cleared = this.#removal.gone;
        if (this.#found === 0) return { cleared, remaining: 0, arrived: 0 };
      }
      return await this.#look(MOST_LOOKS);
    } catch (error) {
      throw this.#withDoubt(error);
    }
  }

  /**
   * Removes what has been written back, and nothing else.
   * @param looksOnly Only counts it.
   */
  async runAgain(looksOnly: boolean): Promise<ClearCounts> {
    this.#options.onPhase?.("verifying");
    const before = this.#removal.again;
    try {
      const counts = await this.#look(looksOnly ? 1 : MOST_LOOKS);
      return { ...counts, again: this.#removal.again - before };
    } catch (error) {
      throw this.#withDoubt(error);
    }
  }

  async #sweep(isSecond: boolean): Promise<void> {
    await this.#passes.untilComplete(() => {
      this.#beginPass();
      const again = isSecond || this.#passes.hasFailed;
      return async (node, keys) => {
        this.#found += keys.length;
        return await this.#reported(this.#removal.remove(node, keys, again));
      };
    });
    this.#endPass();
  }

  /** @param looks Passes at most; the last one only counts. */
  async #look(looks: number): Promise<ClearCounts> {
    for (let look = 1;; look++) {
      const isLast = look === looks;
      let back = 0;
      let arrived = 0;
      await this.#passes.untilComplete(() => {
        this.#beginPass();
        back = 0;
        arrived = 0;
        return (node, keys) => {
          const split = this.#removal.split(keys);
          back += split.old.length;
          arrived += split.new.length;
          if (!isLast) return this.#reported(this.#removal.removeAgain(node, split.old));
          this.#removal.comeBack(split.old.length);
          return undefined;
        };
      });
      this.#endPass();
      const cleared = this.#removal.gone;
      if (back === 0) return { cleared, remaining: 0, arrived };
      if (isLast) return { cleared, remaining: back, kept: false, arrived };
    }
  }

  #beginPass(): void {
    this.#removal.beginPass();
    this.#goneBefore = this.#removal.gone;
    this.#found = 0;
    this.#share = 0;
  }

  #endPass(): void {
    this.#removal.endPass();
    this.#report();
  }

  async #reported(work: Promise<boolean>): Promise<boolean> {
    try {
      return await work;
    } finally {
      this.#report();
    }
  }

  #report(): void {
    const { gone, inDoubt } = this.#removal;
    const total = this.#goneBefore + Math.round(this.#found / this.#share);
    this.#options.onProgress(gone, this.#share > 0 ? total : undefined, inDoubt);
  }

  #withDoubt(error: unknown): unknown {
    const { inDoubt } = this.#removal;
    if (inDoubt === 0 || !(error instanceof OperationError)) return error;
    return new OperationError(
      `${error.message}; whether up to ${inDoubt} more session(s) are gone is not known`,
      { hint: error.hint ?? "Running the command again is safe", cause: error },
    );
  }
}
