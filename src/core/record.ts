/** Whether a value is an object with string keys: not null, not an array, not a function. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The most levels that are merged: an object may contain itself. */
const DEEPEST = 16;

/**
 * Merges two plain objects deeply. The second wins, except for undefined values. Arrays and
 * functions are not merged.
 */
export function merge(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
  depth = 0,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const under = merged[key];
    if (value === undefined) continue;
    merged[key] = isRecord(under) && isRecord(value) && depth < DEEPEST
      ? merge(under, value, depth + 1)
      : value;
  }
  return merged;
}
