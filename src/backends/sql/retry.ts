/** Trying again, where that is safe and may help, for as long as an operator would wait. */
import { type Pace, sleep } from "../pace.ts";

/**
 * What a failure means for the work: `lost` is a connection that is gone, and with it the answer;
 * `busy` is what others do at this moment; `slow` is a batch that was too large for its time. In
 * the last two the server has undone the batch, where it can. All else is `final`.
 */
export type Fault = "lost" | "busy" | "slow" | "final";

interface Mendable {
  /** False where what a batch has done stays done, however it ends. */
  readonly undoes?: boolean;
  faultOf(error: unknown): Fault;
  mend(): Promise<void>;
  relax(): void;
}

/** Milliseconds without anything done, after which it is given up. */
const PATIENCE = 10_000;

/** Milliseconds between attempts: doubled from the first to the last. */
const [FIRST_REST, LAST_REST] = [50, 1600];

export class Patience {
  readonly #store: Mendable;
  readonly #signal: AbortSignal;
  readonly #pace: Pace;
  #relaxed = false;
  /** The first failure since something was done, and when it was. */
  #failed: { readonly first: unknown; readonly at: number } | undefined;
  #rest: number = FIRST_REST;
  #connected = true;

  constructor(store: Mendable, signal: AbortSignal, pace: Pace) {
    this.#store = store;
    this.#signal = signal;
    this.#pace = pace;
  }

  /**
   * @param work Safe to repeat.
   * @param onLost Called where it may have been done, or a part of it, all the same.
   * @throws what was in the way first, when it stays there; an interruption wins.
   */
  async with<T>(work: () => Promise<T>, onLost?: () => void): Promise<T> {
    for (;;) {
      this.#signal.throwIfAborted();
      let began = false;
      try {
        if (!this.#connected) await this.#store.mend();
        this.#connected = true;
        began = true;
        const result = await work();
        this.#failed = undefined;
        this.#rest = FIRST_REST;
        return result;
      } catch (error) {
        const fault = this.#store.faultOf(error);
        if (began && (fault === "lost" || this.#store.undoes === false)) onLost?.();
        this.#signal.throwIfAborted();
        await this.#after(error, fault);
      }
    }
  }

  async #after(error: unknown, fault: Fault): Promise<void> {
    if (fault === "final") throw error;
    if (fault === "slow") return this.#smaller(error);
    // What follows a lost connection says less than that it was lost.
    this.#failed ??= { first: error, at: performance.now() };
    if (performance.now() - this.#failed.at + this.#rest > PATIENCE) throw this.#failed.first;
    if (fault === "lost") this.#connected = false;
    else this.#pace.shrink();
    await sleep(this.#rest, this.#signal);
    this.#rest = Math.min(LAST_REST, this.#rest * 2);
  }

  #smaller(error: unknown): void {
    if (this.#pace.batch > 1) this.#pace.shrink();
    else if (this.#relaxed) throw error;
    else {
      this.#relaxed = true;
      this.#store.relax();
    }
  }
}
