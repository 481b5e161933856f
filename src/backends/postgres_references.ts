/** Rows of other tables that refer to sessions: found before anything is removed. */
import { OperationError } from "../core/errors.ts";
import { printable } from "../core/text.ts";
import { codeOf } from "./postgres_faults.ts";
import type { Row } from "./postgres_answers.ts";
import { type PostgresSession, READING } from "./postgres_session.ts";
import { agreedNumber, twice } from "./sql_twice.ts";

/** What the server does with such rows when their session goes, as pg_constraint has it. */
const REACHES_OVER = new Map([["c", "CASCADE"], ["n", "SET NULL"], ["d", "SET DEFAULT"]]);

/**
 * Nothing outside of the configured table is ever touched: where rows refer to sessions, neither a
 * refusal in the middle of the work is waited for, nor is a cascade let loose.
 * @throws {OperationError} naming the first table whose rows refer to sessions.
 */
export async function checkReferences(session: PostgresSession, oid: string): Promise<void> {
  const found = await session.run(
    "SELECT n.nspname || '.' || c.relname AS table, quote_ident(n.nspname) || '.' || " +
      "quote_ident(c.relname) AS quoted, f.confdeltype::text AS action, (SELECT string_agg(" +
      "quote_ident(a.attname) || ' IS NOT NULL', ' AND ') FROM pg_attribute a " +
      "WHERE a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey)) AS refers " +
      "FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid " +
      "JOIN pg_namespace n ON n.oid = c.relnamespace " +
      `WHERE f.contype = 'f' AND f.confrelid = ${oid} AND f.conrelid <> ${oid}`,
  );
  for (const reference of found.rows) {
    if (await refers(session, reference)) throw refusal(session, reference);
  }
}

async function refers(session: PostgresSession, { quoted, refers, action }: Row): Promise<boolean> {
  const some = `SELECT 1 FROM ${quoted} WHERE ${refers} LIMIT 1`;
  const columns = twice({ found: `(SELECT count(*) FROM (${some}) AS found_row)` });
  try {
    return agreedNumber((await session.run(`SELECT ${columns}`, READING)).rows[0], "found") > 0;
  } catch (error) {
    // Not to be seen by this user. A refusal would undo its batch; a cascade is not to be risked.
    if (codeOf(error) === "42501") return REACHES_OVER.has(String(action));
    throw error;
  }
}

function refusal({ target }: PostgresSession, { table, action }: Row): OperationError {
  const reach = REACHES_OVER.get(String(action));
  const name = printable(String(table));
  const consequence = reach === undefined
    ? "the database would refuse to remove those"
    : `the database would change them too (ON DELETE ${reach})`;
  return new OperationError(
    `Rows of another table refer to these sessions: ${name} (${target.address}, table ` +
      `${printable(target.tableText)}): ${consequence}`,
    { hint: "Remove or detach those rows first: azu touches no other table" },
  );
}
