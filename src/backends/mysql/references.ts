/** Who refers to rows of a table of MySQL or MariaDB, and so stands in the way. */
import { OperationError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import { literal } from "./connection.ts";
import { numberOf } from "./errors.ts";
import { type MysqlSession, READING } from "./session.ts";
import { schemaOf } from "./table.ts";
import { numberIn, type Row } from "../sql/answers.ts";
import { quoteIdentifier, quoteTable } from "../sql/schema.ts";

/** How sessions refer to sessions. */
export interface References {
  /** Whether a session that goes takes those along that refer to it. */
  readonly cascades: boolean;
}

/** What the server does with rows that refer to a session when that goes. */
const REACHES_OVER = /^(?:CASCADE|SET NULL|SET DEFAULT)$/;

/**
 * Nothing outside of the configured table is ever touched: where rows refer to sessions, neither a
 * refusal in the middle of the work is waited for, nor is a cascade let loose. Tables that this
 * user may not see are not found: the server itself keeps them a secret.
 * @param tick Called before each look.
 * @throws {OperationError} naming the first table whose rows refer to sessions.
 */
export async function checkReferences(
  session: MysqlSession,
  tick: () => void,
): Promise<References> {
  const { schema, name } = session.target.table;
  tick();
  const rows = await session.read(
    "SELECT k.TABLE_SCHEMA AS `schema`, k.TABLE_NAME AS `table`, k.COLUMN_NAME AS `column`, " +
      "k.REFERENCED_TABLE_NAME AS referenced, r.DELETE_RULE AS action, " +
      "k.TABLE_SCHEMA = k.REFERENCED_TABLE_SCHEMA AS near " +
      "FROM information_schema.KEY_COLUMN_USAGE k " +
      "JOIN information_schema.REFERENTIAL_CONSTRAINTS r " +
      "ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME " +
      `AND r.TABLE_NAME = k.TABLE_NAME WHERE k.REFERENCED_TABLE_SCHEMA = ${schemaOf(schema)} ` +
      `AND k.REFERENCED_TABLE_NAME = ${literal(name)}`,
  );
  let cascades = false;
  for (const row of rows) {
    // The server compares these names without regard to accents: this is about ours alone.
    const isOurs = String(row["referenced"]).toLowerCase() === name.toLowerCase();
    const isItself = Number(row["near"]) === 1 && row["table"] === row["referenced"];
    if (isOurs && isItself) cascades ||= row["action"] === "CASCADE";
    tick();
    if (isOurs && !isItself && await refers(session, row)) throw refusal(session, row);
  }
  return { cascades };
}

async function refers(session: MysqlSession, row: Row): Promise<boolean> {
  const from = quoteTable("mysql", { schema: String(row["schema"]), name: String(row["table"]) });
  const column = quoteIdentifier("mysql", String(row["column"]));
  try {
    const some = `EXISTS (SELECT 1 FROM ${from} WHERE ${column} IS NOT NULL)`;
    const [row] = await session.read(`SELECT ${some} AS found`, READING);
    return numberIn(row, "found") === 1;
  } catch (error) {
    // Not to be seen by this user. A refusal would undo its batch; a cascade is not to be risked.
    if (numberOf(error) === 1142) return REACHES_OVER.test(String(row["action"]));
    throw error;
  }
}

function refusal({ target }: MysqlSession, row: Row): OperationError {
  const consequence = REACHES_OVER.test(String(row["action"]))
    ? `the database would change them too (ON DELETE ${row["action"]})`
    : "the database would refuse to remove those";
  return new OperationError(
    `Rows of another table refer to these sessions: ${
      printable(`${row["schema"]}.${row["table"]}`)
    }` +
      ` (${target.address}, table ${printable(target.tableText)}): ${consequence}`,
    { hint: "Remove or detach those rows first: azu touches no other table" },
  );
}
