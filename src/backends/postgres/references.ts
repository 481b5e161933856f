/** Rows of other tables that refer to sessions: found before anything is removed. */
import { OperationError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import { codeOf } from "./errors.ts";
import { type PostgresSession, READING } from "./session.ts";
import { numberIn, type Row } from "../sql/answers.ts";

/** What the server does with such rows when their session goes, as pg_constraint has it. */
const REACHES_OVER = new Map([["c", "CASCADE"], ["n", "SET NULL"], ["d", "SET DEFAULT"]]);

/** The table and its partitions: what refers to one of those hinders, or feels, the same DELETE. */
const tree = (oid: string) =>
  `WITH RECURSIVE tree AS (SELECT ${oid}::oid AS oid UNION ALL SELECT c.oid FROM tree ` +
  "JOIN pg_inherits i ON i.inhparent = tree.oid JOIN pg_class c ON c.oid = i.inhrelid " +
  "WHERE c.relispartition)";

/** Whether a row that goes may take others of the table along, which no count of the server tells. */
export async function isSelfCascading(session: PostgresSession, oid: string): Promise<boolean> {
  const { rows: [found] } = await session.run(
    `${tree(oid)} SELECT EXISTS (SELECT 1 FROM pg_constraint f WHERE f.contype = 'f' ` +
      "AND f.confdeltype = 'c' AND f.confrelid IN (SELECT oid FROM tree) " +
      "AND f.conrelid IN (SELECT oid FROM tree)) AS cascades",
  );
  return found?.["cascades"] === true;
}

/**
 * A rule may do something else in the place of a DELETE, to another table even.
 * @throws {OperationError} where there is one.
 */
export async function checkRules(session: PostgresSession, oid: string): Promise<void> {
  const { target } = session;
  const { rows: [rule] } = await session.run(
    "SELECT rulename AS name FROM pg_rewrite " +
      `WHERE ev_class = ${oid} AND ev_type = '4' AND is_instead AND ev_enabled <> 'D' LIMIT 1`,
  );
  if (rule === undefined) return;
  throw new OperationError(
    `The rule ${printable(String(rule["name"]))} does something else in the place of a DELETE ` +
      `(${target.address}, table ${printable(target.tableText)})`,
    { hint: "Drop or disable that rule first, or use --truncate, which no rule changes" },
  );
}

/**
 * Nothing outside of the configured table is ever touched: where rows refer to sessions, neither a
 * refusal in the middle of the work is waited for, nor is a cascade let loose.
 * @throws {OperationError} naming the first table whose rows refer to sessions.
 */
export async function checkReferences(
  session: PostgresSession,
  oid: string,
  tick: () => void,
): Promise<void> {
  const found = await session.run(
    `${tree(oid)} SELECT DISTINCT n.nspname || '.' || c.relname AS table, quote_ident(n.nspname) ` +
      "|| '.' || quote_ident(c.relname) AS quoted, f.confdeltype::text AS action, (SELECT string_agg(" +
      "quote_ident(a.attname) || ' IS NOT NULL', ' AND ') FROM pg_attribute a " +
      "WHERE a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey)) AS refers " +
      "FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid " +
      "JOIN pg_namespace n ON n.oid = c.relnamespace " +
      "WHERE f.contype = 'f' AND f.confrelid IN (SELECT oid FROM tree) " +
      "AND f.conrelid NOT IN (SELECT oid FROM tree)",
  );
  for (const reference of found.rows) {
    tick();
    if (await refers(session, reference)) throw refusal(session, reference);
  }
}

async function refers(session: PostgresSession, { quoted, refers, action }: Row): Promise<boolean> {
  const some = `SELECT 1 FROM ${quoted} WHERE ${refers} LIMIT 1`;
  const sql = `SELECT count(*) AS found FROM (${some}) AS found_row`;
  try {
    return numberIn((await session.run(sql, READING)).rows[0], "found") > 0;
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
