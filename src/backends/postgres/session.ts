/** A connection to PostgreSQL, and what may go wrong on it. */
// @ts-types="@types/pg"
import type pg from "pg";
import { AzuError } from "../../core/errors.ts";
import { isRecord } from "../../core/record.ts";
import { within } from "../../core/within.ts";
import { InvalidAnswer, type Row } from "../sql/answers.ts";
import { explainDatabaseError } from "../sql/errors.ts";
import type { DatabaseTarget } from "../sql/schema.ts";
import { connectPostgres, endPostgres } from "./connection.ts";
import { faultOf, NoAnswer, TooSlow } from "./errors.ts";
import { parsePostgresUrl } from "./url.ts";

/** What a statement gets, in milliseconds. */
export interface Limits {
  readonly statement: number;
  /** To wait for a lock that someone else holds; what it holds itself, others wait for. */
  readonly lock: number;
}

/** For what is answered from the catalog, or without a look at anything. */
export const QUICK: Limits = { statement: 5000, lock: 2000 };

/** For what holds no lock that others would notice, and may take a while. */
export const READING: Limits = { statement: 60_000, lock: 2000 };

/** Milliseconds that an answer may take longer than the server gives the statement. */
const ON_THE_WAY = 4000;

export interface Answer {
  readonly rows: readonly Row[];
  /** The command that was run, as the server names it. */
  readonly command: string;
  /** How many rows were removed or read; undefined if the server does not say. */
  readonly count: number | undefined;
}

/** Runs a statement of a transaction that sees one moment. */
export type Read = (sql: string, limits?: Limits) => Promise<readonly Row[]>;

export class PostgresSession implements AsyncDisposable {
  readonly target: DatabaseTarget;
  #client: pg.Client;

  private constructor(client: pg.Client, target: DatabaseTarget) {
    this.#client = client;
    this.target = target;
  }

  static async open(target: DatabaseTarget, signal: AbortSignal): Promise<PostgresSession> {
    const client = await connectPostgres(parsePostgresUrl(target.url), signal, target.timeout);
    return new PostgresSession(client, target);
  }

  /** Leaves the connection, whatever its state, for a new one. */
  async reconnect(signal: AbortSignal): Promise<void> {
    await endPostgres(this.#client);
    const endpoint = parsePostgresUrl(this.target.url);
    this.#client = await connectPostgres(endpoint, signal, this.target.timeout);
  }

  /**
   * Runs one statement, alone in its transaction. The limits are set in the same message: behind
   * a pooler, what is set in one transaction may be another server's in the next.
   */
  async run(sql: string, limits: Limits = QUICK): Promise<Answer> {
    return lastOf(await this.#send(`${settings(limits)}; ${sql}`, limits));
  }

  /** Reads in one moment: whatever others write meanwhile, all statements see the same. */
  async snapshot<T>(work: (read: Read) => Promise<T>): Promise<T> {
    return await this.undoing(QUICK, async (send) => {
      await send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const result = await work(async (sql, limits = QUICK) => (await this.run(sql, limits)).rows);
      await send("COMMIT");
      return result;
    });
  }

  async transaction<T>(
    begin: string,
    limits: Limits,
    work: (run: (sql: string) => Promise<Answer>) => Promise<T>,
  ): Promise<T> {
    return await this.undoing(limits, async (send) => {
      await send(begin);
      const result = await work(async (sql) => lastOf(await send(sql)));
      await send("COMMIT");
      return result;
    });
  }

  /** Statements that begin a transaction, and end it: an error between undoes it. */
  async undoing<T>(
    limits: Limits,
    work: (send: (...statements: string[]) => Promise<readonly Answer[]>) => Promise<T>,
  ): Promise<T> {
    try {
      return await work((first, ...others) => {
        const set = /^BEGIN/.test(first ?? "") ? [settings(limits)] : [];
        return this.#send([first, ...set, ...others].join("; "), limits);
      });
    } catch (error) {
      // The first error is the one to tell; a connection that is lost undoes by itself.
      if (faultOf(error) !== "lost") await this.#send("ROLLBACK", limits).catch(() => {});
      throw error;
    }
  }

  explain(error: unknown): AzuError {
    const cause = error instanceof TooSlow ? error.cause : error;
    return explainDatabaseError(cause, this.target, [parsePostgresUrl(this.target.url).password]);
  }

  async #send(sql: string, { statement }: Limits): Promise<readonly Answer[]> {
    // The server's own limit does not help if the network loses the answer.
    const limit = { ms: statement + ON_THE_WAY, late: () => new NoAnswer() };
    return answersOf(await within<unknown>(this.#client.query(sql), limit));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endPostgres(this.#client);
  }
}

/**
 * Rows that a policy hides would be neither cleared nor counted: have that be an error. Times are
 * to be read as they can be written again. What we leave behind with a connection is to be undone.
 */
function settings({ statement, lock }: Limits): string {
  return `SET LOCAL statement_timeout = ${statement}; SET LOCAL lock_timeout = ${lock}; ` +
    "SET LOCAL row_security = off; SET LOCAL datestyle = ISO; SET LOCAL extra_float_digits = 3; " +
    "SET LOCAL idle_in_transaction_session_timeout = 5000";
}

/** The answer to each statement. */
function answersOf(results: unknown): Answer[] {
  const all: unknown[] = Array.isArray(results) ? results : [results];
  return all.filter(isRecord).map(({ rows, command, rowCount }) => ({
    rows: Array.isArray(rows) ? rows.filter(isRecord) : [],
    command: String(command),
    count: typeof rowCount === "number" ? rowCount : undefined,
  }));
}

/** @throws {InvalidAnswer} if there is none. */
function lastOf(answers: readonly Answer[]): Answer {
  const last = answers.at(-1);
  if (last === undefined) throw new InvalidAnswer();
  return last;
}
