/** Creates the table of the sessions, and adds what one of an earlier version lacks. */
import { columnsSql, createSql } from "../sql/ddl.ts";
import type { TableShape } from "../sql/alter.ts";
import { inspectSqliteTable, kindOf } from "./inspect_table.ts";
import { type SqliteSession, whileLocked } from "./session.ts";

export async function createSqliteTable(
  session: SqliteSession,
  signal: AbortSignal,
): Promise<"created" | "present"> {
  const create = () => {
    const { table: named, recorded } = session.target;
    const table = { schema: "main", ...named };
    const present = kindOf(session) !== undefined;
    const missing = present ? [] : createSql("sqlite", table, recorded);
    for (const sql of [...missing, columnsSql("sqlite", table, recorded)]) session.exec(sql);
    return present ? "present" : "created";
  };
  return await whileLocked(() => session.transaction("IMMEDIATE", create), signal);
}

/** @returns undefined if there is no such table. */
export async function sqliteShape(
  session: SqliteSession,
  signal: AbortSignal,
): Promise<TableShape | undefined> {
  return await whileLocked(() => {
    if (kindOf(session) === undefined) return undefined;
    const table = { schema: "main", ...session.target.table };
    const indexes = session.all(
      "SELECT i.name AS first FROM pragma_index_list(?, ?) AS l, pragma_index_info(l.name, ?) AS i " +
        "WHERE i.seqno = 0",
      table.name,
      table.schema,
      table.schema,
    );
    return {
      table,
      columns: inspectSqliteTable(session).columns,
      indexed: indexes.map(({ first }) => String(first)),
      unusable: [],
    };
  }, signal);
}

export async function changeSqliteTable(
  session: SqliteSession,
  statements: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const change = () => {
    for (const sql of statements) session.exec(sql);
  };
  await whileLocked(() => session.transaction("IMMEDIATE", change), signal);
}
