/** Counts the rows of a table in one moment, in statements that each end soon. */
import { type Limits, QUICK, type Read, READING } from "./session.ts";
import type { PostgresTable } from "./table.ts";
import type { Closing, Start } from "../sql/clear.ts";
import { numberIn, textIn } from "../sql/answers.ts";

/** Pages, of 8 KiB each, that one statement counts: seconds, where they are not in memory. */
const PAGES_AT_ONCE = 131_072;

export async function pagesOf(read: Read, { oid, paged }: PostgresTable): Promise<number> {
  if (!paged) return 0;
  const size = `pg_relation_size(${oid}) / current_setting('block_size')::int`;
  const [found] = await read(`SELECT ${size} AS pages`);
  return numberIn(found, "pages");
}

/** For what reads all of a table: a millisecond for each page is plenty. */
export function reading({ paged }: PostgresTable, pages: number): Limits {
  if (!paged) return READING;
  return { ...READING, statement: Math.min(READING.statement, QUICK.statement + pages) };
}

/** The highest mark of all rows; undefined where there is none. */
export async function highestMark(
  read: Read,
  table: PostgresTable,
  pages: number,
): Promise<string | undefined> {
  if (table.mark === undefined) return undefined;
  const sql = `SELECT max(${table.mark})::text AS highest FROM ${table.from}`;
  const [found] = await read(sql, reading(table, pages));
  return textIn(found, "highest") ?? undefined;
}

/**
 * @param within The condition that rows of the start meet; all others have arrived since.
 * @param tick Called before each statement, with what has been counted, and the part that this is.
 */
export async function countRows(
  read: Read,
  table: PostgresTable,
  { within, pages, tick }: {
    readonly within: string;
    readonly pages: number;
    readonly tick: (counted: number, part: number) => void;
  },
): Promise<Closing> {
  const { paged, from } = table;
  const sql =
    `SELECT count(*) FILTER (WHERE ${within}) AS remaining, count(*) AS total FROM ${from}`;
  let left = 0;
  let all = 0;
  const add = async (where: string, part: number) => {
    tick(all, part);
    const [row] = await read(sql + where, reading(table, pages));
    left += numberIn(row, "remaining");
    all += numberIn(row, "total");
  };
  // Without a range, the server may use several processes.
  if (!paged || pages <= PAGES_AT_ONCE) await add("", 0);
  else {
    for (let page = 0; page < pages; page += PAGES_AT_ONCE) {
      const range = `ctid >= '(${page},0)' AND ctid < '(${page + PAGES_AT_ONCE},0)'`;
      await add(` WHERE ${range}`, page / pages);
    }
  }
  return { left, arrived: all - left, removed: 0 };
}

/**
 * How many rows there are, as the server's planner guesses: a count would take a quarter of the
 * time that the whole clear does. That there are none is certain.
 */
export async function estimate(read: Read, table: PostgresTable, pages: number): Promise<Start> {
  const { from } = table;
  const sql = `SELECT count(*) AS found FROM (SELECT 1 FROM ${from} LIMIT 1) AS found_row`;
  const [some] = await read(sql, reading(table, pages));
  if (numberIn(some, "found") === 0) return { rows: 0, isExact: true };
  const [row] = await read(`EXPLAIN (FORMAT JSON) SELECT 1 FROM ${from}`);
  const guess = /"Plan Rows":\s*(\d+)/.exec(JSON.stringify(row))?.[1];
  return { rows: Math.max(1, Number(guess ?? 1)), isExact: false };
}
