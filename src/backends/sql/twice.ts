/**
 * What decides about a clear is asked for twice in one answer: on a way without encryption, bits
 * may turn, and a number looks as true as any other.
 */

/** An answer that cannot be what the server said. */
export class Garbled extends Error {
  constructor(options?: ErrorOptions) {
    super("The answer was garbled on its way", options);
  }
}

/**
 * Expressions as SQL selects them.
 * @param columns By their names, which are plain words.
 */
export function twice(columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([name, sql]) => `${sql} AS ${name}_said, ${sql} AS ${name}_again`)
    .join(", ");
}

/**
 * @returns what was selected under a name, as a text; null where that is NULL.
 * @throws {Garbled} where the two differ, or there are not two.
 */
export function agreed(
  row: Readonly<Record<string, unknown>> | undefined,
  name: string,
): string | null {
  const [said, again] = [row?.[`${name}_said`], row?.[`${name}_again`]];
  if (said === null && again === null) return null;
  if (said === undefined || String(said) !== String(again)) throw new Garbled();
  return String(said);
}

/** The same of a number that is never NULL. */
export function agreedNumber(
  row: Readonly<Record<string, unknown>> | undefined,
  name: string,
): number {
  const text = agreed(row, name);
  if (text === null || !/^\d+$/.test(text)) throw new Garbled();
  return Number(text);
}
