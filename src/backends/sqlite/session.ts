/** An open SQLite database. The only file that imports node:sqlite. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { messageOf, OperationError } from "../../core/errors.ts";
import type { Purpose } from "../contract.ts";
import { sleep } from "../pace.ts";
import type { DatabaseTarget } from "../sql/backend.ts";
import type { SqlSession } from "../sql/store.ts";
import { isLocked } from "./errors.ts";
import { sqlitePath } from "./url.ts";

/**
 * Milliseconds that SQLite itself waits while another process writes. It blocks the whole process
 * meanwhile, so it waits only briefly, and azu tries again.
 */
const BUSY_TIMEOUT = 100;

/**
 * KiB of memory for the pages of a removal. SQLite's default of 2 MiB is too small for those of a
 * batch: they would be written and read again within it, which makes a clear half as slow again
 * (measured).
 */
const CACHE_SIZE = 32_768;

/** A value that a statement takes or returns. All integers are read as bigint. */
export type Value = SQLInputValue;

export type Row = Readonly<Record<string, unknown>>;

export class SqliteSession implements SqlSession {
  readonly target: DatabaseTarget;
  readonly #database: DatabaseSync;

  /**
   * @param purpose To operate, the file must exist. Opening would create it otherwise, so that a
   *   mistyped path would look like a store without sessions.
   * @throws {AzuError} if the file is missing.
   */
  static async open(
    target: DatabaseTarget,
    signal: AbortSignal,
    purpose: Purpose,
  ): Promise<SqliteSession> {
    const path = sqlitePath(target.url, target.root);
    if (purpose === "operate") await checkFile(path, target);
    else await checkNoLink(path, target);
    const session = new SqliteSession(path, target);
    try {
      session.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
      // SQLite's default, and the app's. Otherwise a cascade could reach into other tables.
      session.exec("PRAGMA foreign_keys = OFF");
      // Only this reads the file.
      await whileLocked(() => session.exec("SELECT count(*) FROM sqlite_master"), signal);
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(path: string, target: DatabaseTarget) {
    this.target = target;
    this.#database = new DatabaseSync(path);
  }

  /** Called before a removal. It reads the schema, so a locked file refuses it. */
  enlargeCache(): void {
    this.exec(`PRAGMA cache_size = -${CACHE_SIZE}`);
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

  /** @param rows The table in SQL, and a condition if need be. */
  count(rows: string, ...values: Value[]): number {
    return Number(this.get(`SELECT count(*) AS count FROM ${rows}`, ...values)?.["count"]);
  }

  /** Reads one snapshot. If the work throws, it is undone. */
  // deno-lint-ignore require-await -- the driver is synchronous, but its errors must reject
  async transaction<T>(kind: "DEFERRED" | "IMMEDIATE", work: () => T): Promise<T> {
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

  [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }

  #undo(): void {
    try {
      this.exec("ROLLBACK");
    } catch {
      // The first error has ended the transaction. That error is the one to report.
    }
  }

  /** Deno 2.5 reports only "failed to prepare statement". To EXPLAIN it fails with the reason. */
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

async function checkFile(path: string, target: DatabaseTarget): Promise<void> {
  const found = await Deno.stat(path).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (found?.isFile) return await checkWritable(path, target);
  const hint = "Check DATABASE_URL (or session.backends.database.url)";
  if (found !== undefined) {
    throw new OperationError(`${path} is not a file (${target.address})`, { hint });
  }
  throw new OperationError(`The database file ${path} does not exist (${target.address})`, {
    hint: `${hint}; relative paths start at ${target.root}. ` +
      "`azu session:setup --apply`, with the same --env or --backend, creates it",
  });
}

/** SQLite would create the file that a link names, wherever that is. */
async function checkNoLink(path: string, target: DatabaseTarget): Promise<void> {
  const isLink = await Deno.lstat(path).then(({ isSymlink }) => isSymlink, () => false);
  const exists = await Deno.stat(path).then(() => true, () => false);
  if (!isLink || exists) return;
  throw new OperationError(
    `${path} is a symbolic link to a file that does not exist (${target.address})`,
    { hint: "azu does not create files through links: create the file, or remove the link" },
  );
}

/**
 * Opening a file in WAL mode creates two more files. If they belonged to a user who may not write
 * the database, the app could not use it any more.
 */
async function checkWritable(path: string, target: DatabaseTarget): Promise<void> {
  try {
    (await Deno.open(path, { write: true, append: true })).close();
  } catch (error) {
    throw new OperationError(`Cannot write ${path} (${target.address}): ${messageOf(error)}`, {
      hint: "Run azu as the user of the app; on a read-only disk, sessions cannot be cleared",
      cause: error,
    });
  }
}

/** Milliseconds that a single statement waits in all for another process, and between attempts. */
const LOCK_PATIENCE = 5000;
const LOCK_REST = 50;

/**
 * Repeats a single step while another process holds a lock.
 * @throws the signal's reason; else what the step throws.
 */
export async function whileLocked<T>(
  step: () => T | Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const end = performance.now() + LOCK_PATIENCE;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await step();
    } catch (error) {
      if (!isLocked(error) || performance.now() > end) throw error;
      await sleep(LOCK_REST, signal);
    }
  }
}
