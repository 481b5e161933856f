/** What MySQL or MariaDB knows about a table without reading it. */
import { missingTable, valueIn } from "../sql/errors.ts";
import type { TableState } from "../sql/store.ts";
import { about } from "../survey.ts";
import { literal } from "./connection.ts";
import { findTable } from "./inspect_table.ts";
import type { MysqlSession } from "./session.ts";

export async function mysqlState(session: MysqlSession, isQuick: boolean): Promise<TableState> {
  const table = await findTable(session);
  if (table === undefined) throw missingTable(session.target);
  const { schema, name, engine } = table;
  const [row] = await session.read(
    "SELECT TABLE_ROWS AS found, DATA_LENGTH AS bytes, INDEX_LENGTH AS index_bytes, " +
      "DATA_FREE AS free FROM information_schema.TABLES " +
      `WHERE TABLE_SCHEMA = ${literal(schema)} AND TABLE_NAME = ${literal(name)}`,
  );
  // The storage engine estimates all of them.
  const figureIn = (column: string) => about(Number(valueIn(row, column)));
  return {
    figures: {
      bytes: figureIn("bytes"),
      indexBytes: figureIn("index_bytes"),
      freeBytes: figureIn("free"),
      ...(isQuick ? { sessions: figureIn("found") } : {}),
    },
    properties: { engine },
    warnings: [],
  };
}
