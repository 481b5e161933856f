/** Foreign keys of other tables: checked before anything is removed. */
import { OperationError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import type { DatabaseTarget } from "./backend.ts";
import { countIn, type Row } from "./errors.ts";

/** A foreign key from another table to the sessions table. */
export interface Reference {
  /** The other table with its schema, for messages. */
  readonly table: string;
  /** SQL that follows `SELECT 1`: the rows of that table that refer to a session. */
  readonly rows: string;
  /** What the server does to those rows when their session is removed; undefined if it refuses. */
  readonly action: string | undefined;
}

/**
 * azu touches no other table. So no foreign key cascades, and no clear begins that the server would
 * refuse halfway through.
 * @param query Runs a SELECT and returns its rows.
 * @param isDenied Whether an error says that this user may not read the other table.
 * @param tick Called before each query, as a sign of life.
 * @throws {OperationError} that names the first table whose rows refer to sessions.
 */
export async function checkReferences(
  references: readonly Reference[],
  target: DatabaseTarget,
  query: (sql: string) => Promise<readonly Row[]>,
  isDenied: (error: unknown) => boolean,
  tick: () => void,
): Promise<void> {
  for (const reference of references) {
    tick();
    if (await hasRows(reference, query, isDenied)) throw refusal(reference, target);
  }
}

/** Whether a row refers to a session. */
export async function hasRows(
  { rows, action }: Reference,
  query: (sql: string) => Promise<readonly Row[]>,
  isDenied: (error: unknown) => boolean,
): Promise<boolean> {
  try {
    const [row] = await query(
      `SELECT count(*) AS found FROM (SELECT 1 ${rows} LIMIT 1) AS found_row`,
    );
    return countIn(row, "found") > 0;
  } catch (error) {
    // We may not look. If the server refuses, it undoes the batch, which is safe; a cascade is not.
    if (isDenied(error)) return action !== undefined;
    throw error;
  }
}

function refusal({ table, action }: Reference, target: DatabaseTarget): OperationError {
  const consequence = action === undefined
    ? "the database would refuse to remove them"
    : `the database would change those rows, too (ON DELETE ${action})`;
  return new OperationError(
    `Rows of another table refer to these sessions: ${printable(table)} (${target.address}, ` +
      `table ${printable(target.tableText)}): ${consequence}`,
    { hint: "Remove or detach those rows first: azu touches no other table" },
  );
}
