/** Reads and removes single rows of a SQLite table. */
import { sleep } from "../pace.ts";
import { tuple } from "../sql/clear.ts";
import { quoteIdentifier } from "../sql/ddl.ts";
import type { Dialect } from "../sql/layout.ts";
import type { RemovableRows, RowKey, RowTable } from "../sql/rows.ts";
import { ImpossibleError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import { fullName, inspectSqliteTable } from "./inspect_table.ts";
import { type SqliteSession, whileLocked } from "./session.ts";

/** The app's driver writes times as texts in UTC, which compare as the times do. */
export const sqliteDialect: Dialect = {
  quote: (name) => quoteIdentifier("sqlite", name),
  time(milliseconds, type) {
    // Numbers would be before every text.
    if (/int|real|floa|doub/i.test(type)) return undefined;
    return `'${new Date(milliseconds).toISOString().replace("T", " ").replace("Z", "")}'`;
  },
  isNever: (column) => `typeof(${column}) <> 'text'`,
  selectTime: (column) => column,
  readTime(value) {
    const time = typeof value === "string"
      ? Date.parse(`${value.replace(" ", "T").replace(/(\.\d{3})\d+$/, "$1")}Z`)
      : NaN;
    return Number.isNaN(time) ? null : time;
  },
  selectExact: (column) => column,
  written: literal,
  selectId: (column) => column,
  selectData: (column) => column,
};

export async function readSqliteRows(
  session: SqliteSession,
  signal: AbortSignal,
): Promise<RowTable> {
  const { key, mark, sparse, columns } = await whileLocked(
    () => inspectSqliteTable(session),
    signal,
  );
  const from = fullName(session);
  if (key.length === 0) throw keyless(session);
  const read = async (sql: string) => {
    await sleep(0, signal); // the driver blocks, so let signals in
    signal.throwIfAborted();
    return session.all(sql);
  };
  return {
    from,
    columns,
    dialect: sqliteDialect,
    key: keyOf(key),
    read,
    async within() {
      if (mark === undefined) return "1";
      const [row] = await read(`SELECT max(${mark}) AS highest FROM ${from}`);
      const highest = row?.["highest"] ?? null;
      if (highest === null) return sparse ? `${mark} IS NULL` : "0";
      const upTo = `${mark} <= ${literal(highest)}`;
      return sparse ? `(${upTo} OR ${mark} IS NULL)` : upTo;
    },
  };
}

function keyless({ target }: SqliteSession): ImpossibleError {
  return new ImpossibleError(
    `The table ${printable(target.tableText)} has neither a row id nor a primary key, so single ` +
      `sessions cannot be selected (${target.address})`,
  );
}

function keyOf(columns: readonly string[]): RowKey {
  return {
    columns,
    selected: columns.map((column, index) => `${column} AS key_${index}`),
    written: (row) => columns.map((_, index) => literal(row[`key_${index}`])),
  };
}

export async function removeSqliteRows(
  session: SqliteSession,
  signal: AbortSignal,
): Promise<RemovableRows> {
  const table = await readSqliteRows(session, signal);
  await whileLocked(() => session.enlargeCache(), signal);
  const columns = tuple(table.key.columns);
  return {
    ...table,
    async remove(found, where) {
      if (found.length === 0) return 0;
      const keys = found.map((row) => tuple(table.key.written(row)));
      const list = table.key.columns.length === 1
        ? `(${keys.join(", ")})`
        : `(VALUES ${keys.join(", ")})`;
      const sql = `DELETE FROM ${table.from} WHERE ${columns} IN ${list} AND ${where}`;
      // A trigger that fails may leave a part of a statement done (RAISE(FAIL)): undo it.
      return await session.transaction("IMMEDIATE", () => session.run(sql));
    },
    inDoubt: () => 0,
  };
}

/** A value that was read, as SQL. A text with a NUL would end there, so it is written as bytes. */
export function literal(value: unknown): string {
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  if (value instanceof Uint8Array) return `X'${value.toHex()}'`;
  const text = String(value);
  if (text.includes("\0")) return `CAST(X'${new TextEncoder().encode(text).toHex()}' AS TEXT)`;
  return `'${text.replaceAll("'", "''")}'`;
}
