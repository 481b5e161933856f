/** The store that all SQL engines share. What differs between them is behind {@linkcode Database}. */
import { type AzuError, ImpossibleError } from "../../core/errors.ts";
import type { ClearCounts, ClearOptions, LookOptions, Store } from "../contract.ts";

/** An open database, as an engine operates on it. */
export interface Database extends AsyncDisposable {
  /** Counts the rows of the table. */
  count(signal: AbortSignal, onProgress: LookOptions["onProgress"]): Promise<number>;
  clear(options: ClearOptions): Promise<ClearCounts>;
  /** Why the engine cannot empty the table at once; undefined if it can. */
  readonly whyNotTruncate?: string;
  /** Creates the table if it is missing; fails if the table lacks a column. */
  createTable(signal: AbortSignal): Promise<"created" | "present">;
}

/**
 * @param explain Makes a sentence of a driver's error.
 * @throws {AzuError} if the database cannot be reached or refuses.
 */
export async function openSqlStore(
  open: () => Promise<Database>,
  explain: (error: unknown) => AzuError,
  signal: AbortSignal,
): Promise<Store> {
  signal.throwIfAborted();
  try {
    return new SqlStore(await open(), explain);
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error);
  }
}

class SqlStore implements Store {
  readonly #database: Database;
  readonly #explain: (error: unknown) => AzuError;

  constructor(database: Database, explain: (error: unknown) => AzuError) {
    this.#database = database;
    this.#explain = explain;
  }

  async count(signal: AbortSignal, { onProgress }: LookOptions = {}): Promise<number> {
    return await this.#run(signal, () => this.#database.count(signal, onProgress));
  }

  async clear(options: ClearOptions): Promise<ClearCounts> {
    const { whyNotTruncate } = this.#database;
    if (options.truncate && whyNotTruncate !== undefined) {
      throw new ImpossibleError(`This backend cannot truncate: ${whyNotTruncate}`, {
        hint: "Run the command without --truncate",
      });
    }
    return await this.#database.clear(options);
  }

  async createTable(signal: AbortSignal): Promise<"created" | "present"> {
    return await this.#run(signal, () => this.#database.createTable(signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }

  async #run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw this.#explain(error);
    }
  }
}
