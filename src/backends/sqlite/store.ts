import { columnsSql, createSql } from "../sql/ddl.ts";
import type { SqlEngine } from "../sql/store.ts";
import { PACE, sqliteRows } from "./clear.ts";
import { aggregate } from "./count.ts";
import { explainSqliteError, isLocked } from "./errors.ts";
import { SqliteSession, whileLocked } from "./session.ts";
import { inspectSqliteTable, kindOf } from "./inspect_table.ts";

export const sqlite: SqlEngine<SqliteSession> = {
  open: SqliteSession.open,
  explain: explainSqliteError,
  faultOf: (error) => isLocked(error) ? "busy" : "final",
  aggregate,
  tableState: async (...args) => await (await import("./state.ts")).sqliteState(...args),
  pace: PACE,
  startRows: sqliteRows,
  async examine(session, { signal }) {
    const { columns } = await whileLocked(() => inspectSqliteTable(session), signal);
    return columns.map(({ name }) => name);
  },
  readRows: async (...args) => await (await import("./rows.ts")).readSqliteRows(...args),
  async removableRows(session, { signal }) {
    return await (await import("./rows.ts")).removeSqliteRows(session, signal);
  },
  whyNotTruncate: "SQLite has no TRUNCATE",

  async createTable(session, signal) {
    const create = () => {
      const table = { schema: "main", ...session.target.table };
      const present = kindOf(session) !== undefined;
      const missing = present ? [] : createSql("sqlite", table);
      for (const sql of [...missing, columnsSql("sqlite", table)]) session.exec(sql);
      return present ? "present" : "created";
    };
    return await whileLocked(() => session.transaction("IMMEDIATE", create), signal);
  },
};
