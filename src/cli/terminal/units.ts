/** Times and sizes for a reader. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Units of time, and up to how many of the next smaller unit are written. */
const UNITS = [
  ["s", SECOND, 90 * SECOND],
  ["min", MINUTE, 90 * MINUTE],
  ["h", HOUR, 48 * HOUR],
  ["d", DAY, 2 * YEAR],
  ["y", YEAR, Infinity],
] as const;

/** A time as seen from now: `3 h ago`, `in 6 d`, `now`. @param milliseconds Since then. */
export function agoText(milliseconds: number): string {
  const distance = Math.abs(milliseconds);
  if (distance < SECOND) return "now";
  const text = spanText(distance);
  return milliseconds < 0 ? `in ${text}` : `${text} ago`;
}

/** A time in its usual unit: `3 h`. */
export function spanText(milliseconds: number): string {
  const [unit, size] = UNITS.find(([, , most]) => milliseconds < most) ?? UNITS[4];
  return `${Math.round(milliseconds / size)} ${unit}`;
}

/** A number of bytes: `312 B`, `1.2 KiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${"KMGT".charAt(power - 1)}iB`;
}

/** A whole number with commas: `1,204,331`. */
export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** A share: `98%`; `<1%` if it is not zero. */
export function shareText(share: number): string {
  if (share > 0 && share < 0.01) return "<1%";
  return `${share > 0.99 && share < 1 ? 99 : Math.round(share * 100)}%`;
}
