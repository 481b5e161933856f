/** What MySQL tells of a table: how its rows can be found, and what stands in the way. */
import { OperationError } from "../core/errors.ts";
import { printable } from "../core/text.ts";
import { missingTable } from "./database_errors.ts";
import { literal } from "./mysql_connection.ts";
import { numberOf } from "./mysql_faults.ts";
import { type MysqlSession, READING, type Row } from "./mysql_session.ts";
import { agreedNumber, twice } from "./sql_twice.ts";
import { quoteIdentifier, quoteTable } from "./sql.ts";

export interface MysqlTable {
  /** The column of its primary key, quoted, where that is one column. */
  readonly key: string | undefined;
  /** Whether that column holds whole numbers. */
  readonly isWhole: boolean;
  /** What grows with each new row: what is beyond is new. */
  readonly mark: Mark | undefined;
  /** Whether what a statement has done is undone where it is cut off. */
  readonly undoes: boolean;
}

export interface Mark {
  /** A column, quoted, or what is made of one. */
  readonly sql: string;
  readonly isNumber: boolean;
}

/** Engines without transactions: rows that a statement has removed stay so. */
const LASTING = /^(?:MyISAM|Aria|MEMORY|MRG_MyISAM|CSV|ARCHIVE)$/i;

/**
 * Of others, what is read is not what is compared, and a walk would not get further: so with floats,
 * and with a timestamp, which is read as local time, and the hour when summer ends comes twice.
 */
const COMPARABLE =
  /^(?:(?:(?:tiny|small|medium|big)?int|decimal|(?:var)?(?:char|binary)|uuid|date|datetime)\b)/i;

/** @throws {AzuError} where there is no such table, or it is a view. */
export async function inspectTable(session: MysqlSession): Promise<MysqlTable> {
  const engine = await engineOf(session);
  if (engine === undefined) throw missingTable(session.target, undefined);
  const from = quoteTable("mysql", session.target.table);
  const columns = await session.read(`SHOW COLUMNS FROM ${from}`);
  const keys = columns.filter((column) => column["Key"] === "PRI");
  const [only] = keys.length === 1 && COMPARABLE.test(String(keys[0]?.["Type"])) ? keys : [];
  const key = only === undefined ? undefined : quoteIdentifier("mysql", String(only["Field"]));
  const isWhole = /^(?:tiny|small|medium|big)?int\b/i.test(String(only?.["Type"]));
  const mark = isWhole && key !== undefined ? { sql: key, isNumber: true } : created(columns);
  return { key, isWhole, mark, undoes: !LASTING.test(engine) };
}

function created(columns: readonly Row[]): Mark | undefined {
  const named = columns.find(({ Field }) => String(Field).toLowerCase() === "created_at");
  const [type] = /^(?:datetime|timestamp)\b/i.exec(String(named?.["Type"])) ?? [];
  if (type === undefined) return undefined;
  const column = quoteIdentifier("mysql", "created_at");
  return type.toLowerCase() === "timestamp"
    ? { sql: `UNIX_TIMESTAMP(${column})`, isNumber: true }
    : { sql: column, isNumber: false };
}

/** @throws {AzuError} where there is no such table, or it is a view. */
export async function checkKind(session: MysqlSession): Promise<void> {
  if (await engineOf(session) === undefined) throw missingTable(session.target, undefined);
}

/**
 * @returns undefined where there is no such table.
 * @throws {AzuError} where it is a view.
 */
export async function engineOf(session: MysqlSession): Promise<string | undefined> {
  const { target } = session;
  const { schema, name } = target.table;
  const found = await session.read(
    "SELECT TABLE_NAME AS name, TABLE_TYPE AS type, ENGINE AS engine FROM information_schema.TABLES " +
      `WHERE TABLE_SCHEMA = ${schemaOf(schema)} AND TABLE_NAME = ${literal(name)}`,
  );
  // The server compares with less regard to case and accents than it may name tables with.
  const own = found.find((row) => row["name"] === name) ??
    found.find((row) => String(row["name"]).toLowerCase() === name.toLowerCase());
  if (own === undefined) return undefined;
  if (!/VIEW/.test(String(own["type"]))) return String(own["engine"]);
  throw new OperationError(`${target.tableText} is no table (${target.address})`, {
    hint: "Name the table itself in session.backends.database.table, not a view of it",
  });
}

/** What the server does with rows that refer to a session when that goes. */
const REACHES_OVER = /^(?:CASCADE|SET NULL|SET DEFAULT)$/;

/**
 * Nothing outside of the configured table is ever touched: where rows refer to sessions, neither a
 * refusal in the middle of the work is waited for, nor is a cascade let loose. Tables that this
 * user may not see are not found: the server itself keeps them a secret.
 * @throws {OperationError} naming the first table whose rows refer to sessions.
 */
export async function checkReferences(session: MysqlSession): Promise<void> {
  const { schema, name } = session.target.table;
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
  for (const row of rows) {
    // The server compares these names without regard to accents: this is about ours alone.
    const isOurs = String(row["referenced"]).toLowerCase() === name.toLowerCase();
    const isItself = Number(row["near"]) === 1 && row["table"] === row["referenced"];
    if (isOurs && !isItself && await refers(session, row)) throw refusal(session, row);
  }
}

async function refers(session: MysqlSession, row: Row): Promise<boolean> {
  const from = quoteTable("mysql", { schema: String(row["schema"]), name: String(row["table"]) });
  const column = quoteIdentifier("mysql", String(row["column"]));
  try {
    const some = `EXISTS (SELECT 1 FROM ${from} WHERE ${column} IS NOT NULL)`;
    const [row] = await session.read(`SELECT ${twice({ found: some })}`, READING);
    return agreedNumber(row, "found") === 1;
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

function schemaOf(schema: string | undefined): string {
  return schema === undefined ? "DATABASE()" : literal(schema);
}
