/** A connection to MySQL or MariaDB: its settings, and statements with time limits. */
import { isRecord } from "../../core/record.ts";
import { within } from "../../core/within.ts";
import type { DatabaseTarget } from "../sql/backend.ts";
import type { SqlSession } from "../sql/store.ts";
import { NoAnswer, type Row, UnexpectedAnswer } from "../sql/errors.ts";
import { type Connection, connectMysql, endMysql } from "./connection.ts";
import { fromBatch, mysqlFault, TooLong } from "./errors.ts";
import { parseMysqlUrl } from "./url.ts";

/** Milliseconds that a statement may take. */
const QUICK = 10_000;

/** Milliseconds for a statement that reads the whole table. */
export const READING = 100_000;

/** Milliseconds to change a table of any size. */
const ALTERING = 3_600_000;

/** Milliseconds that an answer may take beyond the statement's limit at the server. */
const ON_THE_WAY = 4000;

export class MysqlSession implements SqlSession {
  readonly target: DatabaseTarget;
  #connection: Connection;
  #isMaria = false;
  /** Aborted when the session ends, because the driver would go on waiting for an answer. */
  readonly #ending = new AbortController();

  private constructor(connection: Connection, target: DatabaseTarget) {
    this.#connection = connection;
    this.target = target;
  }

  static async open(target: DatabaseTarget, signal: AbortSignal): Promise<MysqlSession> {
    const session = new MysqlSession(await connectTo(target, signal), target);
    try {
      await session.#configure();
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  async reconnect(signal: AbortSignal): Promise<void> {
    this.#connection.destroy();
    this.#connection = await connectTo(this.target, signal);
    await this.#configure();
  }

  async read(sql: string, milliseconds = QUICK): Promise<readonly Row[]> {
    const reading = this.#send(this.#limited(sql, milliseconds), milliseconds);
    const answer = await reading.catch((error) => {
      const isTooLong = milliseconds === READING && mysqlFault(error) === "slow";
      throw isTooLong ? new TooLong(error) : error;
    });
    if (!Array.isArray(answer)) throw new UnexpectedAnswer();
    return answer.filter(isRecord);
  }

  /** For statements whose answer has no rows. */
  async run(sql: string): Promise<void> {
    await this.#send(sql, QUICK);
  }

  /** Runs an ALTER TABLE. While it waits for the table, others that want the table wait for it. */
  async alter(sql: string): Promise<void> {
    await this.run("SET SESSION lock_wait_timeout = 2");
    await this.#send(this.#limited(sql, ALTERING), ALTERING);
  }

  /**
   * Runs a DELETE. MariaDB undoes it if it takes too long; MySQL has no limit for writing.
   * @returns how many rows it removed.
   */
  async batch(sql: string, milliseconds: number): Promise<number> {
    const limit = this.#isMaria ? milliseconds : READING;
    const sending = this.#send(this.#limited(sql, milliseconds), limit);
    const answer = await sending.catch((error: unknown) => {
      throw fromBatch(error);
    });
    const removed = isRecord(answer) ? answer["affectedRows"] : undefined;
    if (typeof removed !== "number") throw new UnexpectedAnswer();
    return removed;
  }

  /** All statements read the same snapshot, whatever others write meanwhile. */
  async snapshot<T>(work: () => Promise<T>): Promise<T> {
    await this.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    return await this.transaction(work, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  }

  /** If the work throws, it is undone. */
  async transaction<T>(work: () => Promise<T>, begin = "START TRANSACTION"): Promise<T> {
    await this.run(begin);
    try {
      const result = await work();
      await this.run("COMMIT");
      return result;
    } catch (error) {
      // After a lost connection, the server undoes by itself. The first error is the one to report.
      if (mysqlFault(error) !== "lost") await this.run("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new NoAnswer());
    await endMysql(this.#connection);
  }

  /** With a limit at the server, so that a statement does not go on after we have given up. */
  #limited(sql: string, milliseconds: number): string {
    return this.#isMaria && milliseconds !== QUICK
      ? `SET STATEMENT max_statement_time = ${milliseconds / 1000} FOR ${sql}`
      : sql;
  }

  /**
   * The settings that depend on the server. By default, MySQL also locks the gaps between rows, so
   * that writers of new sessions would wait for a batch. READ COMMITTED avoids that, but a server
   * that logs statements refuses to write with it.
   */
  async #configure(): Promise<void> {
    const rows = await this.read(
      "SHOW VARIABLES WHERE Variable_name IN ('version', 'log_bin', 'binlog_format')",
    );
    const variables = new Map(rows.map((row) => [row["Variable_name"], String(row["Value"])]));
    const isMaria = /mariadb/i.test(variables.get("version") ?? "");
    const limit = isMaria
      ? `max_statement_time = ${QUICK / 1000}`
      : `max_execution_time = ${READING}`; // of reading only
    await this.run(`SET SESSION ${limit}, time_zone = '+00:00'`);
    const logsStatements = variables.get("log_bin") === "ON" &&
      variables.get("binlog_format") === "STATEMENT";
    const level = logsStatements ? "REPEATABLE READ" : "READ COMMITTED";
    await this.run(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`);
    this.#isMaria = isMaria;
  }

  /** The server's own limit does not help if the network swallows the answer. */
  async #send(sql: string, milliseconds: number): Promise<unknown> {
    const [answer] = await within(this.#connection.query(sql), {
      ms: milliseconds + ON_THE_WAY,
      signal: this.#ending.signal,
      late: () => new NoAnswer(),
    });
    return answer;
  }
}

async function connectTo({ url, timeout }: DatabaseTarget, signal: AbortSignal) {
  return await connectMysql(parseMysqlUrl(url), signal, timeout);
}
