/** Reads and removes single rows of a PostgreSQL table. */
import type { ClearOptions } from "../contract.ts";
import type { Dialect } from "../sql/layout.ts";
import type { RemovableRows, RowKey, RowTable } from "../sql/rows.ts";
import { quoteIdentifier, quoteText } from "../sql/ddl.ts";
import type { Row } from "../sql/errors.ts";
import { PostgresBatches } from "./batches.ts";
import { checkedTable } from "./clear.ts";
import { highestMark, pagesOf } from "./count.ts";
import { inspectPostgresTable, type PostgresTable, withinOf } from "./inspect_table.ts";
import { type PostgresSession, READING } from "./session.ts";

const isTimestamp = (type: string) => /^timestamp(?:tz)?$/.test(type);

export const postgresDialect: Dialect = {
  quote: (name) => quoteIdentifier("postgres", name),
  time: (milliseconds, type) => {
    return isTimestamp(type) ? `'${new Date(milliseconds).toISOString()}'::timestamptz` : undefined;
  },
  isNever: (column, type) => {
    return isTimestamp(type)
      ? `(${column} IS NULL OR ${column} = 'infinity')`
      : `${column} IS NULL`;
  },
  // The server's own text depends on the time zone. A timestamp without one is in the session's, as
  // it is in comparisons.
  // Whole microseconds, whose milliseconds a whole number holds: as a numeric, it takes longer.
  selectTime: (column) =>
    `CASE WHEN isfinite(${column}::timestamptz) THEN ` +
    `((date_part('epoch', ${column}::timestamptz) * 1000000)::int8 / 1000)::text END`,
  readTime(value) {
    const milliseconds = value === null ? NaN : Math.floor(Number(value));
    return Number.isFinite(milliseconds) ? milliseconds : null;
  },
  selectExact: (column) => `${column}::text`,
  written: (value) => quoteText(String(value)),
  selectId: textOrBytes,
  selectData: textOrBytes,
};

function textOrBytes(column: string, type: string): string {
  if (type === "bytea") return column;
  // As a text, an address would end with the length of its network.
  return type === "inet" ? `host(${column})` : `${column}::text`;
}

export async function readPostgresRows(session: PostgresSession): Promise<RowTable> {
  return rowsOf(session, await inspectPostgresTable(session));
}

function rowsOf(session: PostgresSession, table: PostgresTable): RowTable {
  const read = async (sql: string) => (await session.run(sql, READING)).rows;
  return {
    from: table.from,
    columns: table.columns,
    dialect: postgresDialect,
    key: table.keys.length > 0 ? keyOf(table.keys) : PLACES,
    read,
    within: () =>
      session.snapshot(async (read) => {
        return withinOf(table, await highestMark(read, table, await pagesOf(read, table)));
      }),
  };
}

/** The primary key. Rows that are updated keep their place in its order. */
function keyOf(columns: readonly string[]): RowKey {
  return {
    columns,
    selected: columns.map((column, index) => `${column}::text AS key_${index}`),
    written: (row) => columns.map((_, index) => quoteText(String(row[`key_${index}`]))),
  };
}

/** Where rows lie, for tables without a primary key. */
const PLACES: RowKey = {
  columns: ["tableoid", "ctid"],
  selected: ["tableoid::text AS part", "ctid::text AS place", "xmin::text AS version"],
  written: (row) => [quoteText(String(row["part"])), quoteText(String(row["place"]))],
};

/** @throws {AzuError} if it is known beforehand that rows cannot be removed. */
export async function removePostgresRows(
  session: PostgresSession,
  { skipLocked = false }: ClearOptions,
  tick: () => void,
): Promise<RemovableRows> {
  const table = await checkedTable(session, false, tick);
  const rows = rowsOf(session, table);
  const batches = new PostgresBatches(session, table, skipLocked);
  return {
    ...rows,
    async remove(found, where) {
      if (found.length === 0) return await batches.settle();
      return await batches.remove(`${matching(rows.key, found)} AND ${where}`);
    },
    inDoubt: () => batches.inDoubt(0),
    isAwaited: () => batches.isAwaited,
    relax: () => batches.relax(),
  };
}

function matching(key: RowKey, found: readonly Row[]): string {
  if (key === PLACES) return matchingPlaces(found);
  const values = found.map((row) => {
    const written = key.written(row);
    return written.length === 1 ? written.join() : `(${written.join(", ")})`;
  });
  const columns = key.columns.length === 1 ? key.columns.join() : `(${key.columns.join(", ")})`;
  return `${columns} IN (${values.join(", ")})`;
}

/**
 * Another row may lie there meanwhile. It has another version: that of a transaction which began
 * after we had read these.
 */
function matchingPlaces(found: readonly Row[]): string {
  const parts = Map.groupBy(found, ({ part }) => String(part));
  const conditions = [...parts].map(([part, rows]) => {
    const places = quoteText(`{"${rows.map(({ place }) => String(place)).join('","')}"}`);
    return `(tableoid = ${quoteText(part)} AND ctid = ANY (${places}::tid[]))`;
  });
  const versions = new Set(found.map(({ version }) => quoteText(String(version))));
  return `(${conditions.join(" OR ")}) AND xmin::text IN (${[...versions].join(", ")})`;
}
