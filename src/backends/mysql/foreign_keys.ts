/** Foreign keys to a table of MySQL or MariaDB. */
import { checkReferences, type Reference } from "../sql/foreign_keys.ts";
import { quoteIdentifier, quoteTable } from "../sql/ddl.ts";
import { literal } from "./connection.ts";
import { errorNumber } from "./errors.ts";
import { type MysqlSession, READING } from "./session.ts";
import { schemaOf } from "./inspect_table.ts";

/** The actions of a foreign key that change the rows that refer. */
const ACTIONS = /^(?:CASCADE|SET NULL|SET DEFAULT)$/;

/**
 * The server does not list tables that this user has no privilege on.
 * @param tick Called before each query, as a sign of life.
 * @returns whether a row may take other rows of the table along.
 * @throws {OperationError} that names the first other table whose rows refer to sessions.
 */
export async function checkMysqlReferences(
  session: MysqlSession,
  tick: () => void,
): Promise<boolean> {
  tick();
  const { references, cascades } = await mysqlReferences(session);
  const query = (sql: string) => session.read(sql, READING);
  await checkReferences(references, session.target, query, isDenied, tick);
  return cascades;
}

/** The foreign keys from other tables, and whether one of its own takes other rows along. */
export async function mysqlReferences(
  session: MysqlSession,
): Promise<{ readonly references: readonly Reference[]; readonly cascades: boolean }> {
  const { schema, name } = session.target.table;
  const found = await session.read(
    "SELECT k.TABLE_SCHEMA AS `schema`, k.TABLE_NAME AS `table`, k.COLUMN_NAME AS `column`, " +
      "k.REFERENCED_TABLE_NAME AS referenced, r.DELETE_RULE AS action, " +
      "k.TABLE_SCHEMA = k.REFERENCED_TABLE_SCHEMA AS near " +
      "FROM information_schema.KEY_COLUMN_USAGE k " +
      "JOIN information_schema.REFERENTIAL_CONSTRAINTS r " +
      "ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME " +
      `AND r.TABLE_NAME = k.TABLE_NAME WHERE k.REFERENCED_TABLE_SCHEMA = ${schemaOf(schema)} ` +
      `AND k.REFERENCED_TABLE_NAME = ${literal(name)}`,
  );
  // Here the server ignores accents: some of these tables may be other ones.
  const ours = found.filter((row) =>
    String(row["referenced"]).toLowerCase() === name.toLowerCase()
  );
  const isSelf = (row: typeof ours[number]) =>
    Number(row["near"]) === 1 && row["table"] === row["referenced"];
  const references = ours.filter((row) => !isSelf(row)).map((row) => {
    const other = { schema: String(row["schema"]), name: String(row["table"]) };
    const column = quoteIdentifier("mysql", String(row["column"]));
    const action = String(row["action"]);
    return {
      table: `${other.schema}.${other.name}`,
      rows: `FROM ${quoteTable("mysql", other)} WHERE ${column} IS NOT NULL`,
      action: ACTIONS.test(action) ? action : undefined,
    };
  });
  const cascades = ours.some((row) => isSelf(row) && row["action"] === "CASCADE");
  return { references, cascades };
}

/** Whether an error says that this user may not read a table. */
export function isDenied(error: unknown): boolean {
  return errorNumber(error) === 1142;
}
