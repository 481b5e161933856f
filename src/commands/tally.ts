/** What is known of a clear at any moment: it may be cut off at every one. */
import type { ClearOptions } from "../backends/contract.ts";
import { wholeNumber } from "./backend_answers.ts";

/** Counts over passes, each of which counts from zero. */
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
  readonly #tell: ClearOptions["onProgress"] | undefined;

  constructor(tell?: ClearOptions["onProgress"]) {
    this.#tell = tell;
  }

  /** Whether more than is known may be gone. */
  get isUncertain(): boolean {
    return this.underWay || this.#inDoubt;
  }

  /** @throws {OperationError} where the store tells no number. */
  progress(inThisPass: unknown, total?: unknown, inDoubt?: unknown): void {
    this.cleared = this.#before + wholeNumber(inThisPass);
    this.#inDoubt = Number(inDoubt) > 0;
    if (Number.isFinite(total)) this.total = this.#before + Number(total);
    this.#tell?.(this.cleared, this.total);
  }

  endPass(inThisPass: unknown): void {
    this.progress(inThisPass);
    this.#before = this.cleared;
  }
}
