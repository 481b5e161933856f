/** The ways through a table of PostgreSQL. */
import type { PostgresBatches } from "./batches.ts";
import { type Limits, type PostgresSession, READING } from "./session.ts";
import type { Walk } from "../sql/clear.ts";
import { quoteText } from "../sql/schema.ts";

/** Which rows are removed, as SQL, and what a batch may take. */
export interface Target {
  readonly session: PostgresSession;
  readonly batches: PostgresBatches;
  readonly from: string;
  /** The condition that rows of the start meet. */
  readonly within: string;
  limits(): Limits;
}

/** Pages in one statement at the most: of ordinary sessions some 100,000 rows. */
const MOST_PAGES = 2048;

/** In the first one: how full pages are is only guessed. */
const FIRST_PAGES = 32;

/**
 * By ranges of pages, each of which is read once: as quick as one DELETE. A row that is updated
 * meanwhile may move into a page that is behind: a later pass finds it.
 */
export class PageWalk implements Walk {
  readonly #target: Target;
  readonly #pages: number;
  #next = 0;
  /** Pages for one row. */
  #share: number;
  /** How many the last batch read. */
  #span = FIRST_PAGES / 2;

  constructor(target: Target, { pages, rows }: { pages: number; rows: number }) {
    this.#target = target;
    this.#pages = pages;
    this.#share = pages / Math.max(1, rows);
  }

  get done(): boolean {
    return this.#next >= this.#pages;
  }

  async next(rows: number): Promise<number> {
    const { batches, from, within, limits } = this.#target;
    const upTo = this.#next + this.#spanOf(rows);
    const removed = await batches.run(
      `DELETE FROM ${from} WHERE ${pages(this.#next, upTo)} AND ${within}`,
      limits(),
    );
    this.#span = upTo - this.#next;
    this.#share = this.#span / Math.max(1, removed);
    this.#next = upTo;
    return removed;
  }

  /** By what the pages before held: but those ahead may be fuller, so it grows step by step. */
  #spanOf(rows: number): number {
    const wanted = Math.min(rows * this.#share, this.#span * 2, MOST_PAGES);
    return Math.max(1, Math.round(wanted));
  }
}

/** What pages before have left: found by page, removed by key, which a row keeps when it moves. */
export class LeftWalk implements Walk {
  readonly #target: Target;
  readonly #pages: number;
  readonly #by: string;
  #next = 0;
  /** Where, in those pages, the last row was that a batch found: one that was kept stays there. */
  #last: string | undefined;

  /** @param by The key; without one, `ctid`: rows that move in between are found by the next pass. */
  constructor(target: Target, pages: number, by = "ctid") {
    this.#target = target;
    this.#pages = pages;
    this.#by = by;
  }

  get done(): boolean {
    return this.#next >= this.#pages;
  }

  async next(rows: number): Promise<number> {
    const { session, batches, from, within, limits } = this.#target;
    const behind = this.#last === undefined ? "" : ` AND ctid > ${quoteText(this.#last)}`;
    const range = pages(this.#next, this.#next + MOST_PAGES) + behind;
    const found = await session.run(
      `SELECT ${this.#by}::text AS found, ctid::text AS place FROM ${from} ` +
        `WHERE ${range} AND ${within} ORDER BY ctid LIMIT ${rows}`,
      READING,
    );
    const values = found.rows.map((row) => quoteText(String(row["found"])));
    const removed = values.length === 0 ? await batches.settle() : await batches.run(
      `DELETE FROM ${from} WHERE ${this.#by} IN (${values.join(", ")}) AND ${within}`,
      limits(),
    );
    this.#last = found.rows.map((row) => String(row["place"])).at(-1);
    if (values.length < rows) [this.#next, this.#last] = [this.#next + MOST_PAGES, undefined];
    return removed;
  }
}

function pages(from: number, upTo: number): string {
  return `ctid >= '(${from},0)' AND ctid < '(${upTo},0)'`;
}
