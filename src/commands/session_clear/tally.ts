/** What is known of a clear at any moment: it may be cut off at every one. */
import type { ClearOptions } from "../../backends/contract.ts";

/**
 * What a pass counts: sessions that are not counted yet; all, those of the passes before too; or
 * its own, of which some may be counted already.
 */
export type Counting = "more" | "all" | "its own";

/** Counts over passes. */
export class Tally {
  /** How many sessions are gone for certain. */
  cleared = 0;
  /** An estimate of how many there were in all; undefined where there is none. */
  total: number | undefined;
  /** Whether anything may have been removed yet. */
  begun = false;
  /** Whether a store has been asked to remove something, and has not ended that. */
  underWay = false;
  /** Whether a store has lost an answer, and does not know yet what became of that. */
  #inDoubt = false;
  /** What the last pass that had any says to do next. */
  advice: string | undefined;
  #before = 0;
  #counting: Counting = "more";
  readonly #tell: ClearOptions["onProgress"] | undefined;

  constructor(tell?: ClearOptions["onProgress"]) {
    this.#tell = tell;
  }

  /** Whether more than is known may be gone. */
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
    // As many at least: how many of them are counted twice in a sum, nobody knows.
    return this.#counting === "more" ? this.#before + count : Math.max(this.#before, count);
  }
}
