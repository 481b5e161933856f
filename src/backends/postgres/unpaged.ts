/** The ways through tables of PostgreSQL whose rows cannot be had by their pages. */
import { READING } from "./session.ts";
import type { Target } from "./walks.ts";
import { quoteText } from "../sql/schema.ts";
import type { Walk } from "../sql/clear.ts";
import type { Keyset } from "../sql/walks.ts";

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
