import { countIn, missingTable } from "../sql/errors.ts";
import { applyStatements, quoteTable } from "../sql/ddl.ts";
import type { SqlEngine } from "../sql/store.ts";
import { mysqlRows, PACE } from "./clear.ts";
import { explainMysqlError, mysqlFault } from "./errors.ts";
import { MysqlSession, READING } from "./session.ts";
import { storageEngineOf } from "./inspect_table.ts";

export const mysql: SqlEngine<MysqlSession> = {
  open: MysqlSession.open,
  explain: explainMysqlError,
  faultOf: mysqlFault,
  pace: PACE,
  startRows: mysqlRows,
  whyNotTruncate: "MySQL does not report how many rows a TRUNCATE removes",

  async count(session) {
    const { target } = session;
    if (await storageEngineOf(session) === undefined) throw missingTable(target);
    const sql = `SELECT COUNT(*) AS count FROM ${quoteTable("mysql", target.table)}`;
    return countIn((await session.read(sql, READING))[0], "count");
  },

  async createTable(session) {
    const present = await storageEngineOf(session) !== undefined;
    for (const statement of applyStatements("mysql", session.target.table)) {
      await session.run(statement);
    }
    return present ? "present" : "created";
  },
};
