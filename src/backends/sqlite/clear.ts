/** The rows that a table of SQLite contains at the start of a clear: see `sql/clear.ts`. */
import type { ClearOptions } from "../contract.ts";
import { sleep } from "../pace.ts";
import type { Closing, Start, StartRows, Walk } from "../sql/clear.ts";
import { type Keyset, KeysetWalk } from "../sql/walks.ts";
import { quoteTable } from "../sql/schema.ts";
import type { SqliteSession, Value } from "./session.ts";
import { asValue, inspectSqliteTable, type SqliteTable, tuple } from "./table.ts";

/**
 * Rows, and milliseconds, of a batch. Nobody else can write meanwhile. But a batch rewrites
 * most pages of an index on random ids, so a clear in batches of 10,000 takes twice as long as in
 * batches of 40,000 (measured). A second is a fifth of what the app's driver waits. A process that
 * waits tries again every 100 ms at the latest (SQLite's busy handler), so a rest of 150 ms lets
 * it write.
 */
const PACE = { batch: 40_000, first: 5000, least: 100, maxLatency: 1000, turn: 150 } as const;

/** A condition in SQL, and the values of its parameters. */
type Condition = readonly [sql: string, ...values: Value[]];

/**
 * Rows up to the highest row id at the start are the start's, because SQLite gives a new row an id
 * beyond the highest one. Once the highest rows are gone, ids begin anew, so the last rows are
 * removed in the same transaction as the count. `WITHOUT ROWID`, an integer key does the same, or
 * else the latest `created_at`. Without any, all rows that are found count as the start's.
 */
export class SqliteRows implements StartRows {
  readonly pace = PACE;
  readonly #session: SqliteSession;
  readonly #signal: AbortSignal;
  readonly #from: string;
  #table: SqliteTable = { key: [], mark: undefined, sparse: true };
  /** The rows of the start, and those of them that need not be removed last. */
  #within: Condition = ["1"];
  #before: Condition = ["1"];

  constructor(session: SqliteSession, { signal }: ClearOptions) {
    this.#session = session;
    this.#signal = signal;
    this.#from = quoteTable("sqlite", session.target.table);
  }

  // deno-lint-ignore require-await -- the driver is synchronous, but its errors must reject
  async begin(): Promise<Start> {
    return this.#session.transaction("DEFERRED", () => {
      const table = inspectSqliteTable(this.#session);
      this.#table = table;
      const { mark, sparse } = table;
      if (mark !== undefined) {
        const highest = this.#session.get(`SELECT max(${mark}) AS highest FROM ${this.#from}`);
        const value = asValue(highest?.["highest"]);
        const orNone = sparse ? ` OR ${mark} IS NULL` : "";
        this.#within = value === null ? ["0"] : [`(${mark} <= ?${orNone})`, value];
        if (value === null && sparse) this.#within = [`${mark} IS NULL`];
        this.#before = sparse || value === null ? this.#within : [`${mark} < ?`, value];
      }
      return { rows: this.#countAll(), isExact: true };
    });
  }

  walk(): Walk {
    return this.#table.key.length === 0 ? NO_WALK : new KeysetWalk(this.#keyset());
  }

  // deno-lint-ignore require-await -- as above
  async close(): Promise<Closing> {
    return this.#session.transaction("IMMEDIATE", () => {
      const removed = this.#removeLast();
      const all = this.#countAll();
      const [within, ...values] = this.#within;
      const sql = `SELECT count(*) AS count FROM ${this.#from} WHERE ${within}`;
      const left = all === 0 ? 0 : Number(this.#session.get(sql, ...values)?.["count"]);
      return { left, arrived: all - left, removed };
    });
  }

  inDoubt(): number {
    return 0;
  }

  #countAll(): number {
    return Number(this.#session.get(`SELECT count(*) AS count FROM ${this.#from}`)?.["count"]);
  }

  /** What the walk has left, or all rows if there is no key to walk by. */
  #removeLast(): number {
    const [within, ...values] = this.#within;
    const { key } = this.#table;
    const columns = tuple(key);
    const some = `SELECT ${key.join(", ")} FROM ${this.#from} WHERE ${within} LIMIT ${PACE.batch}`;
    const where = key.length === 0 ? within : `${columns} IN (${some})`;
    return this.#session.run(`DELETE FROM ${this.#from} WHERE ${where}`, ...values);
  }

  #keyset(): Keyset<Value[]> {
    const [before, ...values] = this.#before;
    const { key } = this.#table;
    const marks = tuple(key.map(() => "?"));
    const behind = (last: Value[] | undefined) =>
      last === undefined ? before : `${tuple(key)} > ${marks} AND ${before}`;
    return {
      // deno-lint-ignore require-await -- as above
      keyAfter: async (last, rows) => {
        const sql = `SELECT ${key.join(", ")} FROM ${this.#from} WHERE ${behind(last)} ` +
          `ORDER BY ${key.join(", ")} LIMIT 1 OFFSET ${rows - 1}`;
        const row = this.#session.get(sql, ...last ?? [], ...values);
        return row === undefined ? undefined : Object.values(row).map(asValue);
      },
      removeUpTo: async (last, upTo) => {
        await sleep(0, this.#signal); // the driver blocks, so let signals in
        this.#signal.throwIfAborted();
        const end = upTo === undefined ? "" : ` AND ${tuple(key)} <= ${marks}`;
        const sql = `DELETE FROM ${this.#from} WHERE ${behind(last)}${end}`;
        return this.#session.run(sql, ...last ?? [], ...values, ...upTo ?? []);
      },
    };
  }
}

/** Without a key, one statement in `close` removes all rows. */
const NO_WALK: Walk = { done: true, next: () => Promise.resolve(0) };
