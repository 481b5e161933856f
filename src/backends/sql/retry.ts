/** Trying again, if that is safe and may help, for as long as an operator would wait. */
import { type Pace, sleep } from "../pace.ts";

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

interface Work {
  /** False if what a batch has done stays done, whatever error it ends with. Default true. */
  readonly undoes?: boolean;
  relax?(): void;
}

interface Connection {
  faultOf(error: unknown): Fault;
  reconnect(): Promise<void>;
}

/** Milliseconds without progress until a clear gives up. */
const PATIENCE = 10_000;

/** Milliseconds before the first new attempt; doubled from attempt to attempt up to the longest. */
const FIRST_REST = 50;
const LONGEST_REST = 1600;

/** Repeats the steps of a clear. */
export class Retry {
  readonly #work: Work;
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  readonly #pace: Pace;
  #isRelaxed = false;
  /** The first failure since the last progress, and when it happened. */
  #failed: { readonly first: unknown; readonly at: number } | undefined;
  #rest = FIRST_REST;
  #isConnected = true;

  constructor(work: Work, connection: Connection, signal: AbortSignal, pace: Pace) {
    this.#work = work;
    this.#connection = connection;
    this.#signal = signal;
    this.#pace = pace;
  }

  /**
   * @param step Safe to repeat.
   * @param onDoubt Called if the step has failed, but may be done, in part or in whole.
   * @throws the signal's reason; else the first failure, if it persists.
   */
  async run<T>(step: () => Promise<T>, onDoubt?: () => void): Promise<T> {
    for (;;) {
      this.#signal.throwIfAborted();
      let hasBegun = false;
      try {
        if (!this.#isConnected) await this.#connection.reconnect();
        this.#isConnected = true;
        hasBegun = true;
        const result = await step();
        this.#failed = undefined;
        this.#rest = FIRST_REST;
        return result;
      } catch (error) {
        const fault = this.#connection.faultOf(error);
        if (hasBegun && (fault === "lost" || this.#work.undoes === false)) onDoubt?.();
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
    } else if (!this.#isRelaxed) {
      this.#isRelaxed = true;
      this.#work.relax?.();
    } else {
      throw error;
    }
  }
}

/** Milliseconds that a single statement waits in all for another process, and between attempts. */
const LOCK_PATIENCE = 5000;
const LOCK_REST = 50;

/**
 * Repeats a single step while another process holds a lock.
 * @throws the signal's reason; else what the step throws.
 */
export async function whileLocked<T>(
  step: () => T,
  isLocked: (error: unknown) => boolean,
  signal: AbortSignal,
): Promise<T> {
  const end = performance.now() + LOCK_PATIENCE;
  for (;;) {
    signal.throwIfAborted();
    try {
      return step();
    } catch (error) {
      if (!isLocked(error) || performance.now() > end) throw error;
      await sleep(LOCK_REST, signal);
    }
  }
}
