import { applyStatements, quoteTable, quoteText } from "../sql/ddl.ts";
import type { SqlEngine } from "../sql/store.ts";
import { PACE, postgresRows } from "./clear.ts";
import { countRows, pagesOf } from "./count.ts";
import { explainPostgresError, postgresFault } from "./errors.ts";
import { PostgresSession, READING } from "./session.ts";
import { inspectPostgresTable } from "./inspect_table.ts";

export const postgres: SqlEngine<PostgresSession> = {
  open: PostgresSession.open,
  explain: explainPostgresError,
  faultOf: postgresFault,
  pace: PACE,
  startRows: postgresRows,

  async count(session, signal, onProgress) {
    const table = await inspectPostgresTable(session);
    return await session.snapshot(async (read) => {
      const pages = await pagesOf(read, table);
      const { left } = await countRows(read, table, "true", pages, (counted, part) => {
        signal.throwIfAborted();
        if (part > 0) onProgress?.(counted, Math.round(counted / part));
        else onProgress?.(counted);
      });
      return left;
    });
  },

  async createTable(session) {
    const { table } = session.target;
    const present = `SELECT to_regclass(${quoteText(quoteTable("postgres", table))}) AS table`;
    return await session.transaction("BEGIN", READING, async (run) => {
      const { rows: [found] } = await run(present);
      for (const statement of applyStatements("postgres", table)) await run(statement);
      return found?.["table"] === null ? "created" : "present";
    });
  },
};
