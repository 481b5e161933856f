/** How hard a clear may work: it slows down before other clients of the store notice. */

/** What the operator allows; durations in milliseconds. */
export interface Budget {
  /** Sessions, or keys looked at, in one batch at the most. */
  readonly batch?: number;
  /** Rest after each batch. */
  readonly pause?: number;
  /** How long the store may keep a batch waiting; above that, the work slows down. */
  readonly maxLatency?: number;
}

/** What an adapter does where the operator says nothing. */
export interface PaceDefaults {
  readonly batch: number;
  /** What to begin with, where nothing is known of how heavy one session is. */
  readonly first?: number;
  /** How many times as much a batch may look at where little of it is any work; by default, once. */
  readonly stretch?: number;
  /** The smallest batch; by default a part of the largest. */
  readonly least?: number;
  readonly maxLatency: number;
  /**
   * Milliseconds: rest after each batch for as long as it took, but at most this. For stores whose
   * batches block all other writers.
   */
  readonly turn?: number;
}

/** The part of the largest batch that is never undercut, so that the work has an end. */
const SMALLEST_PART = 1 / 50;

/** From one batch to the next, where the store was quick. */
const GROWTH = 1.25;

/** Milliseconds: the longest rest that is taken by itself. */
const LONGEST_REST = 1000;

/** The pace of the work on one server. */
export class Pace {
  readonly #largest: number;
  readonly #least: number;
  readonly #stretch: number;
  readonly #turn: number;
  readonly #pause: number;
  readonly #maxLatency: number;
  #batch: number;
  /** Whether it is still on its way up from a small beginning. */
  #starting: boolean;
  /** The quickest answer so far, where it is known what one is that costs nothing. */
  #distance: number | undefined;

  constructor({ batch, pause = 0, maxLatency }: Budget, defaults: PaceDefaults) {
    this.#largest = batch ?? defaults.batch;
    this.#batch = Math.min(this.#largest, defaults.first ?? this.#largest);
    this.#starting = this.#batch < this.#largest;
    this.#least = defaults.least ?? this.#largest * SMALLEST_PART;
    this.#stretch = batch === undefined ? defaults.stretch ?? 1 : 1;
    this.#turn = defaults.turn ?? 0;
    this.#pause = pause;
    this.#maxLatency = maxLatency ?? defaults.maxLatency;
  }

  /** How much the next batch may take. */
  get batch(): number {
    return Math.max(1, Math.round(this.#batch));
  }

  /**
   * How much the next batch may look at.
   * @param part How much of the last one was work; 0 to 1, or somewhat more.
   */
  lookAt(part: number): number {
    return Math.round(this.batch * Math.max(1, Math.min(this.#stretch, 1 / part)));
  }

  /** Smaller next time, below what is otherwise the least: the last batch did not get through. */
  shrink(): void {
    this.#batch = Math.max(1, this.#batch / 4);
  }

  /**
   * Tells what an answer takes that costs the store nothing, such as to connect: a store that is
   * far away is not a slow one. From batches alone the two could not be told apart.
   * @param roundTrip Milliseconds, at the most.
   */
  distance(roundTrip: number): void {
    this.#distance = Math.min(this.#distance ?? Infinity, roundTrip);
  }

  /**
   * After each batch: rests, as the operator wants it, or as long as the store has been kept busy.
   * @param latency What the batch took, in milliseconds, the way there and back included.
   * @param awaited Whether somebody was seen to wait for it to end.
   */
  async after(latency: number, signal: AbortSignal, awaited = false): Promise<void> {
    if (this.#distance !== undefined) this.distance(latency);
    const busy = latency - (this.#distance ?? 0);
    const isSlow = busy > this.#maxLatency;
    if (!awaited && busy < this.#maxLatency / 2) {
      this.#batch = Math.min(this.#largest, this.#batch * (this.#starting ? 2 : GROWTH));
    } else {
      this.#starting = false;
    }
    if (awaited || isSlow) {
      this.#batch = Math.min(this.#batch, Math.max(this.#least, this.#batch / 2));
    }
    const turn = Math.min(busy, isSlow ? LONGEST_REST : this.#turn);
    const rest = Math.max(this.#pause, turn);
    if (rest > 0) await sleep(rest, signal);
  }
}

/** Ends at once, and without an error, when the signal does. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, milliseconds);
  signal.addEventListener("abort", end, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", end);
}
