/** Collects sessions to batches, and works on one while the next is read. */
import type { StoredSession } from "../../backends/stored.ts";

/** Bytes of payloads in a batch. */
const MOST_BYTES = 4 << 20;

export class Batches {
  readonly #size: () => number;
  readonly #work: (sessions: readonly StoredSession[]) => Promise<void>;
  #batch: StoredSession[] = [];
  #bytes = 0;
  #underWay: Promise<void> = Promise.resolve();

  /**
   * @param size The most sessions in a batch.
   * @param work Is not called again before it has ended, nor after it has failed.
   */
  constructor(
    size: () => number,
    work: (sessions: readonly StoredSession[]) => Promise<void>,
  ) {
    this.#size = size;
    this.#work = work;
  }

  /** Waits as long as both a batch and the next one are full. */
  async add(sessions: readonly StoredSession[]): Promise<void> {
    for (const session of sessions) {
      this.#batch.push(session);
      this.#bytes += session.payload.length;
      if (this.#batch.length >= this.#size() || this.#bytes >= MOST_BYTES) await this.#next();
    }
  }

  /** Works on the last batch. */
  async end(): Promise<void> {
    if (this.#batch.length > 0) await this.#next();
    await this.#underWay;
  }

  /** Waits for the batch that is under way, whether it fails or not. */
  async settled(): Promise<void> {
    await this.#underWay.catch(() => {});
  }

  async #next(): Promise<void> {
    await this.#underWay;
    const batch = this.#batch;
    this.#batch = [];
    this.#bytes = 0;
    this.#underWay = this.#work(batch);
    this.#underWay.catch(() => {}); // the next call throws it
  }
}
