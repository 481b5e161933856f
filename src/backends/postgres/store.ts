import { OperationError } from "../../core/errors.ts";
import type { DatabaseTarget } from "../sql/backend.ts";
import { columnsSql, createSql, quoteTable, quoteText } from "../sql/ddl.ts";
import { valueIn } from "../sql/errors.ts";
import type { SqlEngine } from "../sql/store.ts";
import { examinePostgres, PACE, postgresRows } from "./clear.ts";
import { aggregate, pagesOf } from "./count.ts";
import { explainPostgresError, postgresFault } from "./errors.ts";
import { PostgresSession, READING } from "./session.ts";
import { inspectPostgresTable } from "./inspect_table.ts";

export const postgres: SqlEngine<PostgresSession> = {
  open: PostgresSession.open,
  explain: explainPostgresError,
  faultOf: postgresFault,
  pace: PACE,
  startRows: postgresRows,
  examine: examinePostgres,

  startSelected: postgresRows,
  readRows: async (session) => await (await import("./rows.ts")).readPostgresRows(session),
  removableRows: async (...args) => await (await import("./rows.ts")).removePostgresRows(...args),

  tableState: async (...args) => await (await import("./state.ts")).postgresState(...args),

  async aggregate(session, signal, onProgress, columns, selected) {
    const table = await inspectPostgresTable(session);
    return await session.snapshot(async (read) => {
      const tick = (counted: number, part: number) => {
        signal.throwIfAborted();
        if (part > 0) onProgress?.(counted, Math.round(counted / part));
        else onProgress?.(counted);
      };
      return await aggregate(read, table, columns, await pagesOf(read, table), tick, selected);
    });
  },

  async createTable(session) {
    const { table } = session.target;
    const configured = quoteText(quoteTable("postgres", table));
    return await session.transaction("BEGIN", READING, async (run) => {
      const { rows: [found] } = await run(
        "SELECT n.nspname AS schema, current_schema() AS first FROM (SELECT 1) AS one " +
          `LEFT JOIN pg_class c ON c.oid = to_regclass(${configured}) ` +
          "LEFT JOIN pg_namespace n ON n.oid = c.relnamespace",
      );
      const present = valueIn(found, "schema");
      const schema = present ?? table.schema ?? valueIn(found, "first");
      if (schema === null) throw noSchema(session.target);
      const full = { ...table, schema: String(schema) };
      const missing = present === null ? createSql("postgres", full) : [];
      for (const sql of [...missing, columnsSql("postgres", full)]) await run(sql);
      return present === null ? "created" : "present";
    });
  },
};

function noSchema({ address }: DatabaseTarget): OperationError {
  return new OperationError(`This user has no schema to create a table in (${address})`, {
    hint: 'Name a schema in session.backends.database.table: "<schema>.<table>"',
  });
}
