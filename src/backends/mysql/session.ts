/** A connection to MySQL or MariaDB, and what may go wrong on it. */
import { type AzuError, messageOf } from "../../core/errors.ts";
import { isRecord } from "../../core/record.ts";
import { within } from "../../core/within.ts";
import { InvalidAnswer, type Row } from "../sql/answers.ts";
import { explainDatabaseError, missingTable } from "../sql/errors.ts";
import type { DatabaseTarget } from "../sql/schema.ts";
import { type Connection, connectMysql, endMysql } from "./connection.ts";
import { faultOf, NoAnswer, numberOf, TooLong } from "./errors.ts";
import { parseMysqlUrl } from "./url.ts";

/** Milliseconds for a statement, and for one that reads all of a large table. */
export const QUICK = 10_000;
export const READING = 100_000;

/** Milliseconds that an answer may take longer than the server gives the statement. */
const ON_THE_WAY = 4000;

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
    if (!Array.isArray(answer)) throw new InvalidAnswer();
    return answer.filter(isRecord);
  }

  /** For what answers with no rows. */
  async run(sql: string): Promise<void> {
    await this.#send(sql, QUICK);
  }

  /**
   * Removes a batch. MariaDB undoes it if it takes too long; MySQL has no limit for writes.
   * @returns how many rows were removed.
   */
  async batch(sql: string, milliseconds: number): Promise<number> {
    const answer = await this.#send(
      this.#limited(sql, milliseconds),
      this.#isMaria ? milliseconds : READING,
    );
    const removed = isRecord(answer) ? answer["affectedRows"] : undefined;
    if (typeof removed !== "number") throw new InvalidAnswer();
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

  /**
   * The settings that depend on the server. Without the gap locks that MySQL takes by default, a
   * batch does not hold up new sessions. A log of statements needs them.
   */
  async #learn(): Promise<void> {
    const rows = await this.read(
      "SHOW VARIABLES WHERE Variable_name IN ('version', 'log_bin', 'binlog_format')",
    );
    const variables = new Map(rows.map((row) => [row["Variable_name"], String(row["Value"])]));
    this.#isMaria = /mariadb/i.test(variables.get("version") ?? "");
    const limit = this.#isMaria
      ? `max_statement_time = ${QUICK / 1000}`
      : `max_execution_time = ${READING}`; // MySQL limits only reads
    await this.run(`SET SESSION ${limit}`);
    const logsStatements = variables.get("log_bin") === "ON" &&
      variables.get("binlog_format") === "STATEMENT";
    const level = logsStatements ? "REPEATABLE READ" : "READ COMMITTED";
    await this.run(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`);
  }

  async #send(sql: string, milliseconds: number): Promise<unknown> {
    const abort = new AbortController();
    this.#giveUp = () => abort.abort(new NoAnswer());
    // The server's own limit does not help if the network loses the answer.
    const ms = milliseconds + ON_THE_WAY;
    const limit = { ms, signal: abort.signal, late: () => new NoAnswer() };
    const [answer] = await within(this.#connection.query(sql), limit);
    return answer;
  }
}
