/** What is known about a clear at any moment, since it may be cut off at any moment. */
import type { ClearOptions } from "../../backends/contract.ts";

/**
 * What the count of a pass contains. `more`: only sessions that no earlier pass counted. `all`:
 * those of earlier passes too. `its own`: what it removed, some counted already.
 */
export type Counting = "more" | "all" | "its own";

/** Counts sessions over several passes. */
export class Tally {
  /** How many sessions are certainly gone. */
  cleared = 0;
  /** An estimate of how many sessions there were; undefined if there is none. */
  total: number | undefined;
  /** Whether anything may have been removed. */
  begun = false;
  /** Whether the store is removing something. */
  underWay = false;
  /** Whether the store has lost an answer, so that more may be gone. */
  #inDoubt = false;
  /** How many sessions could not be read, and so were not selected. */
  unreadable = 0;
  /** What the operator may want to do next. */
  advice: string | undefined;
  #before = 0;
  #counting: Counting = "more";
  readonly #tell: ClearOptions["onProgress"] | undefined;

  constructor(tell?: ClearOptions["onProgress"]) {
    this.#tell = tell;
  }

  /** Whether more sessions may be gone than is known. */
  get isUncertain(): boolean {
    return this.underWay || this.#inDoubt;
  }

  beginPass(counting: Counting): void {
    this.#counting = counting;
  }

  progress(inThisPass: number, total?: number, inDoubt = 0): void {
    this.cleared = this.#inAll(inThisPass);
    this.#inDoubt = inDoubt > 0;
    if (total !== undefined) this.total = this.#inAll(total);
    this.#tell?.(this.cleared, this.total);
  }

  endPass(inThisPass: number): void {
    this.progress(inThisPass);
    this.#before = this.cleared;
  }

  #inAll(count: number): number {
    if (this.#counting === "all") return count;
    // For "its own", only the larger number is certain. A sum could count sessions twice.
    return this.#counting === "more" ? this.#before + count : Math.max(this.#before, count);
  }
}
