/** Writes single rows of a PostgreSQL table, and says where it is. */
import { Buffer, isAscii } from "node:buffer";
import type { Place } from "../contract.ts";
import { SAME_TIME } from "../same_session.ts";
import { quoteIdentifier, quoteText } from "../sql/ddl.ts";
import { errorCode, valueIn } from "../sql/errors.ts";
import type { Cell, CellColumn, Inserted, WritableRows } from "../sql/rows.ts";
import { binaryBytes, binaryNumbers, binaryTexts } from "./binary_arrays.ts";
import { inspectPostgresTable } from "./inspect_table.ts";
import { readPostgresRows } from "./rows.ts";
import { type Limits, type PostgresSession, READING } from "./session.ts";

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
    async write(inserted, updates) {
      return await session.undoing(WRITING, async (send) => {
        await send("BEGIN");
        let isDone = true;
        if (inserted !== undefined) {
          const names = inserted.columns.map(({ name }) => quoted(name)).join(", ");
          const sql = `COPY ${table.from.replace(/^ONLY /, "")} (${names}) FROM STDIN`;
          isDone = await session.copyIn(sql, linesOf(inserted), WRITING) === inserted.length;
        }
        if (updates.length > 0 && isDone) {
          const answers = await send(...updates.map(({ sql }) => sql));
          isDone = updates.every(({ rows }, index) => answers[index]?.count === rows);
        }
        await send(isDone ? "COMMIT" : "ROLLBACK");
        return isDone;
      });
    },
    isAboutRow: (error) => ABOUT_ROW.test(errorCode(error)),
    literal: (cell, column) => {
      return `${cell === null ? "NULL" : quoteText(textOf(cell))}::${typeOf(column)}`;
    },
    isOneOf({ name, type }, values) {
      const elements = values.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`);
      const array = `${quoteText(`{${elements.join(",")}}`)}::${quoted(type)}[]`;
      return `${quoted(name)} = ANY (${array})`;
    },
    async differing({ id, data, expiresAt }, sessions) {
      if (data.type !== "bytea") return undefined;
      const earliest = sessions.map((session) => (session.expiresAt ?? Infinity) - SAME_TIME);
      // A subquery, because the server could read the whole table for a join.
      const { rows } = await session.runWith(
        "SELECT place FROM unnest($1::text[], $2::bytea[], $3::float8[]) WITH ORDINALITY " +
          "AS wanted (id, data, earliest, place) WHERE " +
          `(SELECT stored.${quoted(data.name)} = wanted.data AND ` +
          `stored.${quoted(expiresAt.name)} > to_timestamp(wanted.earliest / 1000) ` +
          `FROM ${table.from} AS stored ` +
          `WHERE stored.${quoted(id.name)} = wanted.id::${quoted(id.type)}) IS NOT TRUE`,
        [
          binaryTexts(sessions.map(({ id }) => id)),
          binaryBytes(sessions.map(({ payload }) => payload)),
          binaryNumbers(earliest),
        ],
        READING,
      );
      return new Set(rows.map(({ place }) => Number(place) - 1));
    },
  };
}

/** Rows in one message. */
const ROWS_AT_ONCE = 250;

/** What COPY reads: a line for each row. It takes half the time of an INSERT (measured). */
function* linesOf({ rows }: Inserted): Generator<Buffer> {
  let lines: string[] = [];
  for (const row of rows()) {
    lines.push(`${row.map(fieldOf).join("\t")}\n`);
    if (lines.length < ROWS_AT_ONCE) continue;
    yield Buffer.from(lines.join(""));
    lines = [];
  }
  yield Buffer.from(lines.join(""));
}

function fieldOf(cell: Cell): string {
  if (cell === null) return "\\N";
  if (typeof cell !== "string") return textOf(cell).replace("\\", "\\\\");
  return /[\\\t\n\r]/.test(cell)
    ? cell.replace(/[\\\t\n\r]/g, (found) => ESCAPES[found] ?? "")
    : cell;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
};

/**
 * Bytes that PostgreSQL reads as they are. Most JSON has no others, and is half as long like this as
 * in hexadecimal.
 */
const PLAIN = /^[ -\[\]-~]*$/;

/** Bytes contain a backslash at the beginning, or none. */
function textOf(cell: string | Uint8Array): string {
  if (typeof cell === "string") return cell;
  const bytes = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength);
  const text = isAscii(bytes) ? bytes.toString() : undefined;
  return text !== undefined && PLAIN.test(text) ? text : `\\x${bytes.toString("hex")}`;
}

/** A time has its zone, which a column without one would drop. */
function typeOf({ type, isTime }: CellColumn): string {
  return isTime ? "timestamptz" : quoted(type);
}

function quoted(name: string): string {
  return quoteIdentifier("postgres", name);
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
