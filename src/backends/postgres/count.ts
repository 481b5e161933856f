/** Counts, and other aggregates of a table in one snapshot, in statements that each end soon. */
import type { Closing, Start } from "../sql/clear.ts";
import { countIn, type Row, sumIn, valueIn } from "../sql/errors.ts";
import { type Limits, QUICK, type Read, READING } from "./session.ts";
import type { PostgresTable } from "./inspect_table.ts";

/** Pages of 8 KiB that one statement counts: it takes seconds if they are not in memory. */
const PAGES_AT_ONCE = 131_072;

export async function pagesOf(read: Read, { oid, paged }: PostgresTable): Promise<number> {
  if (!paged) return 0;
  const pages = `pg_relation_size(${oid}) / current_setting('block_size')::int`;
  const [found] = await read(`SELECT ${pages} AS pages`);
  return countIn(found, "pages");
}

/** The limits to read the whole table: a millisecond for each page is plenty. */
export function reading({ paged }: PostgresTable, pages: number): Limits {
  if (!paged) return READING;
  return { ...READING, statement: Math.min(READING.statement, QUICK.statement + pages) };
}

/** The highest mark of all rows; undefined if there is none. */
export async function highestMark(
  read: Read,
  table: PostgresTable,
  pages: number,
): Promise<string | undefined> {
  if (table.mark === undefined) return undefined;
  const sql = `SELECT max(${table.mark})::text AS highest FROM ${table.from}`;
  const [found] = await read(sql, reading(table, pages));
  const highest = valueIn(found, "highest");
  return highest === null ? undefined : String(highest);
}

/**
 * Counts all rows, and those of the start.
 * @param within The condition that rows of the start meet. All others have arrived since.
 * @param tick As in {@linkcode aggregate}.
 * @param selected The condition of the rows that are counted at all; undefined for all rows.
 */
export async function countRows(
  read: Read,
  table: PostgresTable,
  within: string,
  pages: number,
  tick: (counted: number, part: number) => void,
  selected?: string,
): Promise<Closing> {
  const columns = [`count(*) FILTER (WHERE ${within}) AS left`, "count(*) AS found"];
  const parts = await aggregate(read, table, columns, pages, tick, selected);
  const left = sumIn(parts, "left");
  return { left, arrived: sumIn(parts, "found") - left, removed: 0 };
}

/**
 * Reads all rows, some pages at a time.
 * @param columns Aggregates; one of them is `count(*) AS found`.
 * @param tick Called before each statement, with the rows counted so far, and the part of the table
 *   that they fill: 0 to 1.
 * @param selected The condition of the rows that are read; undefined for all rows.
 * @returns a row for each statement.
 */
export async function aggregate(
  read: Read,
  table: PostgresTable,
  columns: readonly string[],
  pages: number,
  tick: (counted: number, part: number) => void,
  selected?: string,
): Promise<readonly Row[]> {
  const select = `SELECT ${columns.join(", ")} FROM ${table.from}`;
  const meant = selected === undefined ? [] : [selected];
  const parts: Row[] = [];
  let counted = 0;
  // Without a range, the server may use several processes.
  const isWhole = pages <= PAGES_AT_ONCE;
  for (let page = 0; page === 0 || page < pages; page += PAGES_AT_ONCE) {
    tick(counted, page / Math.max(1, pages));
    const conditions = isWhole ? meant : [pageRange(page, page + PAGES_AT_ONCE), ...meant];
    const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
    const rows = await read(select + where, reading(table, pages));
    counted += countIn(rows[0], "found");
    parts.push(...rows);
  }
  return parts;
}

/** The condition of rows in pages, the last one not included. */
export function pageRange(from: number, upTo: number): string {
  return `ctid >= '(${from},0)' AND ctid < '(${upTo},0)'`;
}

/**
 * How many rows there are, as the server's planner estimates: a count would take a quarter of the
 * time of the whole clear. That there are no rows is certain.
 */
export async function estimate(
  read: Read,
  table: PostgresTable,
  pages: number,
  selected?: string,
): Promise<Start> {
  const from = selected === undefined ? table.from : `${table.from} WHERE ${selected}`;
  const some = `SELECT count(*) AS found FROM (SELECT 1 FROM ${from} LIMIT 1) AS found_row`;
  const [found] = await read(some, reading(table, pages));
  if (countIn(found, "found") === 0) return { rows: 0, isExact: true };
  const [row] = await read(`EXPLAIN (FORMAT JSON) SELECT 1 FROM ${from}`);
  const estimated = /"Plan Rows":\s*(\d+)/.exec(JSON.stringify(row))?.[1];
  return { rows: Math.max(1, Number(estimated ?? 1)), isExact: false };
}
