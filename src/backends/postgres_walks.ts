/** The ways through a table of PostgreSQL. */
import type { PostgresBatches } from "./postgres_batches.ts";
import { type Limits, type PostgresSession, READING } from "./postgres_session.ts";
import type { Walk } from "./sql_clear.ts";
import type { Keyset } from "./sql_walks.ts";
import { quoteText } from "./sql.ts";

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
    const range = pages(this.#next, this.#next + MOST_PAGES);
    const found = await session.run(
      `SELECT ${this.#by}::text AS found FROM ${from} WHERE ${range} AND ${within} LIMIT ${rows}`,
      READING,
    );
    const values = found.rows.map((row) => quoteText(String(row["found"])));
    const removed = values.length === 0 ? 0 : await batches.run(
      `DELETE FROM ${from} WHERE ${this.#by} IN (${values.join(", ")}) AND ${within}`,
      limits(),
    );
    if (values.length < rows) this.#next += MOST_PAGES;
    return removed;
  }
}

/** By primary key: for tables whose rows lie in no pages that could be named. */
export function postgresKeyset(target: Target, key: string): Keyset<string> {
  const { session, batches, from, within, limits } = target;
  const behind = (last: string | undefined) =>
    last === undefined ? within : `${key} > ${quoteText(last)} AND ${within}`;
  return {
    async keyAfter(last, rows) {
      const { rows: [found] } = await session.run(
        `SELECT ${key}::text AS key FROM ${from} WHERE ${behind(last)} ` +
          `ORDER BY ${key} LIMIT 1 OFFSET ${rows - 1}`,
        READING,
      );
      return found === undefined ? undefined : String(found["key"]);
    },
    async removeUpTo(last, upTo) {
      const end = upTo === undefined ? "" : ` AND ${key} <= ${quoteText(upTo)}`;
      return await batches.run(`DELETE FROM ${from} WHERE ${behind(last)}${end}`, limits());
    },
  };
}

/** Where there is neither. */
export async function removeAny(target: Target, rows: number): Promise<number> {
  const { batches, from, within, limits } = target;
  const some = `SELECT ctid FROM ${from} WHERE ${within} LIMIT ${rows}`;
  const sql = `DELETE FROM ${from} WHERE ctid = ANY (ARRAY(${some})) AND ${within}`;
  return await batches.run(sql, limits());
}

function pages(from: number, upTo: number): string {
  return `ctid >= '(${from},0)' AND ctid < '(${upTo},0)'`;
}
