/** Writes single rows of a MySQL table, and says where it is. */
import { Buffer } from "node:buffer";
import { ImpossibleError, OperationError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import type { Place } from "../contract.ts";
import { countIn, missingTable, valueIn } from "../sql/errors.ts";
import type { Column } from "../sql/layout.ts";
import {
  type Cell,
  type CellColumn,
  type Inserted,
  insertSql,
  type Update,
  type WritableRows,
} from "../sql/rows.ts";
import { literal } from "./connection.ts";
import { errorNumber } from "./errors.ts";
import { findTable, inspectMysqlTable } from "./inspect_table.ts";
import { readMysqlRows } from "./rows.ts";
import type { MysqlSession } from "./session.ts";

/** Milliseconds of a statement. */
const WRITING = 10_000;

/**
 * Equal to another row, NULL, too long, out of range, not of the type or the character set; a foreign
 * key, a check, a packet that is too large, a trigger.
 */
const ABOUT_ROW = [1062, 1048, 1118, 1153, 1264, 1265, 1292, 1366, 1406, 1452, 1644, 3819, 4025];

/** A statement has changed another number of rows than it should have. */
class Undone extends OperationError {}

export async function writableMysqlRows(session: MysqlSession): Promise<WritableRows> {
  const table = await readMysqlRows(session);
  const { undoes } = await inspectMysqlTable(session);
  if (!undoes) throw lasting(session);
  const indexes = await session.read(`SHOW INDEX FROM ${table.from}`);
  const byName = Map.groupBy(indexes, (index) => String(index["Key_name"]));
  const single = [...byName.values()].filter(([first, ...others]) => {
    return others.length === 0 && Number(first?.["Non_unique"]) === 0 &&
      first?.["Sub_part"] === null;
  });
  const [row] = await session.read("SELECT @@max_allowed_packet AS largest");
  const statementsOf = (inserted: Inserted | undefined, updates: readonly Update[]) => {
    if (inserted === undefined) return updates;
    const sql = insertSql({ ...table, literal: literalOf }, inserted);
    return [{ sql, rows: inserted.length }, ...updates];
  };
  return {
    ...table,
    columns: table.columns.map(withDigits),
    unique: single.map(([index]) => String(index?.["Column_name"])),
    largest: countIn(row, "largest"),
    async write(inserted, updates) {
      try {
        await session.transaction(async () => {
          for (const { sql, rows } of statementsOf(inserted, updates)) {
            if (await session.batch(sql, WRITING) !== rows) throw new Undone("another row count");
          }
        });
        return true;
      } catch (error) {
        if (error instanceof Undone) return false;
        throw error;
      }
    },
    isAboutRow: (error) => ABOUT_ROW.includes(errorNumber(error)),
    literal: literalOf,
  };
}

function lasting({ target: { tableText, address } }: MysqlSession): ImpossibleError {
  return new ImpossibleError(
    `The storage engine of the table ${printable(tableText)} does not undo a transaction that ` +
      `fails, so a copy could leave a part of it (${address})`,
    { hint: "Convert the table: ALTER TABLE … ENGINE = InnoDB" },
  );
}

/** Without a number, a time has no digits behind the second. */
function withDigits(column: Column): Column {
  const [isTime, digits = "0"] = /^(?:datetime|timestamp)(?:\((\d)\))?/i.exec(column.type) ?? [];
  return isTime === undefined ? column : { ...column, digits: Number(digits) };
}

function literalOf(cell: Cell, { isTime }: CellColumn): string {
  if (cell === null) return "NULL";
  if (typeof cell === "string") {
    return literal(isTime ? cell.replace("T", " ").replace("Z", "") : cell);
  }
  return literal(Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength));
}

export async function mysqlPlace(session: MysqlSession): Promise<Place> {
  const table = await findTable(session);
  if (table === undefined) throw missingTable(session.target);
  const [row] = await session.read(
    "SELECT CONCAT_WS('/', @@hostname, @@port, @@server_id, @@datadir) AS server",
  );
  return { servers: [String(valueIn(row, "server"))], table: table.from };
}
