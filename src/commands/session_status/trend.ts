/** How figures change while a status is watched. */
import type { Status } from "./status.ts";

/** The most statuses that are kept. The longest sparkline has room for them. */
const MOST = 60;

/** Statuses in the order of time. The oldest are forgotten. */
export class Trend {
  readonly #statuses: Status[] = [];

  add(status: Status): void {
    this.#statuses.push(status);
    if (this.#statuses.length > MOST) this.#statuses.shift();
  }

  /** The numbers of sessions. */
  get sessions(): readonly number[] {
    return this.#statuses.map(({ figures }) => figures.sessions?.value ?? 0);
  }

  /** How much a figure changes in a millisecond; undefined as long as that is not known. */
  rateOf(name: "sessions" | "memoryUsed"): number | undefined {
    const [first] = this.#statuses;
    const last = this.#statuses.at(-1);
    if (first === undefined || last === undefined || last.time <= first.time) return undefined;
    const before = first.figures[name]?.value;
    const now = last.figures[name]?.value;
    if (before === undefined || now === undefined) return undefined;
    return (now - before) / (last.time - first.time);
  }

  /**
   * In how many milliseconds the memory is full if it goes on growing like this; undefined if it
   * does not grow or has no limit, or if fewer than three statuses are known.
   */
  get untilFull(): number | undefined {
    const { memoryUsed, memoryLimit } = this.#statuses.at(-1)?.figures ?? {};
    const rate = this.rateOf("memoryUsed");
    const isKnown = memoryUsed !== undefined && memoryLimit !== undefined && rate !== undefined;
    if (!isKnown || rate <= 0 || this.#statuses.length < 3) return undefined;
    return Math.max(0, memoryLimit.value - memoryUsed.value) / rate;
  }
}
