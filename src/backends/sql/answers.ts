/** Reads values from rows as a driver returns them. */

/** An answer that no statement of ours has. */
export class InvalidAnswer extends Error {
  constructor() {
    super("The answer is not valid");
  }
}

export type Row = Readonly<Record<string, unknown>>;

/**
 * A column as text; null if it is NULL.
 * @throws {InvalidAnswer} if there is no such row or column.
 */
export function textIn(row: Row | undefined, column: string): string | null {
  const value = row?.[column];
  if (value === undefined) throw new InvalidAnswer();
  return value === null ? null : String(value);
}

/**
 * A column as a whole number from 0.
 * @throws {InvalidAnswer} if it is something else.
 */
export function numberIn(row: Row | undefined, column: string): number {
  const text = textIn(row, column);
  if (text === null || !/^\d+$/.test(text)) throw new InvalidAnswer();
  return Number(text);
}
