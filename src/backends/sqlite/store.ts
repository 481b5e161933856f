import type { SqlEngine } from "../sql/store.ts";
import { PACE, sqliteRows } from "./clear.ts";
import { aggregate } from "./count.ts";
import { explainSqliteError, isLocked } from "./errors.ts";
import { SqliteSession, whileLocked } from "./session.ts";
import { inspectSqliteTable } from "./inspect_table.ts";

export const sqlite: SqlEngine<SqliteSession> = {
  open: SqliteSession.open,
  explain: explainSqliteError,
  faultOf: (error) => isLocked(error) ? "busy" : "final",
  aggregate,
  writableRows: async (...args) => await (await copies()).writableSqliteRows(...args),
  place: async (session) => await (await copies()).sqlitePlace(session),
  diagnosis: async (...args) => (await import("./diagnosis.ts")).sqliteDiagnosis(...args),
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

  query: async (session, sql, signal) => await whileLocked(() => session.all(sql), signal),
  createTable: async (...args) => await (await tables()).createSqliteTable(...args),
  shape: async (...args) => await (await tables()).sqliteShape(...args),
  change: async (...args) => await (await tables()).changeSqliteTable(...args),
};

const copies = () => import("./copies.ts");
const tables = () => import("./table.ts");
