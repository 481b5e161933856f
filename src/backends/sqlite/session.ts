/** An open SQLite database. The only file that imports node:sqlite. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { type AzuError, messageOf, OperationError } from "../../core/errors.ts";
import type { Purpose } from "../contract.ts";
import { explainDatabaseError, missingTable } from "../sql/errors.ts";
import type { DatabaseTarget } from "../sql/schema.ts";
import { sleep } from "../pace.ts";
import { isBusy } from "./errors.ts";
import { sqlitePath } from "./url.ts";

/**
 * Milliseconds to wait while another process writes. The driver waits with all else standing
 * still: so not for long, and again.
 */
const BUSY_TIMEOUT = 100;

/**
 * KiB of memory for pages. SQLite's default of 2 MiB is too small for the pages of a batch: they
 * would be written and read again within it, which makes a clear half as slow again (measured).
 */
const CACHE_SIZE = 32_768;

/** Milliseconds that the first look at the file may wait in all, and between attempts. */
const [OPEN_TIMEOUT, OPEN_REST] = [5000, 50];

/** What a statement is given, and what it gives: whole numbers that are too large for one are bigint. */
export type Value = SQLInputValue;

export type Row = Readonly<Record<string, unknown>>;

/** A database file that is open. */
export class SqliteSession implements Disposable {
  readonly target: DatabaseTarget;
  readonly #database: DatabaseSync;

  /**
   * To operate, the file must be there: opening would otherwise create an empty one, and a mistyped
   * path would look like a store without sessions.
   * @throws {AzuError} when the file is missing, is no database, or may not be opened.
   */
  static async open(
    target: DatabaseTarget,
    signal: AbortSignal,
    purpose: Purpose,
  ): Promise<SqliteSession> {
    const path = sqlitePath(target.url, target.root);
    if (purpose === "operate") await checkFile(path, target);
    let session: SqliteSession | undefined;
    try {
      session = new SqliteSession(path, target);
      await session.#look(signal);
      return session;
    } catch (error) {
      session?.[Symbol.dispose]();
      signal.throwIfAborted();
      throw explainDatabaseError(error, target);
    }
  }

  private constructor(path: string, target: DatabaseTarget) {
    this.target = target;
    this.#database = new DatabaseSync(path);
  }

  /** Only now is the file read. */
  async #look(signal: AbortSignal): Promise<void> {
    this.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    this.exec(`PRAGMA cache_size = -${CACHE_SIZE}`);
    // SQLite's own default, and the app's: else a cascade would reach into other tables.
    this.exec("PRAGMA foreign_keys = OFF");
    for (const began = performance.now();;) {
      try {
        return this.exec("SELECT count(*) FROM sqlite_master");
      } catch (error) {
        if (!isBusy(error) || performance.now() - began > OPEN_TIMEOUT) throw error;
        await sleep(OPEN_REST, signal);
        signal.throwIfAborted();
      }
    }
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#prepare(sql).all(...values);
  }

  get(sql: string, ...values: Value[]): Row | undefined {
    return this.#prepare(sql).get(...values);
  }

  /** @returns how many rows were changed. */
  run(sql: string, ...values: Value[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  /** All or nothing, and what it reads is of one moment. */
  transaction<T>(kind: "DEFERRED" | "IMMEDIATE", work: () => T): T {
    this.exec(`BEGIN ${kind}`);
    try {
      const result = work();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      this.#undo();
      throw error;
    }
  }

  explain(error: unknown): AzuError {
    // It may also be a table that a trigger needs.
    const { name, schema = "main" } = this.target.table;
    const missing = /no such table: (.*)/s.exec(messageOf(error))?.[1]?.toLowerCase();
    const ours = [name, `${schema}.${name}`].map((text) => text.toLowerCase());
    return ours.some((text) => missing === text || missing?.startsWith(`${text} in `))
      ? missingTable(this.target, error)
      : explainDatabaseError(error, this.target);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** Some errors have undone the transaction already; the first one is the one to tell. */
  #undo(): void {
    try {
      this.exec("ROLLBACK");
    } catch {
      return;
    }
  }

  /** Deno 2.5 says only "failed to prepare statement"; explaining it fails with the reason. */
  #prepare(sql: string) {
    try {
      const statement = this.#database.prepare(sql);
      statement.setReadBigInts(true);
      return statement;
    } catch (error) {
      this.exec(`EXPLAIN ${sql}`);
      throw error;
    }
  }
}

/** @throws {AzuError} if the file does not exist or is a folder. */
async function checkFile(path: string, target: DatabaseTarget): Promise<void> {
  const found = await Deno.stat(path).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw explainDatabaseError(error, target);
  });
  if (found?.isFile) return;
  if (found !== undefined) {
    throw new OperationError(`${path} is not a file (${target.address})`, {
      hint: "Check DATABASE_URL (or session.backends.database.url)",
    });
  }
  throw new OperationError(`The database file ${path} does not exist (${target.address})`, {
    hint: "Check DATABASE_URL (or session.backends.database.url); relative paths start at " +
      `${target.root}. \`azu session:setup --backend database --apply\` creates it`,
  });
}
