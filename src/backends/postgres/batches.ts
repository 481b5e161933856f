/** Batches that are each counted once, even if their answer is lost. */
import { errorCode, UnexpectedAnswer } from "../sql/errors.ts";
import { postgresFault, TooSlow, Unsettled } from "./errors.ts";
import type { Answer, Limits, PostgresSession } from "./session.ts";
import type { PostgresTable } from "./inspect_table.ts";

/** With the commit, other clients wait at most a second for rows that a batch has locked. */
const BATCH: Limits = { statement: 900, lock: 500 };

/**
 * If rows that others have locked are left: a batch that meets one is undone, and repeated without
 * it. Locks are rare, so that they are not looked for in every batch.
 */
const UNLOCKED: Limits = { statement: 900, lock: 10 };

/** If even a single row is too slow for that, for example because of its triggers. */
const SLOW_BATCH: Limits = { statement: 60_000, lock: 5000 };

/**
 * A client that waits for a row that we have locked waits for our transaction: pg_locks shows it
 * with the lower 32 bits of our transaction's id. Servers before 13 have no shorter query for it.
 */
const AWAITED = "EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND " +
  "transactionid::text = (txid_current() % 4294967296)::text)";

/**
 * A server that crashed resets its statistics. It may also give a transaction's id again if that
 * was not on the disk yet. Then the status of that id says nothing about our transaction.
 */
const ERA = "(SELECT stats_reset::text FROM pg_stat_bgwriter)";

const ABOUT_US = `SELECT txid_current()::text AS id, ${ERA} AS era, ${AWAITED} AS awaited`;

/** A transaction that may be committed: the answer to its COMMIT was lost. */
interface Doubt {
  readonly id: string;
  readonly era: string;
  readonly count: number;
}

export class PostgresBatches {
  readonly #session: PostgresSession;
  readonly #table: PostgresTable;
  /** Whether the server can tell what became of a transaction. */
  readonly #tracks: boolean;
  #limits = BATCH;
  #doubt: Doubt | undefined;
  /** Rows in doubt after a crash. They are gone if the same statement finds no row any more. */
  #shaken = 0;
  /** Rows of a lost answer that are known to be gone, and not returned yet. */
  #owed = 0;
  #isAwaited = false;
  readonly #skipsLocked: boolean;

  constructor(session: PostgresSession, table: PostgresTable, skipsLocked = false) {
    this.#session = session;
    this.#table = table;
    this.#tracks = table.paged;
    this.#skipsLocked = skipsLocked;
    if (skipsLocked) this.#limits = UNLOCKED;
  }

  /** Allows the next batches more time. */
  relax(): void {
    this.#limits = SLOW_BATCH;
  }

  /** Whether another client waited for rows of the last batch. */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /** The most rows that can be gone without having been returned, after a batch of this size. */
  inDoubt(rows: number): number {
    return this.#tracks ? this.#owed + this.#shaken + (this.#doubt?.count ?? 0) : rows;
  }

  /**
   * Removes the rows that meet a condition, in their own transaction.
   * @returns how many rows it removed, and those of a batch before it whose answer was lost.
   * @throws {TooSlow} if it took too long, and was undone.
   */
  async remove(where: string): Promise<number> {
    try {
      return await this.#remove(where);
    } catch (error) {
      const wasLocked = this.#skipsLocked && errorCode(error) === "55P03";
      const unlocked = wasLocked ? this.#unlocked(where) : undefined;
      if (unlocked === undefined) throw error;
      return await this.#remove(unlocked);
    }
  }

  /** The condition of those rows that nobody has locked; undefined if they cannot be named. */
  #unlocked(where: string): string | undefined {
    const { from, paged, keys } = this.#table;
    const select = (columns: string) => `SELECT ${columns} FROM ${from} WHERE ${where} FOR UPDATE`;
    if (paged) return `ctid = ANY (ARRAY(${select("ctid")} SKIP LOCKED)) AND ${where}`;
    if (keys.length === 0) return undefined;
    return `(${keys.join(", ")}) IN (${select(keys.join(", "))} SKIP LOCKED) AND ${where}`;
  }

  async #remove(where: string): Promise<number> {
    const { from, isSame } = this.#table;
    const sql = `DELETE FROM ${from} WHERE ${where} AND ${isSame}`;
    const limits = this.#limits;
    const began = performance.now();
    try {
      if (!this.#tracks) return removedBy(await this.#session.run(sql, limits));
      await this.#findOut();
      return this.#take(await this.#once(sql, limits));
    } catch (error) {
      // The code is the same if someone cancels the statement.
      const wasTimeout = performance.now() - began >= limits.statement * 0.9;
      if (wasTimeout && errorCode(error) === "57014") throw new TooSlow("", { cause: error });
      throw error;
    }
  }

  /**
   * For a walk that finds nothing more to remove.
   * @returns how many rows a batch removed whose answer was lost.
   */
  async settle(): Promise<number> {
    await this.#findOut();
    return this.#take(0);
  }

  /** @param removed What the last statement removed. */
  #take(removed: number): number {
    const all = this.#owed + (removed > 0 ? removed : this.#shaken);
    this.#shaken = 0;
    this.#owed = 0;
    return all;
  }

  /** If the connection is lost before COMMIT, nothing is done. During COMMIT, it may be. */
  async #once(sql: string, limits: Limits): Promise<number> {
    return await this.#session.undoing(limits, async (send) => {
      const [removed, own] = (await send("BEGIN", sql, ABOUT_US)).slice(-2);
      this.#isAwaited = own?.rows[0]?.["awaited"] === true;
      const count = removedBy(removed);
      this.#doubt = { id: String(own?.rows[0]?.["id"]), era: String(own?.rows[0]?.["era"]), count };
      await send("COMMIT").catch((error) => {
        if (postgresFault(error) !== "lost") this.#doubt = undefined; // undone
        throw error;
      });
      this.#doubt = undefined;
      return count;
    });
  }

  async #findOut(): Promise<void> {
    if (this.#doubt === undefined) return;
    const { id, era, count } = this.#doubt;
    const asked = this.#session.run(`SELECT txid_status(${id}) AS status, ${ERA} AS era`);
    const { rows: [found] } = await asked.catch((error) => {
      if (errorCode(error) !== "22023") throw error;
      return { rows: [] }; // an id in the future: the server lost it when it crashed
    });
    if (found?.["status"] === "in progress") throw new Unsettled();
    if (found?.["status"] === "committed") {
      if (String(found["era"]) === era) this.#owed += count;
      else this.#shaken = count;
    }
    this.#doubt = undefined;
  }
}

/** @throws {UnexpectedAnswer} if that is not the answer to a DELETE. */
function removedBy(answer: Answer | undefined): number {
  if (answer?.command !== "DELETE" || answer.count === undefined) throw new UnexpectedAnswer();
  return answer.count;
}
