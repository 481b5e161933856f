/**
 * Clears the keys of one prefix, and proves it.
 *
 * 1. Sweeps: every key is removed, until a sweep has seen every server from its beginning to its
 *    end with nothing in its way; then, where it found anything, once more.
 * 2. Looks again: what is there now and was removed before has come back and is removed again;
 *    what was not there before has been written since, and is none of the sessions from the start.
 */
import { OperationError } from "../core/errors.ts";
import type { ClearCounts, ClearOptions } from "./contract.ts";
import { Pace } from "./pace.ts";
import { RedisPasses } from "./redis_passes.ts";
import type { RedisNode } from "./redis_node.ts";
import type { RedisNodes } from "./redis_nodes.ts";
import { absent, type KeySpace, unlink } from "./redis_sweep.ts";
import { countOf, forEachKey, partition, type RawKeys } from "./resp_scan.ts";
import { SeenKeys } from "./seen_keys.ts";

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
  readonly #removed = new SeenKeys();
  readonly #prefixLength: number;
  /** Keys whose answer never came: they are gone, or are not. */
  readonly #unknown: RawKeys[] = [];
  #cleared = 0;
  /** How many were gone when the present pass began; what it has found; how much it looked at. */
  #before = 0;
  #found = 0;
  #share = 0;

  constructor(nodes: RedisNodes, keys: KeySpace, options: ClearOptions) {
    const defaults = { batch: BATCH, stretch: STRETCH, maxLatency: MAX_LATENCY };
    this.#options = options;
    this.#prefixLength = keys.prefix.length;
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

  async #run(): Promise<ClearCounts> {
    for (let sweep = 1; sweep <= 2; sweep++) {
      this.#options.onPhase?.(sweep === 1 ? "clearing" : "verifying");
      await this.#passes.untilComplete(() => {
        this.#beginPass();
        const again = sweep > 1 || this.#passes.hasFailed;
        return (node, keys) => {
          this.#found += keys.count;
          return this.#remove(node, keys, again);
        };
      });
      this.#settle();
      if (this.#found === 0) return { cleared: this.#cleared, remaining: 0, arrived: 0 };
    }
    return await this.#look();
  }

  async #look(): Promise<ClearCounts> {
    for (let look = 1;; look++) {
      let [back, arrived] = [0, 0];
      const isLast = look === MOST_LOOKS;
      await this.#passes.untilComplete(() => {
        this.#beginPass();
        [back, arrived] = [0, 0];
        return (node, keys) => {
          const { yes: old, no: fresh } = this.#known(keys);
          back += old.count;
          arrived += fresh.count;
          return isLast || old.count === 0 ? undefined : this.#unlink(node, old, false);
        };
      });
      if (back === 0 || isLast) return { cleared: this.#cleared, remaining: back, arrived };
    }
  }

  /** @param again Whether some of these may have been removed, and counted, before. */
  async #remove(node: RedisNode, keys: RawKeys, again: boolean): Promise<boolean> {
    if (!again) return await this.#unlink(node, keys, true);
    const { yes: old, no: fresh } = this.#known(keys);
    const results = await Promise.all([
      old.count > 0 && this.#unlink(node, old, false),
      fresh.count > 0 && this.#unlink(node, fresh, true),
    ]);
    return results.includes(true);
  }

  /** @returns whether the cluster sent some of the keys elsewhere. */
  async #unlink(node: RedisNode, keys: RawKeys, counts: boolean): Promise<boolean> {
    const { removed, gone, unknown, moved, failure } = await unlink(node, keys);
    if (counts) {
      this.#cleared += removed;
      this.#unknown.push(...unknown);
    }
    if (removed > 0 || unknown.length > 0) this.#progress();
    // Fewer than were asked for: expired meanwhile, or never reached by the command.
    const isDoubtful = removed < countOf(gone);
    for (const group of gone) this.#remember(isDoubtful ? await absent(node, group) : group);
    if (failure !== undefined) throw failure;
    return moved;
  }

  #remember(keys: RawKeys): void {
    forEachKey(keys, (start, end) => {
      this.#removed.add(keys.bytes, start + this.#prefixLength, end);
    });
  }

  #known(keys: RawKeys): { readonly yes: RawKeys; readonly no: RawKeys } {
    const isKnown = (start: number, end: number) =>
      this.#removed.has(keys.bytes, start + this.#prefixLength, end);
    return partition(keys, isKnown);
  }

  /**
   * After a sweep that was complete: it has met all that were still there, and removed and counted
   * them; so the others are gone since their answer was lost.
   */
  #settle(): void {
    for (const keys of this.#unknown.splice(0)) {
      const { no: gone } = this.#known(keys);
      this.#cleared += gone.count;
      this.#remember(gone);
    }
    this.#progress();
  }

  #beginPass(): void {
    [this.#before, this.#found, this.#share] = [this.#cleared, 0, 0];
  }

  #progress(): void {
    const total = this.#before + Math.round(this.#found / this.#share);
    const inDoubt = countOf(this.#unknown);
    this.#options.onProgress(this.#cleared, this.#share > 0 ? total : undefined, inDoubt);
  }

  #withUnknown(error: unknown): unknown {
    const unknown = countOf(this.#unknown.map((keys) => this.#known(keys).no));
    if (unknown === 0 || !(error instanceof OperationError)) return error;
    return new OperationError(
      `${error.message}; whether up to ${unknown} more session(s) are gone is not known`,
      { hint: error.hint ?? "Running the command again is safe", cause: error },
    );
  }
}
