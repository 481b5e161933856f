/** The rows that a table of MySQL or MariaDB has at the start: see `sql/clear.ts`. */
import type { Closing, Start, StartRows, Walk } from "../sql/clear.ts";
import { countIn, valueIn } from "../sql/errors.ts";
import { quoteTable } from "../sql/schema.ts";
import { AnyWalk, type Keyset, KeysetWalk } from "../sql/walks.ts";
import { checkMysqlReferences } from "./references.ts";
import { type MysqlSession, READING } from "./session.ts";
import { inspectMysqlTable, type Key, keyOf, type MysqlTable, withinOf, written } from "./table.ts";

/** Rows in a batch, and its milliseconds: larger are no quicker, and others wait (measured). */
const PACE = { batch: 10_000, first: 1000, least: 10, maxLatency: 200 } as const;

/** Milliseconds that a batch gets; and, say, a single row whose triggers take their time. */
const [BATCH, SLOW_BATCH] = [1000, 60_000];

/**
 * Rows up to the highest primary key at the start are the start's, where the key is an integer;
 * where it is not, those up to the latest `created_at`. Where there is neither, all that is found
 * counts as of the start, and what arrives meanwhile cannot be told apart from what came back.
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
    if (!table.undoes) this.#limit = SLOW_BATCH; // cut off, it would leave a part done
    return await this.#session.snapshot(async () => {
      const { mark } = table;
      if (mark !== undefined) {
        tick();
        const sql = `SELECT MAX(${mark.sql}) AS highest FROM ${this.#from}`;
        const [found] = await this.#session.read(sql, READING);
        this.#within = withinOf(mark, table.key, keyOf(valueIn(found, "highest")));
      }
      tick();
      return { rows: (await this.#counted()).left, isExact: true };
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
    return key === undefined
      ? new AnyWalk((rows) => this.#removeAny(rows))
      : new KeysetWalk(this.#keyset(key));
  }

  async close(tick: () => void): Promise<Closing> {
    tick();
    return await this.#counted();
  }

  /** Whether the server has finished a batch is found out by the count at the end. */
  inDoubt(rows: number): number {
    return rows;
  }

  relax(): void {
    this.#limit = SLOW_BATCH;
  }

  /** One statement, so one moment. */
  async #counted(): Promise<Closing> {
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

  async #removeAny(rows: number): Promise<number> {
    const sql = `DELETE FROM ${this.#from} WHERE ${this.#within} LIMIT ${rows}`;
    return await this.#session.batch(sql, this.#limit);
  }
}
