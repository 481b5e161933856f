/** A connection to PostgreSQL, and what may go wrong on it. */
// @ts-types="@types/pg"
import type pg from "pg";
import { AzuError } from "../core/errors.ts";
import { isRecord } from "../core/record.ts";
import { explainDatabaseError } from "./database_errors.ts";
import type { DatabaseTarget } from "./database_target.ts";
import { connectPostgres, endPostgres } from "./postgres_connection.ts";
import { codeOf, faultOf, NoAnswer, TooSlow } from "./postgres_faults.ts";
import { parsePostgresUrl } from "./postgres_url.ts";

/** What a statement gets, in milliseconds. */
export interface Limits {
  readonly statement: number;
  /** To wait for a lock that someone else holds; what it holds itself, others wait for. */
  readonly lock: number;
}

/** For what holds no lock that others would notice. */
export const READING: Limits = { statement: 60_000, lock: 2000 };

/** Milliseconds that an answer may take longer than the server gives the statement. */
const ON_THE_WAY = 4000;

export type Row = Readonly<Record<string, unknown>>;

interface Answer {
  readonly rows: readonly Row[];
  /** How many rows were removed, or read. */
  readonly count: number;
}

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
  async run(sql: string, limits: Limits = READING): Promise<Answer> {
    return await this.#send(`${settings(limits)}; ${sql}`, limits);
  }

  /** Like {@link run}, for a batch: it is undone where it takes too long. */
  async batch(sql: string, limits: Limits): Promise<number> {
    const began = performance.now();
    try {
      return (await this.run(sql, limits)).count;
    } catch (error) {
      // Cancelled by somebody, it bears the same code.
      const wasTimeout = performance.now() - began >= limits.statement * 0.9;
      if (wasTimeout && codeOf(error) === "57014") throw new TooSlow("", { cause: error });
      throw error;
    }
  }

  /** Reads in one moment: whatever others write meanwhile, all statements see the same. */
  async snapshot<T>(work: (read: (sql: string) => Promise<readonly Row[]>) => Promise<T>) {
    return await this.transaction(
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
      READING,
      (run) => work(async (sql) => (await run(sql)).rows),
    );
  }

  async transaction<T>(
    begin: string,
    limits: Limits,
    work: (run: (sql: string) => Promise<Answer>) => Promise<T>,
  ): Promise<T> {
    await this.#send(`${begin}; ${settings(limits)}`, limits);
    try {
      const result = await work((sql) => this.#send(sql, limits));
      await this.#send("COMMIT", limits);
      return result;
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

  async #send(sql: string, { statement }: Limits): Promise<Answer> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    // The server's own limit does not help where the network has swallowed the answer.
    const timer = setTimeout(() => reject(new NoAnswer()), statement + ON_THE_WAY);
    try {
      return answerOf(await Promise.race([this.#client.query(sql), late]));
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endPostgres(this.#client);
  }
}

/**
 * Rows that a policy hides would be neither cleared nor counted: have that be an error. Times are
 * to be read as they can be written again.
 */
function settings({ statement, lock }: Limits): string {
  return `SET LOCAL statement_timeout = ${statement}; SET LOCAL lock_timeout = ${lock}; ` +
    "SET LOCAL row_security = off; SET LOCAL datestyle = ISO";
}

/** The last of the results, where there were several statements. */
function answerOf(results: unknown): Answer {
  const last: unknown = Array.isArray(results) ? results.at(-1) : results;
  if (!isRecord(last) || !Array.isArray(last["rows"])) return { rows: [], count: 0 };
  return { rows: last["rows"].filter(isRecord), count: Number(last["rowCount"] ?? 0) };
}
