import { sleep } from "../pace.ts";
import { whileLocked } from "../sql/retry.ts";
import { applyStatements } from "../sql/schema.ts";
import type { SqlEngine } from "../sql/store.ts";
import { SqliteRows } from "./clear.ts";
import { SqliteCounter } from "./count.ts";
import { explainSqliteError, isLocked } from "./errors.ts";
import { SqliteSession } from "./session.ts";
import { inspectSqliteTable, kindOf } from "./table.ts";

export const sqlite: SqlEngine<SqliteSession> = {
  open: (target, signal, purpose) => SqliteSession.open(target, signal, purpose),
  explain: explainSqliteError,
  faultOf: (error) => isLocked(error) ? "busy" : "final",
  startRows: (session, options) => new SqliteRows(session, options),
  whyNotTruncate: "SQLite has no TRUNCATE",

  /** In steps, because the driver blocks: signals are let in between them. */
  async count(session, signal, onProgress) {
    const table = await whileLocked(() => inspectSqliteTable(session), isLocked, signal);
    const counter = new SqliteCounter(session, table);
    for (;;) {
      const isDone = await whileLocked(() => counter.step(), isLocked, signal);
      if (isDone) return counter.count;
      onProgress?.(counter.count);
      await sleep(0, signal);
    }
  },

  async createTable(session, signal) {
    const create = () => {
      const present = kindOf(session) !== undefined;
      for (const sql of applyStatements("sqlite", session.target.table)) session.exec(sql);
      return present ? "present" : "created";
    };
    return await whileLocked(() => session.transaction("IMMEDIATE", create), isLocked, signal);
  },
};
