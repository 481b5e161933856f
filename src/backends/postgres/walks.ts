/** The ways to delete the rows of a PostgreSQL table in batches. */
import { type Keyset, tuple, type Walk } from "../sql/clear.ts";
import { countIn } from "../sql/errors.ts";
import { quoteText } from "../sql/ddl.ts";
import type { PostgresBatches } from "./batches.ts";
import { pageRange } from "./count.ts";
import { checkIdentity, type PostgresTable } from "./inspect_table.ts";
import { type Limits, type PostgresSession, READING } from "./session.ts";

/** The rows to delete, and the session to use. */
export interface Target {
  readonly session: PostgresSession;
  readonly batches: PostgresBatches;
  readonly from: string;
  /** The condition that selects the rows that existed when the clear began. */
  readonly within: string;
}

/** The most pages in one statement: about 100,000 rows of ordinary sessions. */
const MOST_PAGES = 2048;

/** The most pages in the first statement. How full they are is only an estimate until then. */
const FIRST_PAGES = 32;

/**
 * Deletes by ranges of pages. Each page is read once, so this is as fast as one DELETE. A row that is
 * updated meanwhile may move to a page that was passed. A later pass finds it.
 */
export function pageWalk({ batches, within }: Target, pages: number, rows: number): Walk {
  let next = 0;
  let pagesPerRow = pages / Math.max(1, rows);
  let span = FIRST_PAGES / 2;
  return async (rows) => {
    // The pages ahead may be fuller than those before, so the range grows step by step.
    const wanted = Math.min(rows * pagesPerRow, span * 2, MOST_PAGES);
    const pagesNow = Math.max(1, Math.round(wanted));
    const range = pageRange(next, next + pagesNow);
    const removed = await batches.remove(`${range} AND ${within}`);
    span = pagesNow;
    pagesPerRow = span / Math.max(1, removed);
    next += span;
    return { removed, isLast: next >= pages };
  };
}

/**
 * Searches the pages for the few rows that a pass has missed, and deletes them by key, which stays the
 * same if a row moves.
 * @param key A unique column; or `ctid`, then a later pass finds rows that move in between.
 */
export function leftWalk(
  { session, batches, from, within }: Target,
  pages: number,
  key: string,
): Walk {
  let next = 0;
  /** The ctid of the last row found in these pages: a row that is kept is not found again. */
  let last: string | undefined;
  return async (rows) => {
    const afterLast = last === undefined ? "" : ` AND ctid > ${quoteText(last)}`;
    const range = pageRange(next, next + MOST_PAGES) + afterLast;
    const { rows: found } = await session.run(
      `SELECT ${key}::text AS found, ctid::text AS place FROM ${from} ` +
        `WHERE ${range} AND ${within} ORDER BY ctid LIMIT ${rows}`,
      READING,
    );
    const keys = found.map((row) => quoteText(String(row["found"])));
    const removed = keys.length === 0
      ? await batches.settle()
      : await batches.remove(`${key} IN (${keys.join(", ")}) AND ${within}`);
    const hasMore = keys.length === rows;
    if (!hasMore) next += MOST_PAGES;
    last = hasMore ? String(found.at(-1)?.["place"]) : undefined;
    return { removed, isLast: next >= pages };
  };
}

/** Deletes by primary key, for tables whose rows cannot be found by page. */
export function postgresKeyset(
  { session, batches, from, within }: Target,
  columns: readonly string[],
): Keyset<readonly string[]> {
  return {
    from,
    within,
    columns,
    selected: columns.map((column, index) => `${column}::text AS key_${index}`).join(", "),
    written: (key) => tuple(key.map(quoteText)),
    async find(select) {
      const { rows: [found] } = await session.run(select, READING);
      return found && columns.map((_, index) => String(found[`key_${index}`]));
    },
    remove: (where) => batches.remove(where),
  };
}

/**
 * Deletes by partition and ctid, for tables with neither key nor pages. A row that is updated
 * meanwhile moves. A later pass finds it.
 */
export function placesWalk({ session, batches, from, within }: Target): Walk {
  /** Rows that were found but not removed. The next batch finds them again, before the others. */
  let kept = 0;
  return async (rows) => {
    const { rows: found } = await session.run(
      `SELECT tableoid::text AS part, ctid::text AS place FROM ${from} WHERE ${within} ` +
        `LIMIT ${rows} OFFSET ${kept}`,
      READING,
    );
    const parts = Map.groupBy(found, ({ part }) => String(part));
    const conditions = [...parts].map(([part, each]) => {
      const places = quoteText(`{"${each.map(({ place }) => String(place)).join('","')}"}`);
      return `(tableoid = ${part} AND ctid = ANY (${places}::tid[]))`;
    });
    const removed = found.length === 0
      ? 0
      : await batches.remove(`(${conditions.join(" OR ")}) AND ${within}`);
    kept += found.length - removed;
    return { removed, isLast: found.length < rows };
  };
}

/** Deletes the rest in one statement: a few rows that move and have no key. */
export function restWalk({ batches, within }: Target): Walk {
  return async () => ({ removed: await batches.remove(within), isLast: true });
}

/** A pending request for the lock already makes others wait, so it is short. Milliseconds. */
const TRUNCATE: Limits = { statement: 60_000, lock: 1000 };

/** Empties the table. With the lock, nobody writes between the count and the TRUNCATE. */
export function truncateWalk({ session, from }: Target, table: PostgresTable): Walk {
  return () =>
    session.transaction("BEGIN", TRUNCATE, async (run) => {
      await run(`LOCK TABLE ${from} IN ACCESS EXCLUSIVE MODE`);
      await checkIdentity(async (sql) => (await run(sql)).rows, session, table);
      const { rows: [found] } = await run(`SELECT count(*) AS count FROM ${from}`);
      await run(`TRUNCATE TABLE ${from}`);
      return { removed: countIn(found, "count"), isLast: true };
    });
}
