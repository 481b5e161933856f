/** Whether a value is an object with string keys: not null, not an array, not a function. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Levels that are merged; an object may contain itself. */
const DEEPEST = 16;

/**
 * Two plain objects as one: the second wins, key by key and all the way down. Undefined wins
 * over nothing; arrays and functions are taken whole.
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
