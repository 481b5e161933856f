/** What is said of a clear that did not come to its end: how many are gone, and how many may be. */
import { type AzuError, OperationError } from "../../core/errors.ts";

export interface Progress {
  /** How many there were at the start. */
  readonly rows: number;
  /** Whether that is no guess. */
  readonly isExact: boolean;
  readonly cleared: number;
  /** The most that batches can have removed whose answer never came. */
  readonly unknown: number;
}

/** @param progress Undefined where nothing had been begun. */
export function withCounts(error: AzuError, progress: Progress | undefined): AzuError {
  if (progress === undefined) return error;
  const hint = /safe/.test(error.hint ?? "")
    ? error.hint
    : [error.hint, "Running the command again is safe"].filter(Boolean).join("; ");
  return new OperationError(`${error.message}; ${counts(progress)}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

/** Whether rows that were removed have come back, to be removed, and counted, again. */
export class Returns {
  #seen = false;
  #first: { readonly removed: number; readonly left: number } | undefined;
  #left = 0;

  /** After a pass: what it has removed, and what of the start's rows was there then. */
  after(removed: number, left: number): void {
    if (this.#first === undefined) this.#first = { removed, left };
    else if (removed > this.#left - left) this.#seen = true;
    this.#left = left;
  }

  get seen(): boolean {
    return this.#seen;
  }

  /** How many can be gone for good: where some were seen to come back, all that the first pass left. */
  get mostGone(): number {
    if (!this.#seen || this.#first === undefined) return Infinity;
    const { removed, left } = this.#first;
    return Math.max(0, removed - left) + left - this.#left;
  }
}

function counts({ rows, isExact, cleared, unknown }: Progress): string {
  // A guess may be far too low, where nobody has counted the table for long.
  const of = `of ${isExact ? "" : "about "}${Math.max(rows, cleared)} session(s)`;
  const others = Math.max(0, rows - cleared);
  if (unknown > 0) {
    const more = isExact ? Math.min(others, unknown) : unknown;
    return `${cleared} ${of} are certainly gone, and up to ${more} more may be`;
  }
  if (cleared === 0) return `none ${of} is gone`;
  return `${cleared} ${of} are gone, ` + (isExact ? `up to ${others} remain` : "others may remain");
}
