import type { SqlEngine } from "../sql/store.ts";
import { examinePostgres, PACE, postgresRows } from "./clear.ts";
import { aggregate, pagesOf } from "./count.ts";
import { explainPostgresError, postgresFault } from "./errors.ts";
import { PostgresSession } from "./session.ts";
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

  writableRows: async (session) => await (await copies()).writablePostgresRows(session),
  comparesSessions: true,
  place: async (session) => await (await copies()).postgresPlace(session),

  diagnosis: async (...args) => (await import("./diagnosis.ts")).postgresDiagnosis(...args),
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

  query: async (session, sql) => (await session.run(sql)).rows,
  createTable: async (session) => await (await tables()).createPostgresTable(session),
  shape: async (session) => await (await tables()).postgresShape(session),
  async change(session, statements) {
    await (await tables()).changePostgresTable(session, statements);
  },
};

const copies = () => import("./copies.ts");
const tables = () => import("./table.ts");
