/** Counts the rows of a table in one moment, in statements that each end soon. */
import type { Row } from "./postgres_session.ts";
import type { PostgresTable } from "./postgres_table.ts";
import type { Closing, Start } from "./sql_clear.ts";

/** Runs a statement of a transaction that sees one moment. */
export type Read = (sql: string) => Promise<readonly Row[]>;

/** Pages, of 8 KiB each, that one statement counts: seconds, where they are not in memory. */
const PAGES_AT_ONCE = 131_072;

export async function pagesOf(read: Read, { oid, paged }: PostgresTable): Promise<number> {
  if (!paged) return 0;
  const size = `pg_relation_size(${oid}) / current_setting('block_size')::int`;
  const [found] = await read(`SELECT ${size} AS pages`);
  return Number(found?.["pages"]);
}

/**
 * @param within The condition that rows of the start meet; all others have arrived since.
 * @param tick Called before each statement, with what has been counted, and the part that this is.
 */
export async function countRows(
  read: Read,
  { paged, from }: PostgresTable,
  { within, pages, tick }: {
    readonly within: string;
    readonly pages: number;
    readonly tick: (counted: number, part: number) => void;
  },
): Promise<Closing> {
  const sql = `SELECT count(*) FILTER (WHERE ${within}) AS left, count(*) AS all FROM ${from}`;
  let [left, all] = [0, 0];
  const add = async (where: string, part: number) => {
    tick(all, part);
    const [row] = await read(sql + where);
    left += Number(row?.["left"]);
    all += Number(row?.["all"]);
  };
  // Without a range, the server may use several processes.
  if (!paged || pages <= PAGES_AT_ONCE) await add("", 0);
  else {for (let page = 0; page < pages; page += PAGES_AT_ONCE) {
      await add(
        ` WHERE ctid >= '(${page},0)' AND ctid < '(${page + PAGES_AT_ONCE},0)'`,
        page / pages,
      );
    }}
  return { left, arrived: all - left, removed: 0 };
}

/**
 * How many rows there are, as the server's planner guesses: a count would take a quarter of the
 * time that the whole clear does. That there are none is certain.
 */
export async function estimate(read: Read, { from }: PostgresTable): Promise<Start> {
  const [some] = await read(`SELECT EXISTS (SELECT 1 FROM ${from}) AS found`);
  if (some?.["found"] !== true) return { rows: 0, isExact: true };
  const [row] = await read(`EXPLAIN (FORMAT JSON) SELECT 1 FROM ${from}`);
  const guess = /"Plan Rows":\s*(\d+)/.exec(JSON.stringify(row))?.[1];
  return { rows: Math.max(1, Number(guess ?? 1)), isExact: false };
}
