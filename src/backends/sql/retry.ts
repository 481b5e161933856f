/** Trying again, if that is safe and may help, for as long as an operator would wait. */
import { type Pace, sleep } from "../pace.ts";
import type { SqlSession } from "./store.ts";

/**
 * What a failure means for the work:
 * - `lost`: the connection is gone, and the answer with it. The server may have done the work.
 * - `busy`: others are in the way at the moment.
 * - `slow`: the batch was too large for its time limit.
 * - `final`: trying again does not help.
 *
 * After `busy` and `slow`, the server has undone the batch, if it can.
 */
export type Fault = "lost" | "busy" | "slow" | "final";

/** Milliseconds without progress until a clear gives up. */
const PATIENCE = 10_000;

/** Milliseconds before the first new attempt; doubled from attempt to attempt up to the longest. */
const FIRST_REST = 50;
const LONGEST_REST = 1600;

/** Repeats the steps of a clear. */
export class Retry {
  readonly #session: SqlSession;
  readonly #faultOf: (error: unknown) => Fault;
  readonly #signal: AbortSignal;
  readonly #pace: Pace;
  /** Whether the smallest batch was too slow once. */
  #wasTooSlow = false;
  /** The first failure since the last progress, and when it happened. */
  #failed: { readonly first: unknown; readonly at: number } | undefined;
  #rest = FIRST_REST;
  #isConnected = true;

  constructor(
    session: SqlSession,
    faultOf: (error: unknown) => Fault,
    signal: AbortSignal,
    pace: Pace,
  ) {
    this.#session = session;
    this.#faultOf = faultOf;
    this.#signal = signal;
    this.#pace = pace;
  }

  /**
   * @param step Safe to repeat.
   * @param onFault Called before the step is repeated, or its failure thrown.
   * @throws the signal's reason; else the first failure, if it persists.
   */
  async run<T>(step: () => Promise<T>, onFault?: (fault: Fault) => void): Promise<T> {
    for (;;) {
      this.#signal.throwIfAborted();
      let hasBegun = false;
      try {
        if (!this.#isConnected) await this.#session.reconnect?.(this.#signal);
        this.#isConnected = true;
        hasBegun = true;
        const result = await step();
        this.#failed = undefined;
        this.#rest = FIRST_REST;
        return result;
      } catch (error) {
        const fault = this.#faultOf(error);
        if (hasBegun) onFault?.(fault);
        this.#signal.throwIfAborted();
        await this.#after(error, fault);
      }
    }
  }

  async #after(error: unknown, fault: Fault): Promise<void> {
    if (fault === "final") throw error;
    if (fault === "slow") return this.#makeSmaller(error);
    // The failures to reconnect that follow a lost connection say less than its loss.
    this.#failed ??= { first: error, at: performance.now() };
    if (performance.now() - this.#failed.at + this.#rest > PATIENCE) throw this.#failed.first;
    if (fault === "lost") this.#isConnected = false;
    else this.#pace.shrink();
    await sleep(this.#rest, this.#signal);
    this.#rest = Math.min(LONGEST_REST, this.#rest * 2);
  }

  #makeSmaller(error: unknown): void {
    if (this.#pace.batch > 1) {
      this.#pace.shrink();
    } else if (this.#wasTooSlow) {
      throw error;
    } else {
      this.#wasTooSlow = true;
    }
  }
}
