/** The ways through a table that engines share. */
import type { Walk } from "./clear.ts";

/** How an engine walks by key. A key has the type that its driver reads. */
export interface Keyset<Key> {
  /** The table in SQL. */
  readonly from: string;
  /** The condition that rows to remove meet. */
  readonly within: string;
  /** The columns of the key, quoted. */
  readonly columns: readonly string[];
  /** Those columns as they are selected. */
  readonly selected: string;
  /** A key as SQL: a value, or a row value if there are several columns. */
  written(key: Key): string;
  /**
   * Runs a SELECT of one key.
   * @param last The key in the statement, if there is one, for an engine that writes a parameter.
   */
  find(select: string, last: Key | undefined): Promise<Key | undefined>;
  /** Removes the rows that meet a condition; the keys in it as above. */
  remove(where: string, last: Key | undefined, upTo: Key | undefined): number | Promise<number>;
}

/** By key. Rows may move in the table, but their order by key stays the same. */
export function keysetWalk<Key>(keyset: Keyset<Key>): Walk {
  const { within, columns } = keyset;
  let last: Key | undefined;
  return async (rows) => {
    const behind = last === undefined
      ? within
      : `${within} AND ${tuple(columns)} > ${keyset.written(last)}`;
    const upTo = await keyset.find(
      `SELECT ${keyset.selected} FROM ${keyset.from} WHERE ${behind} ` +
        `ORDER BY ${columns.join(", ")} LIMIT 1 OFFSET ${rows - 1}`,
      last,
    );
    const end = upTo === undefined ? "" : ` AND ${tuple(columns)} <= ${keyset.written(upTo)}`;
    const removed = await keyset.remove(behind + end, last, upTo);
    last = upTo;
    return { removed, isLast: upTo === undefined };
  };
}

/** Values as a row value; one value as itself, because only then SQLite uses its index. */
export function tuple(values: readonly string[]): string {
  return values.length === 1 ? values.join() : `(${values.join(", ")})`;
}
