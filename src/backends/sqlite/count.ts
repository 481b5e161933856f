/** Counts the rows of a SQLite table, in steps that each end soon. */
import { quoteTable } from "../sql/schema.ts";
import type { SqliteSession, Value } from "./session.ts";
import { asValue, type SqliteTable, tuple } from "./table.ts";

/** Rows in a step. It takes some milliseconds if they are in memory. */
const STEP = 50_000;

export class SqliteCounter {
  readonly #session: SqliteSession;
  readonly #from: string;
  readonly #key: readonly string[];
  #last: readonly Value[] | undefined;
  #count = 0;

  constructor(session: SqliteSession, { key }: SqliteTable) {
    this.#session = session;
    this.#from = quoteTable("sqlite", session.target.table);
    this.#key = key;
  }

  get count(): number {
    return this.#count;
  }

  /** @returns whether that was the last step. A step that throws counts nothing. */
  step(): boolean {
    const key = this.#key;
    if (key.length === 0) {
      const row = this.#session.get(`SELECT count(*) AS count FROM ${this.#from}`);
      this.#count = Number(row?.["count"]);
      return true;
    }
    const last = this.#last;
    const marks = tuple(key.map(() => "?"));
    const behind = last === undefined ? "" : ` WHERE ${tuple(key)} > ${marks}`;
    const upTo = this.#session.get(
      `SELECT ${key.join(", ")} FROM ${this.#from}${behind} ` +
        `ORDER BY ${key.join(", ")} LIMIT 1 OFFSET ${STEP - 1}`,
      ...last ?? [],
    );
    if (upTo !== undefined) {
      this.#last = Object.values(upTo).map(asValue);
      this.#count += STEP;
      return false;
    }
    const row = this.#session.get(
      `SELECT count(*) AS count FROM ${this.#from}${behind}`,
      ...last ?? [],
    );
    this.#count += Number(row?.["count"]);
    return true;
  }
}
