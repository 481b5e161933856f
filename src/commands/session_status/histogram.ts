/** How times are spread over sessions. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The times from the end of the bucket before to that of this one. */
export interface Bucket {
  /** The end, in milliseconds, exclusively; null for the last bucket, which has none. */
  readonly below: number | null;
  /** The part of all sessions: 0 to 1. */
  readonly share: number;
}

/** The ends of the buckets. They are always the same, so that histograms can be compared. */
const BELOW = [10 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY] as const;

/**
 * @param times In milliseconds, none below 0.
 * @param all How many sessions there are, with those that have no time.
 */
export function histogram(times: readonly number[], all: number): readonly Bucket[] {
  const counts = new Array<number>(BELOW.length + 1).fill(0);
  for (const time of times) {
    const found = BELOW.findIndex((below) => time < below);
    const place = found === -1 ? BELOW.length : found;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts.map((count, place) => ({
    below: BELOW[place] ?? null,
    share: all === 0 ? 0 : count / all,
  }));
}
