import { missingTable } from "../sql/errors.ts";
import type { SqlEngine } from "../sql/store.ts";
import { examineMysql, mysqlRows, PACE } from "./clear.ts";
import { explainMysqlError, mysqlFault } from "./errors.ts";
import { MysqlSession, READING } from "./session.ts";
import { findTable } from "./inspect_table.ts";

export const mysql: SqlEngine<MysqlSession> = {
  open: MysqlSession.open,
  explain: explainMysqlError,
  faultOf: mysqlFault,
  pace: PACE,
  startRows: mysqlRows,
  examine: examineMysql,
  whyNotTruncate: "MySQL does not report how many rows a TRUNCATE removes",

  readRows: async (session) => await (await import("./rows.ts")).readMysqlRows(session),
  removableRows: async (...args) => await (await import("./rows.ts")).removeMysqlRows(...args),

  writableRows: async (session) => await (await copies()).writableMysqlRows(session),
  place: async (session) => await (await copies()).mysqlPlace(session),

  diagnosis: async (session) => (await import("./diagnosis.ts")).mysqlDiagnosis(session),
  tableState: async (...args) => await (await import("./state.ts")).mysqlState(...args),

  async aggregate(session, _signal, _onProgress, columns, selected = "TRUE") {
    const table = await findTable(session);
    if (table === undefined) throw missingTable(session.target);
    const sql = `SELECT ${columns.join(", ")} FROM ${table.from} WHERE ${selected}`;
    return await session.read(sql, READING);
  },

  async query(session, sql) {
    if (sql.startsWith("SELECT")) return await session.read(sql);
    await session.run(sql);
    return [];
  },
  createTable: async (session) => await (await tables()).createMysqlTable(session),
  shape: async (session) => await (await tables()).mysqlShape(session),
  async change(session, statements) {
    await (await tables()).changeMysqlTable(session, statements);
  },
};

const copies = () => import("./copies.ts");
const tables = () => import("./table.ts");
