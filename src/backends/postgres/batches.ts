/** Batches that are each done once, and counted once, whatever becomes of the connection. */
import { codeOf, faultOf, TooSlow, Unsettled } from "./errors.ts";
import type { Answer, Limits, PostgresSession } from "./session.ts";
import { InvalidAnswer } from "../sql/answers.ts";

/**
 * Who waits for a row that we have locked waits for our transaction, which goes there by the lower
 * half of its number. Servers before 13 have no shorter way to say so.
 */
const AWAITED = "EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND " +
  "transactionid::text = (txid_current() % 4294967296)::text)";

/**
 * A server that crashes begins its statistics anew; and may give the number of a transaction that
 * it had not written to the disk to another one, whose status says nothing of ours.
 */
const ERA = "(SELECT stats_reset::text FROM pg_stat_bgwriter)";

const ABOUT_US = `SELECT txid_current()::text AS id, ${ERA} AS era, ${AWAITED} AS awaited`;

/** A transaction that was to be committed when the answer was lost. */
interface Doubt {
  readonly id: string;
  readonly era: string;
  readonly count: number;
}

export class PostgresBatches {
  readonly #session: PostgresSession;
  /** Whether the server tells what became of a transaction. */
  readonly #tracks: boolean;
  #doubt: Doubt | undefined;
  /** What a crash has made uncertain: it is gone where the same statement finds it no more. */
  #shaken = 0;
  /** Found to be committed, and not yet told. */
  #owed = 0;
  #isAwaited = false;

  constructor(session: PostgresSession, tracks: boolean) {
    this.#session = session;
    this.#tracks = tracks;
  }

  /** Whether somebody waited for rows of the last batch, at its end. */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /** The most that can be gone without having been told; of a batch of so many rows. */
  inDoubt(rows: number): number {
    return this.#tracks ? this.#owed + this.#shaken + (this.#doubt?.count ?? 0) : rows;
  }

  /**
   * Runs a statement that removes rows, in a transaction of its own; it is undone where it takes
   * too long.
   * @returns how many it removed, and a batch before it whose answer was lost.
   */
  async run(sql: string, limits: Limits): Promise<number> {
    const began = performance.now();
    try {
      if (!this.#tracks) return removedBy(await this.#session.run(sql, limits));
      await this.#findOut();
      this.#owe(await this.#once(sql, limits));
      return this.#told();
    } catch (error) {
      // Cancelled by somebody, it bears the same code.
      const wasTimeout = performance.now() - began >= limits.statement * 0.9;
      if (wasTimeout && codeOf(error) === "57014") throw new TooSlow("", { cause: error });
      throw error;
    }
  }

  /**
   * Where a walk has found that nothing is left to remove.
   * @returns how many a batch removed whose answer was lost.
   */
  async settle(): Promise<number> {
    await this.#findOut();
    this.#owe(0);
    return this.#told();
  }

  #owe(removed: number): void {
    this.#owed += removed > 0 ? removed : this.#shaken;
    this.#shaken = 0;
  }

  #told(): number {
    const told = this.#owed;
    this.#owed = 0;
    return told;
  }

  /** A connection that is lost before the end leaves nothing behind; at the end, it may. */
  async #once(sql: string, limits: Limits): Promise<number> {
    return await this.#session.undoing(limits, async (send) => {
      const [removed, own] = (await send("BEGIN", sql, ABOUT_US)).slice(-2);
      this.#isAwaited = own?.rows[0]?.["awaited"] === true;
      const count = removedBy(removed);
      this.#doubt = { id: String(own?.rows[0]?.["id"]), era: String(own?.rows[0]?.["era"]), count };
      await send("COMMIT").catch((error) => {
        if (faultOf(error) !== "lost") this.#doubt = undefined; // undone
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
      if (codeOf(error) !== "22023") throw error;
      return { rows: [] }; // in the future: a server that crashed does not know it any more
    });
    if (found?.["status"] === "in progress") throw new Unsettled();
    if (found?.["status"] === "committed") {
      if (String(found["era"]) === era) this.#owed += count;
      else this.#shaken = count;
    }
    this.#doubt = undefined;
  }
}

/** @throws {InvalidAnswer} if it is not the answer to a DELETE. */
function removedBy(answer: Answer | undefined): number {
  if (answer?.command !== "DELETE" || answer.count === undefined) throw new InvalidAnswer();
  return answer.count;
}
