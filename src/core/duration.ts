const MILLISECONDS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 604_800_000],
]);

/** A duration as text: `"500ms"`, `"45s"`, `"15m"`, `"1h"`, `"30d"`, `"2w"`. */
export type Duration = `${bigint}${"ms" | "s" | "m" | "h" | "d" | "w"}`;

const DURATION = /^(\d{1,12})(ms|s|m|h|d|w)$/;

/** Ten years. No session lasts longer, and the seconds fit in 32 bits. */
const LONGEST = 3650 * 86_400_000;

/** A duration in milliseconds; undefined if it is not valid, zero, or over ten years. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = ""] = DURATION.exec(text) ?? [];
  const milliseconds = Number(amount) * (MILLISECONDS.get(unit) ?? NaN);
  return milliseconds > 0 && milliseconds <= LONGEST ? milliseconds : undefined;
}

/** The shortest text of a duration: `"10m"`. @param milliseconds A whole number above 0. */
export function durationText(milliseconds: number): string {
  const [unit, size] = [...MILLISECONDS].findLast(([, size]) => milliseconds % size === 0) ??
    ["ms", 1];
  return `${milliseconds / size}${unit}`;
}

/** A rough duration for a reader: `"8 s"`, `"3 min"`, `"2 h 5 min"`. */
export function roughly(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A number of milliseconds for a reader: `"350 ms"`, `"1.2 s"`. */
export function formatMilliseconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${milliseconds / 1000} s`;
}
