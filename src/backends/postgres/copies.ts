/** Writes single rows of a PostgreSQL table, and says where it is. */
import { Buffer } from "node:buffer";
import type { Place } from "../contract.ts";
import { quoteIdentifier, quoteText } from "../sql/ddl.ts";
import { errorCode, valueIn } from "../sql/errors.ts";
import type { Cell, CellColumn, WritableRows } from "../sql/rows.ts";
import { inspectPostgresTable } from "./inspect_table.ts";
import { readPostgresRows } from "./rows.ts";
import type { Limits, PostgresSession } from "./session.ts";

/** Others wait for the rows of a batch only if they write the same sessions. */
const WRITING: Limits = { statement: 10_000, lock: 2000 };

/** Values that a column cannot hold, rows that break a constraint, rows that are too large. */
const ABOUT_ROW = /^(?:22|23|54000|P0001)/;

export async function writablePostgresRows(session: PostgresSession): Promise<WritableRows> {
  const table = await readPostgresRows(session);
  const { oid } = await inspectPostgresTable(session);
  const indexes = await session.run(
    "SELECT a.attname AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid " +
      `AND a.attnum = i.indkey[0] WHERE i.indrelid = ${oid} AND i.indisunique AND i.indisvalid ` +
      "AND i.indnatts = 1 AND i.indpred IS NULL",
  );
  return {
    ...table,
    unique: indexes.rows.map(({ name }) => String(name)),
    async write(statements) {
      return await session.undoing(WRITING, async (send) => {
        const answers = await send("BEGIN", ...statements.map(({ sql }) => sql));
        const own = answers.slice(-statements.length);
        const isDone = statements.every(({ rows }, index) => own[index]?.count === rows);
        await send(isDone ? "COMMIT" : "ROLLBACK");
        return isDone;
      });
    },
    isAboutRow: (error) => ABOUT_ROW.test(errorCode(error)),
    literal: (cell, column) =>
      `${cell === null ? "NULL" : quoteText(textOf(cell))}::${typeOf(column)}`,
    rowsSql,
  };
}

/** An array for each column: the server reads it faster than a list of rows (measured). */
function rowsSql(columns: readonly CellColumn[], rows: readonly (readonly Cell[])[]): string {
  const arrays = columns.map((column, index) => {
    const elements = rows.map((row) => elementOf(row[index] ?? null));
    return `${quoteText(`{${elements.join(",")}}`)}::${typeOf(column)}[]`;
  });
  return `SELECT * FROM unnest(${arrays.join(", ")})`;
}

function elementOf(cell: Cell): string {
  return cell === null ? "NULL" : `"${textOf(cell).replace(/["\\]/g, "\\$&")}"`;
}

function textOf(cell: string | Uint8Array): string {
  if (typeof cell === "string") return cell;
  return `\\x${Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString("hex")}`;
}

/** A time has its zone, which a column without one would drop. */
function typeOf({ type, isTime }: CellColumn): string {
  return isTime ? "timestamptz" : quoteIdentifier("postgres", type);
}

/** The start of the server and the number of the database, which every user may ask for. */
export async function postgresPlace(session: PostgresSession): Promise<Place> {
  const { oid } = await inspectPostgresTable(session);
  const { rows: [row] } = await session.run(
    "SELECT extract(epoch FROM pg_postmaster_start_time())::text || '/' || oid::text AS server " +
      "FROM pg_database WHERE datname = current_database()",
  );
  return { servers: [String(valueIn(row, "server"))], table: oid };
}
