/** How hard a clear may work. It slows down before other clients of the store notice. */

/** The operator's limits. Durations are in milliseconds. */
export interface Budget {
  /** Sessions or scanned keys per batch, at most. */
  readonly batch?: number;
  /** Rest after each batch. */
  readonly pause?: number;
  /** Slow down if a batch takes longer. */
  readonly maxLatency?: number;
}

export interface PaceDefaults {
  readonly batch: number;
  /** The size of the first batch, when it is not known how large sessions are. */
  readonly first?: number;
  /** How many times more a batch may scan if it finds few sessions; default 1. */
  readonly stretch?: number;
  /** The smallest batch; default: a fiftieth of the largest. */
  readonly least?: number;
  readonly maxLatency: number;
  /**
   * Milliseconds: rest after each batch for as long as it took, but at most this. For stores whose
   * batches block all other writers.
   */
  readonly turn?: number;
}

/** The smallest batch as a part of the largest, so that the work ends. */
const SMALLEST_PART = 1 / 50;

/** The growth from one batch to the next, if the store was quick. */
const GROWTH = 1.25;

/** Milliseconds: the longest rest because a batch was slow. */
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
  /** Whether it is still growing from the first batch. */
  #starting: boolean;
  /** The quickest answer so far, once the distance of the store is known. */
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

  /** The size of the next batch. */
  get batch(): number {
    return Math.max(1, Math.round(this.#batch));
  }

  /**
   * How much the next batch may scan.
   * @param part How much of the last one was work: about 0 to 1.
   */
  lookAt(part: number): number {
    return Math.round(this.batch * Math.max(1, Math.min(this.#stretch, 1 / part)));
  }

  /** Makes the next batch much smaller, because the last one failed. */
  shrink(): void {
    this.#batch = Math.max(1, this.#batch / 4);
  }

  /**
   * Records the time of an answer that costs the store nothing, such as connecting: a distant store
   * is not a slow one, and batches alone do not show the difference.
   * @param roundTrip An upper bound in milliseconds.
   */
  distance(roundTrip: number): void {
    this.#distance = Math.min(this.#distance ?? Infinity, roundTrip);
  }

  /**
   * Call after each batch. Rests as the operator wants, or for as long as a slow batch took.
   * @param latency Milliseconds that the batch took, including the round trip.
   * @param awaited Whether another client was waiting for the batch to end.
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

/** Returns early, without an error, when the signal is aborted. */
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
