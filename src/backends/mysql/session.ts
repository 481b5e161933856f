/** A connection to MySQL or MariaDB, and what may go wrong on it. */
import { type AzuError, messageOf } from "../../core/errors.ts";
import { isRecord } from "../../core/record.ts";
import { explainDatabaseError, missingTable } from "../sql/errors.ts";
import type { DatabaseTarget } from "../sql/target.ts";
import { type Connection, connectMysql, endMysql } from "./connection.ts";
import { faultOf, NoAnswer, numberOf, TooLong } from "./errors.ts";
import { learn, QUICK, READING } from "./settings.ts";
import { parseMysqlUrl } from "./url.ts";
import { agreed, Garbled, twice } from "../sql/twice.ts";

/** Milliseconds that an answer may take longer than the server gives the statement. */
const ON_THE_WAY = 4000;

export type Row = Readonly<Record<string, unknown>>;

export class MysqlSession implements AsyncDisposable {
  readonly target: DatabaseTarget;
  #connection: Connection;
  #isMaria = false;
  /** Ends the wait for an answer: the driver would not, when the connection is closed. */
  #giveUp = () => {};

  private constructor(connection: Connection, target: DatabaseTarget) {
    this.#connection = connection;
    this.target = target;
  }

  static async open(target: DatabaseTarget, signal: AbortSignal): Promise<MysqlSession> {
    const session = new MysqlSession(
      await connectMysql(parseMysqlUrl(target.url), signal, target.timeout),
      target,
    );
    try {
      await session.#learn();
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Leaves the connection, whatever its state, for a new one. */
  async reconnect(signal: AbortSignal): Promise<void> {
    this.#connection.destroy();
    this.#connection = await connectMysql(
      parseMysqlUrl(this.target.url),
      signal,
      this.target.timeout,
    );
    await this.#learn();
  }

  async read(sql: string, milliseconds = QUICK): Promise<readonly Row[]> {
    const reading = this.#send(this.#limited(sql, milliseconds), milliseconds);
    const answer = await reading.catch((error) => {
      throw milliseconds === READING && faultOf(error) === "slow" ? new TooLong(error) : error;
    });
    if (!Array.isArray(answer)) throw new Garbled();
    return answer.filter(isRecord);
  }

  /** For what answers with no rows. */
  async run(sql: string): Promise<void> {
    await this.#send(sql, QUICK);
  }

  /**
   * A batch, which is undone where it takes too long; MySQL gives no limit to what writes. How many
   * rows it removed is said twice.
   * @returns how many rows it removed.
   */
  async batch(sql: string, milliseconds: number): Promise<number> {
    const answer = await this.#send(
      this.#limited(sql, milliseconds),
      this.#isMaria ? milliseconds : READING,
    );
    const removed = isRecord(answer) ? answer["affectedRows"] : undefined;
    if (typeof removed !== "number") throw new Garbled();
    const sure = this.read(`SELECT ${twice({ count: "ROW_COUNT()" })}`);
    const [row] = await sure.catch((cause) => {
      throw new Garbled({ cause }); // the batch was done
    });
    const again = agreed(row, "count");
    // Behind a proxy, another server may be the one to answer that; it says -1.
    if (again !== "-1" && again !== String(removed)) throw new Garbled();
    return removed;
  }

  /** Reads in one moment: whatever others write meanwhile, all statements see the same. */
  async snapshot<T>(work: () => Promise<T>): Promise<T> {
    await this.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    await this.run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
    try {
      const result = await work();
      await this.run("COMMIT");
      return result;
    } catch (error) {
      // The first error is the one to tell; a connection that is lost undoes by itself.
      if (faultOf(error) !== "lost") await this.run("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  explain(error: unknown): AzuError {
    // It may also be a table that a trigger needs.
    const ours = `.${this.target.table.name}'`.toLowerCase();
    const isMissing = numberOf(error) === 1146 && messageOf(error).toLowerCase().includes(ours);
    if (isMissing) return missingTable(this.target, error);
    const cause = error instanceof TooLong ? error.cause : error;
    return explainDatabaseError(cause, this.target, [parseMysqlUrl(this.target.url).password]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#giveUp();
    await endMysql(this.#connection);
  }

  /** What is given up is not to go on at the server. */
  #limited(sql: string, milliseconds: number): string {
    return this.#isMaria && milliseconds !== QUICK
      ? `SET STATEMENT max_statement_time = ${milliseconds / 1000} FOR ${sql}`
      : sql;
  }

  async #learn(): Promise<void> {
    this.#isMaria = await learn(this);
  }

  async #send(sql: string, milliseconds: number): Promise<unknown> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    // The server's own limit does not help where the network has swallowed the answer.
    this.#giveUp = () => reject(new NoAnswer());
    const timer = setTimeout(this.#giveUp, milliseconds + ON_THE_WAY);
    try {
      const [answer] = await Promise.race([this.#connection.query(sql), late]);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }
}
