/** Keys and marks of rows of MySQL and MariaDB, in SQL. */
import { literal } from "./connection.ts";
import type { Mark } from "./table.ts";

/** A key as the driver reads it: a text, or bytes. */
export type Key = string | Uint8Array;

/**
 * The condition of the rows of the start.
 * @param highest Of the mark; null where none has one.
 */
export function withinOf(
  { sql, isNumber }: Mark,
  key: string | undefined,
  highest: string | null,
): string {
  if (highest === null) return `${sql} IS NULL`;
  const upTo = `${sql} <= ${written(highest, isNumber)}`;
  return sql === key ? upTo : `(${upTo} OR ${sql} IS NULL)`;
}

export function keyOf(value: unknown): Key | undefined {
  if (value === undefined || value === null) return undefined;
  return value instanceof Uint8Array ? value : String(value);
}

/** Numbers as such: compared with texts, large ones would lose their last digits. */
export function written(value: Key, isNumber: boolean): string {
  const isPlain = isNumber && typeof value === "string" && /^-?\d+(?:\.\d+)?$/.test(value);
  return isPlain ? value : literal(value);
}
