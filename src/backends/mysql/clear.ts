/** The rows that a table of MySQL contains at the start of a clear: see `sql/clear.ts`. */
import type { Closing, Start, StartRows, Walk } from "../sql/clear.ts";
import { countIn, valueIn } from "../sql/errors.ts";
import { quoteTable } from "../sql/schema.ts";
import { AnyWalk, type Keyset, KeysetWalk } from "../sql/walks.ts";
import { checkMysqlReferences } from "./references.ts";
import { type MysqlSession, READING } from "./session.ts";
import { inspectMysqlTable, type Key, keyOf, type MysqlTable, withinOf, written } from "./table.ts";

/** Rows, and milliseconds, of a batch. Larger ones are not faster, and others wait (measured). */
const PACE = { batch: 10_000, first: 1000, least: 10, maxLatency: 200 } as const;

/** The time limit of a batch in milliseconds. */
const BATCH = 1000;

/** If even a single row is too slow for that, for example because of its triggers. */
const SLOW_BATCH = 60_000;

/**
 * Rows up to the highest primary key at the start are the start's, if the key is one integer.
 * Otherwise, those up to the latest `created_at`. Without either, all rows that are found count as
 * the start's, because new rows cannot be told apart from rows that came back.
 */
export class MysqlRows implements StartRows {
  readonly pace = PACE;
  readonly #session: MysqlSession;
  readonly #from: string;
  #table: MysqlTable = { key: undefined, isWhole: false, mark: undefined, undoes: true };
  #cascades = false;
  #within = "TRUE";
  #limit = BATCH;

  constructor(session: MysqlSession) {
    this.#session = session;
    this.#from = quoteTable("mysql", session.target.table);
  }

  async begin(tick: () => void): Promise<Start> {
    const table = await inspectMysqlTable(this.#session);
    this.#cascades = await checkMysqlReferences(this.#session, tick);
    this.#table = table;
    if (!table.undoes) this.#limit = SLOW_BATCH; // if it is cut off, a part of it stays done
    return await this.#session.snapshot(async () => {
      const { mark } = table;
      if (mark !== undefined) {
        tick();
        const sql = `SELECT MAX(${mark.sql}) AS highest FROM ${this.#from}`;
        const [found] = await this.#session.read(sql, READING);
        this.#within = withinOf(mark, table.key, keyOf(valueIn(found, "highest")));
      }
      tick();
      return { rows: (await this.#count()).left, isExact: true };
    });
  }

  get cascades(): boolean {
    return this.#cascades;
  }

  get undoes(): boolean {
    return this.#table.undoes;
  }

  walk(): Walk {
    const { key } = this.#table;
    if (key !== undefined) return new KeysetWalk(this.#keyset(key));
    return new AnyWalk((rows) => {
      const sql = `DELETE FROM ${this.#from} WHERE ${this.#within} LIMIT ${rows}`;
      return this.#session.batch(sql, this.#limit);
    });
  }

  async close(tick: () => void): Promise<Closing> {
    tick();
    return await this.#count();
  }

  /** The count at the end settles whether the server has finished the batch. */
  inDoubt(rows: number): number {
    return rows;
  }

  relax(): void {
    this.#limit = SLOW_BATCH;
  }

  /** One statement, so one snapshot. */
  async #count(): Promise<Closing> {
    const columns = `COUNT(*) AS \`all\`, COUNT(IF(${this.#within}, 1, NULL)) AS \`left\``;
    const [row] = await this.#session.read(`SELECT ${columns} FROM ${this.#from}`, READING);
    const left = countIn(row, "left");
    return { left, arrived: countIn(row, "all") - left, removed: 0 };
  }

  #keyset(key: string): Keyset<Key> {
    const { isWhole } = this.#table;
    const behind = (last: Key | undefined) =>
      last === undefined ? this.#within : `${key} > ${written(last, isWhole)} AND ${this.#within}`;
    return {
      keyAfter: async (last, rows) => {
        const [row] = await this.#session.read(
          `SELECT ${key} AS \`key\` FROM ${this.#from} WHERE ${behind(last)} ` +
            `ORDER BY ${key} LIMIT 1 OFFSET ${rows - 1}`,
        );
        return keyOf(row?.["key"]);
      },
      removeUpTo: async (last, upTo) => {
        const end = upTo === undefined ? "" : ` AND ${key} <= ${written(upTo, isWhole)}`;
        const sql = `DELETE FROM ${this.#from} WHERE ${behind(last)}${end}`;
        return await this.#session.batch(sql, this.#limit);
      },
    };
  }
}
