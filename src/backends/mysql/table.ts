/** Creates the table of the sessions, and adds what one of an earlier version lacks. */
import { columnsSql, createSql } from "../sql/ddl.ts";
import type { TableShape } from "../sql/alter.ts";
import { findTable } from "./inspect_table.ts";
import type { MysqlSession } from "./session.ts";

export async function createMysqlTable(session: MysqlSession): Promise<"created" | "present"> {
  const { table, recorded } = session.target;
  const present = await findTable(session) !== undefined;
  const missing = present ? [] : createSql("mysql", table, recorded);
  for (const sql of [...missing, columnsSql("mysql", table, recorded)]) await session.run(sql);
  return present ? "present" : "created";
}

/** @returns undefined if there is no such table. */
export async function mysqlShape(session: MysqlSession): Promise<TableShape | undefined> {
  const found = await findTable(session);
  if (found === undefined) return undefined;
  const columns = await session.read(`SHOW COLUMNS FROM ${found.from}`);
  const indexes = await session.read(`SHOW INDEX FROM ${found.from} WHERE Seq_in_index = 1`);
  return {
    table: session.target.table,
    columns: columns.map(({ Field, Type }) => ({ name: String(Field), type: String(Type) })),
    indexed: indexes.map(({ Column_name }) => String(Column_name)),
    unusable: [],
  };
}

export async function changeMysqlTable(
  session: MysqlSession,
  statements: readonly string[],
): Promise<void> {
  for (const sql of statements) await session.alter(sql);
}
