/** The ways through a table of PostgreSQL. */
import type { Walk } from "../sql/clear.ts";
import { countIn } from "../sql/errors.ts";
import { quoteText } from "../sql/schema.ts";
import { type Keyset, OnceWalk } from "../sql/walks.ts";
import type { PostgresBatches } from "./batches.ts";
import { pageRange } from "./count.ts";
import { type Limits, type PostgresSession, READING } from "./session.ts";

/** Which rows to remove, as SQL, and how. */
export interface Target {
  readonly session: PostgresSession;
  readonly batches: PostgresBatches;
  readonly from: string;
  /** The condition that rows of the start meet. */
  readonly within: string;
  /** The limits of a batch. */
  limits(): Limits;
}

/** The most pages in one statement: about 100,000 rows of ordinary sessions. */
const MOST_PAGES = 2048;

/** The most pages in the first one, when it is only an estimate how full they are. */
const FIRST_PAGES = 32;

/**
 * By ranges of pages. Each page is read once, so this is as fast as one DELETE. A row that is
 * updated meanwhile may move to a page that was passed. A later pass finds it.
 */
export class PageWalk implements Walk {
  readonly #target: Target;
  readonly #pages: number;
  #next = 0;
  #pagesPerRow: number;
  /** Pages of the last batch. */
  #span = FIRST_PAGES / 2;

  constructor(target: Target, pages: number, rows: number) {
    this.#target = target;
    this.#pages = pages;
    this.#pagesPerRow = pages / Math.max(1, rows);
  }

  get done(): boolean {
    return this.#next >= this.#pages;
  }

  async next(rows: number): Promise<number> {
    const { batches, from, within, limits } = this.#target;
    // The pages ahead may be fuller than those before, so the range grows step by step.
    const wanted = Math.min(rows * this.#pagesPerRow, this.#span * 2, MOST_PAGES);
    const span = Math.max(1, Math.round(wanted));
    const range = pageRange(this.#next, this.#next + span);
    const removed = await batches.run(`DELETE FROM ${from} WHERE ${range} AND ${within}`, limits());
    this.#span = span;
    this.#pagesPerRow = span / Math.max(1, removed);
    this.#next += span;
    return removed;
  }
}

/**
 * Finds the few rows that a pass has left by page, and removes them by key, which stays the same if
 * a row moves.
 */
export class LeftWalk implements Walk {
  readonly #target: Target;
  readonly #pages: number;
  readonly #key: string;
  #next = 0;
  /** The place of the last row that a batch found in these pages. If it was kept, it stays there. */
  #last: string | undefined;

  /** @param key A unique column; or `ctid`, then a later pass finds rows that move in between. */
  constructor(target: Target, pages: number, key: string) {
    this.#target = target;
    this.#pages = pages;
    this.#key = key;
  }

  get done(): boolean {
    return this.#next >= this.#pages;
  }

  async next(rows: number): Promise<number> {
    const { session, batches, from, within, limits } = this.#target;
    const behind = this.#last === undefined ? "" : ` AND ctid > ${quoteText(this.#last)}`;
    const range = pageRange(this.#next, this.#next + MOST_PAGES) + behind;
    const found = await session.run(
      `SELECT ${this.#key}::text AS found, ctid::text AS place FROM ${from} ` +
        `WHERE ${range} AND ${within} ORDER BY ctid LIMIT ${rows}`,
      READING,
    );
    const values = found.rows.map((row) => quoteText(String(row["found"])));
    const removed = values.length === 0 ? await batches.settle() : await batches.run(
      `DELETE FROM ${from} WHERE ${this.#key} IN (${values.join(", ")}) AND ${within}`,
      limits(),
    );
    if (values.length < rows) {
      this.#next += MOST_PAGES;
      this.#last = undefined;
    } else {
      this.#last = found.rows.map((row) => String(row["place"])).at(-1);
    }
    return removed;
  }
}

/** By primary key, for tables whose rows cannot be found by page. */
export function postgresKeyset(target: Target, keys: readonly string[]): Keyset<readonly string[]> {
  const { session, batches, from, within, limits } = target;
  const columns = `(${keys.join(", ")})`;
  const at = (values: readonly string[]) => `(${values.map(quoteText).join(", ")})`;
  const behind = (last: readonly string[] | undefined) =>
    last === undefined ? within : `${columns} > ${at(last)} AND ${within}`;
  const texts = keys.map((key, index) => `${key}::text AS key_${index}`).join(", ");
  return {
    async keyAfter(last, rows) {
      const { rows: [found] } = await session.run(
        `SELECT ${texts} FROM ${from} WHERE ${behind(last)} ` +
          `ORDER BY ${keys.join(", ")} LIMIT 1 OFFSET ${rows - 1}`,
        READING,
      );
      return found === undefined
        ? undefined
        : keys.map((_, index) => String(found[`key_${index}`]));
    },
    async removeUpTo(last, upTo) {
      const end = upTo === undefined ? "" : ` AND ${columns} <= ${at(upTo)}`;
      return await batches.run(`DELETE FROM ${from} WHERE ${behind(last)}${end}`, limits());
    },
  };
}

/**
 * By place, in whatever partition, for tables with neither key nor pages. A row that is updated
 * meanwhile moves. A later pass finds it.
 */
export class PlacesWalk implements Walk {
  readonly #target: Target;
  /** Rows that were found but not removed. The next batch finds them again, before the others. */
  #kept = 0;
  #done = false;

  constructor(target: Target) {
    this.#target = target;
  }

  get done(): boolean {
    return this.#done;
  }

  async next(rows: number): Promise<number> {
    const { session, batches, from, within, limits } = this.#target;
    const found = (await session.run(
      `SELECT tableoid::text AS part, ctid::text AS place FROM ${from} WHERE ${within} ` +
        `LIMIT ${rows} OFFSET ${this.#kept}`,
      READING,
    )).rows;
    const parts = Map.groupBy(found, ({ part }) => String(part));
    const conditions = [...parts].map(([part, each]) => {
      const places = quoteText(`{"${each.map(({ place }) => String(place)).join('","')}"}`);
      return `(tableoid = ${part} AND ctid = ANY (${places}::tid[]))`;
    });
    const removed = found.length === 0 ? 0 : await batches.run(
      `DELETE FROM ${from} WHERE (${conditions.join(" OR ")}) AND ${within}`,
      limits(),
    );
    this.#kept += found.length - removed;
    this.#done = found.length < rows;
    return removed;
  }
}

/** All rows in one statement, if few are left that move and have no key to find them by. */
export function restWalk({ batches, from, within, limits }: Target): Walk {
  return new OnceWalk(() => batches.run(`DELETE FROM ${from} WHERE ${within}`, limits()));
}

/** From asking for the lock on, others wait to use the table: so ask for it only for a while. */
const TRUNCATE: Limits = { statement: 60_000, lock: 1000 };

/** Empties the table. With the lock, nobody writes between the count and the TRUNCATE. */
export function truncateWalk({ session, from }: Target): Walk {
  return new OnceWalk(() =>
    session.transaction("BEGIN", TRUNCATE, async (run) => {
      await run(`LOCK TABLE ${from} IN ACCESS EXCLUSIVE MODE`);
      const { rows: [found] } = await run(`SELECT count(*) AS count FROM ${from}`);
      await run(`TRUNCATE TABLE ${from}`);
      return countIn(found, "count");
    })
  );
}
