/** A connection to PostgreSQL: statements with time limits, and transactions. */
import type { Buffer } from "node:buffer";
// @ts-types="@types/pg"
import type pg from "pg";
import { isRecord } from "../../core/record.ts";
import { within } from "../../core/within.ts";
import type { DatabaseTarget } from "../sql/backend.ts";
import type { SqlSession } from "../sql/store.ts";
import { NoAnswer, type Row, UnexpectedAnswer } from "../sql/errors.ts";
import { connectPostgres, copyIn, endPostgres } from "./connection.ts";
import { postgresFault } from "./errors.ts";
import { parsePostgresUrl } from "./url.ts";

/** The time limits of a statement, in milliseconds. */
export interface Limits {
  readonly statement: number;
  /** To wait for a lock of another client. Meanwhile, others wait for the locks that it holds. */
  readonly lock: number;
}

/** For statements that read the catalog, or no table. */
export const QUICK: Limits = { statement: 5000, lock: 2000 };

/** For statements that may take a while, and hold no lock that others would notice. */
export const READING: Limits = { statement: 60_000, lock: 2000 };

/** Milliseconds to build an index of a table of any size. */
const INDEXING = 3_600_000;

/** Milliseconds that an answer may take beyond the statement's limit at the server. */
const ON_THE_WAY = 4000;

export interface Answer {
  readonly rows: readonly Row[];
  /** The first word of the statement, as the server confirms it. */
  readonly command: string;
  /** How many rows were removed or read; undefined if the server does not say. */
  readonly count: number | undefined;
}

/** Runs a statement in a transaction that reads one snapshot. */
export type Read = (sql: string, limits?: Limits) => Promise<readonly Row[]>;

export class PostgresSession implements SqlSession {
  readonly target: DatabaseTarget;
  #client: pg.Client;

  private constructor(client: pg.Client, target: DatabaseTarget) {
    this.#client = client;
    this.target = target;
  }

  static async open(target: DatabaseTarget, signal: AbortSignal): Promise<PostgresSession> {
    return new PostgresSession(await connectTo(target, signal), target);
  }

  async reconnect(signal: AbortSignal): Promise<void> {
    await endPostgres(this.#client);
    this.#client = await connectTo(this.target, signal);
  }

  /**
   * Runs one statement in its own transaction. The limits are set in the same message, because a
   * pooler may send the next message to another server.
   */
  async run(sql: string, limits: Limits = QUICK): Promise<Answer> {
    return lastOf(await this.#send(`${settings(limits)}; ${sql}`, limits));
  }

  /**
   * Runs a statement that must not be in a transaction. It has no limit at the server, because a
   * pooler could give that to other clients.
   */
  async runAlone(sql: string): Promise<void> {
    await this.#send(sql, { statement: INDEXING, lock: 0 });
  }

  /** All statements read the same snapshot, whatever others write meanwhile. */
  async snapshot<T>(work: (read: Read) => Promise<T>): Promise<T> {
    const begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    return await this.transaction(begin, QUICK, async () => {
      return await work(async (sql, limits = QUICK) => (await this.run(sql, limits)).rows);
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

  /** Runs one statement with parameters in their binary form, in its own transaction. */
  async runWith(sql: string, values: readonly Buffer[], limits: Limits): Promise<Answer> {
    return await this.transaction("BEGIN", limits, async () => {
      return lastOf(await this.#answers(this.#client.query(sql, [...values]), limits));
    });
  }

  /** Runs a `COPY … FROM STDIN` in a transaction. @returns how many rows were written. */
  async copyIn(sql: string, rows: Iterable<Buffer>, { statement }: Limits): Promise<number> {
    const ms = statement + ON_THE_WAY;
    return await within(copyIn(this.#client, sql, rows), { ms, late: () => new NoAnswer() });
  }

  /** For statements that begin and end a transaction. If they fail in between, it is undone. */
  async undoing<T>(
    limits: Limits,
    work: (send: (...statements: string[]) => Promise<readonly Answer[]>) => Promise<T>,
  ): Promise<T> {
    try {
      return await work((first = "", ...others) => {
        const set = first.startsWith("BEGIN") ? [settings(limits)] : [];
        return this.#send([first, ...set, ...others].join("; "), limits);
      });
    } catch (error) {
      // After a lost connection, the server undoes by itself. The first error is the one to report.
      if (postgresFault(error) !== "lost") await this.#send("ROLLBACK", limits).catch(() => {});
      throw error;
    }
  }

  async #send(sql: string, limits: Limits): Promise<readonly Answer[]> {
    return await this.#answers(this.#client.query(sql), limits);
  }

  /** The server's own limit does not help if the network swallows the answer. */
  async #answers(query: Promise<unknown>, { statement }: Limits): Promise<readonly Answer[]> {
    const ms = statement + ON_THE_WAY;
    return answersOf(await within(query, { ms, late: () => new NoAnswer() }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endPostgres(this.#client);
  }
}

async function connectTo({ url, timeout }: DatabaseTarget, signal: AbortSignal) {
  return await connectPostgres(parsePostgresUrl(url), signal, timeout);
}

/**
 * - search_path: whatever a trigger, or another client of a pooler, has set it to.
 * - row_security: rows that a policy hides would be neither cleared nor counted, so that is an error.
 * - datestyle, extra_float_digits: values are read as they can be written again.
 * - idle_in_transaction_session_timeout: undoes what we leave behind if the connection breaks.
 */
function settings({ statement, lock }: Limits): string {
  return `SET LOCAL statement_timeout = ${statement}; SET LOCAL lock_timeout = ${lock}; ` +
    "SET LOCAL search_path TO DEFAULT; " +
    "SET LOCAL row_security = off; SET LOCAL datestyle = ISO; SET LOCAL extra_float_digits = 3; " +
    "SET LOCAL idle_in_transaction_session_timeout = 5000";
}

/** The driver returns one result, or an array of them for several statements. */
function answersOf(results: unknown): Answer[] {
  const all: unknown[] = Array.isArray(results) ? results : [results];
  return all.filter(isRecord).map(({ rows, command, rowCount }) => ({
    rows: Array.isArray(rows) ? rows.filter(isRecord) : [],
    command: String(command),
    count: typeof rowCount === "number" ? rowCount : undefined,
  }));
}

function lastOf(answers: readonly Answer[]): Answer {
  const last = answers.at(-1);
  if (last === undefined) throw new UnexpectedAnswer();
  return last;
}
