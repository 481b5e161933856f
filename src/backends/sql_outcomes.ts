/** What is said of a clear that did not come to its end: how many are gone, and how many may be. */
import { type AzuError, OperationError } from "../core/errors.ts";

export interface Progress {
  /** How many there were at the start. */
  readonly start: number;
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

function counts({ start, cleared, unknown }: Progress): string {
  const others = Math.max(0, start - cleared);
  if (unknown > 0) {
    const more = Math.min(others, unknown);
    return `${cleared} of ${start} session(s) are certainly gone, and up to ${more} more may be`;
  }
  if (cleared === 0) return `none of ${start} session(s) is gone`;
  return `${cleared} of ${start} session(s) are gone, up to ${others} remain`;
}
