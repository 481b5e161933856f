/** The ways through a table of PostgreSQL. */
import { numberIn } from "../sql/answers.ts";
import type { Walk } from "../sql/clear.ts";
import { quoteText } from "../sql/schema.ts";
import type { Keyset } from "../sql/walks.ts";
import type { PostgresBatches } from "./batches.ts";
import { type Limits, type PostgresSession, READING } from "./session.ts";

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

/** By primary key: for tables whose rows lie in no pages that could be named. */
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

/** All at once, where few are left that have no key and move: a DELETE goes after them. */
export class RestWalk implements Walk {
  readonly #target: Target;
  done = false;

  constructor(target: Target) {
    this.#target = target;
  }

  async next(): Promise<number> {
    const { batches, from, within, limits } = this.#target;
    const removed = await batches.run(`DELETE FROM ${from} WHERE ${within}`, limits());
    this.done = true;
    return removed;
  }
}

/**
 * By where the rows lie, in whichever partition: where there is neither key nor pages. A row that is
 * updated meanwhile moves: a later pass finds it.
 */
export class PlacesWalk implements Walk {
  readonly #target: Target;
  /** Rows that were found, and were not removed: they are found again, before the others. */
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
    const parts = [...new Set(found.map(({ part }) => String(part)))].map((part) => {
      const places = found.filter((row) => row["part"] === part).map(({ place }) => String(place));
      return `(tableoid = ${part} AND ctid = ANY (${
        quoteText(`{"${places.join('","')}"}`)
      }::tid[]))`;
    });
    const removed = found.length === 0 ? 0 : await batches.run(
      `DELETE FROM ${from} WHERE (${parts.join(" OR ")}) AND ${within}`,
      limits(),
    );
    this.#kept += found.length - removed;
    this.#done = found.length < rows;
    return removed;
  }
}

/** Whoever uses the table waits behind us from when we ask for the lock: so not for long. */
const ALONE: Limits = { statement: 60_000, lock: 1000 };

/** One transaction: nobody writes between the count and the end, so that the count is true. */
export class TruncateWalk implements Walk {
  readonly #target: Target;
  done = false;

  constructor(target: Target) {
    this.#target = target;
  }

  async next(): Promise<number> {
    const { session, from } = this.#target;
    const removed = await session.transaction("BEGIN", ALONE, async (run) => {
      await run(`LOCK TABLE ${from} IN ACCESS EXCLUSIVE MODE`);
      const { rows: [found] } = await run(`SELECT count(*) AS count FROM ${from}`);
      await run(`TRUNCATE TABLE ${from}`);
      return numberIn(found, "count");
    });
    this.done = true;
    return removed;
  }
}
