/** Reads and removes single rows of a MySQL table. */
import { quoteIdentifier } from "../sql/ddl.ts";
import type { ClearOptions } from "../contract.ts";
import { countIn, errorCode, type Row, valueIn } from "../sql/errors.ts";
import type { Dialect } from "../sql/layout.ts";
import type { RemovableRows, RowKey, RowTable } from "../sql/rows.ts";
import { literal } from "./connection.ts";
import { checkMysqlReferences } from "./foreign_keys.ts";
import { inspectMysqlTable, keyOf, type MysqlTable, withinOf, written } from "./inspect_table.ts";
import { type MysqlSession, READING } from "./session.ts";
import { BATCH, SLOW_BATCH } from "./clear.ts";

const isTime = (type: string) => /^(?:datetime|timestamp)\b/i.test(type);

/** The connection's time zone is UTC, as the app's is. */
export const mysqlDialect: Dialect = {
  quote: (name) => quoteIdentifier("mysql", name),
  time: (milliseconds, type) => isTime(type) ? `'${timeText(milliseconds)}'` : undefined,
  isNever: (column) => `${column} IS NULL`,
  selectTime: (column) => `CAST(${column} AS CHAR)`,
  readTime(value) {
    const text = typeof value === "string" ? value.replace(" ", "T") : "";
    // Three digits behind the second: JavaScript's times are no finer.
    const time = Date.parse(`${text.replace(/(\.\d{3})\d+$/, "$1")}Z`);
    return Number.isNaN(time) ? null : time;
  },
  selectExact: (column) => `CAST(${column} AS CHAR)`,
  written: (value) => literal(String(value)),
  selectId(column, type) {
    // The bytes of these types are not those of their texts.
    const isPacked = /^(?:uuid|inet[46])\b/i.test(type);
    return `CAST(${isPacked ? `CAST(${column} AS CHAR)` : column} AS BINARY)`;
  },
  selectData: (column) => `CAST(${column} AS BINARY)`,
};

function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("T", " ").replace("Z", "");
}

export async function readMysqlRows(session: MysqlSession): Promise<RowTable> {
  return rowsOf(session, await inspectMysqlTable(session));
}

function rowsOf(session: MysqlSession, table: MysqlTable): RowTable {
  const { from, key, isWhole, mark, columns } = table;
  return {
    from,
    columns,
    dialect: mysqlDialect,
    key: key === undefined ? wholeRow(columns.map(({ name }) => name)) : keyIn(key, isWhole),
    read: (sql) => session.read(sql, READING),
    async within() {
      if (mark === undefined) return "TRUE";
      const [row] = await session.read(`SELECT MAX(${mark.sql}) AS highest FROM ${from}`, READING);
      return withinOf(mark, key, keyOf(valueIn(row, "highest")));
    },
  };
}

function keyIn(column: string, isWhole: boolean): RowKey {
  return {
    columns: [column],
    selected: [`${column} AS row_key`],
    written: (row) => [written(keyOf(row["row_key"]) ?? "", isWhole)],
  };
}

/** Without a key, a row is found again by all that is in it. */
function wholeRow(names: readonly string[]): RowKey {
  const columns = names.map((name) => `CAST(${quoteIdentifier("mysql", name)} AS BINARY)`);
  const digest = `SHA2(CONCAT_WS('', ${
    columns.map((column) => `HEX(${column}), IF(${column} IS NULL, 'n', '.')`).join(", ")
  }), 256)`;
  return {
    columns: [],
    selected: [`${digest} AS row_digest`],
    written: (row) => [`(${digest} = ${literal(String(row["row_digest"]))})`],
  };
}

/** @throws {AzuError} if it is known beforehand that rows cannot be removed. */
export async function removeMysqlRows(
  session: MysqlSession,
  { skipLocked = false }: ClearOptions,
  tick: () => void,
): Promise<RemovableRows> {
  const table = await inspectMysqlTable(session);
  await checkMysqlReferences(session, tick);
  const rows = rowsOf(session, table);
  let limit = table.undoes ? BATCH : SLOW_BATCH;
  /** Rows whose removal got no answer: the condition that finds them, and how many they are. */
  let doubt: { readonly condition: string; readonly count: number } | undefined;
  const findOut = async () => {
    if (doubt === undefined) return 0;
    const sql = `SELECT COUNT(*) AS there FROM ${table.from} WHERE ${doubt.condition}`;
    const [row] = await session.read(sql, READING);
    const gone = Math.max(0, doubt.count - countIn(row, "there"));
    doubt = undefined;
    return gone;
  };
  return {
    ...rows,
    async remove(found, where) {
      const gone = await findOut();
      if (found.length === 0) return gone;
      const condition = matching(rows.key, found);
      doubt = { condition, count: found.length };
      const removed = skipLocked
        ? await removeUnlocked(session, rows, `${condition} AND ${where}`, limit)
        : await session.batch(`DELETE FROM ${table.from} WHERE ${condition} AND ${where}`, limit);
      doubt = undefined;
      return gone + removed;
    },
    inDoubt: () => doubt?.count ?? 0,
    relax: () => {
      limit = SLOW_BATCH;
    },
  };
}

/** Servers before MySQL 8.0.1 and MariaDB 10.6 cannot skip locked rows, and wait for them. */
const CANNOT_SKIP = /^ER_(?:PARSE_ERROR|SYNTAX_ERROR)$/;

/** Removes the rows that nobody else has locked. */
async function removeUnlocked(
  session: MysqlSession,
  { from, key }: RowTable,
  where: string,
  limit: number,
): Promise<number> {
  return await session.transaction(async () => {
    const select = `SELECT ${key.selected.join(", ")} FROM ${from} WHERE ${where} FOR UPDATE`;
    const free = await session.read(`${select} SKIP LOCKED`).catch((error: unknown) => {
      if (CANNOT_SKIP.test(errorCode(error))) return undefined;
      throw error;
    });
    if (free?.length === 0) return 0;
    const rest = free === undefined ? where : `${matching(key, free)} AND ${where}`;
    return await session.batch(`DELETE FROM ${from} WHERE ${rest}`, limit);
  });
}

function matching(key: RowKey, found: readonly Row[]): string {
  const values = found.flatMap((row) => key.written(row));
  const [column] = key.columns;
  return column === undefined ? `(${values.join(" OR ")})` : `${column} IN (${values.join(", ")})`;
}
