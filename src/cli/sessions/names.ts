/** The words that the options about lists of sessions take. */

/** The fields of a session, in the order in which they are shown. */
export const fieldNames = [
  "handle",
  "user",
  "created",
  "visited",
  "expires",
  "size",
  "ip",
  "agent",
] as const;

export type FieldName = typeof fieldNames[number];

export const formats = ["table", "json", "ndjson", "csv", "handles"] as const;

export type Format = typeof formats[number];

export function isOneOf<const T extends string>(words: readonly T[], text: string): text is T {
  return words.some((word) => word === text);
}
