import type { ClearCounts, ClearOptions, LookOptions, Store } from "../contract.ts";
import type { DatabaseTarget } from "../sql/backend.ts";
import { applyStatements, quoteTable, quoteText } from "../sql/schema.ts";
import { type Database, openSqlStore } from "../sql/store.ts";
import { clearPostgres } from "./clear.ts";
import { countRows, pagesOf } from "./count.ts";
import { explainPostgresError } from "./errors.ts";
import { PostgresSession, READING } from "./session.ts";
import { inspectPostgresTable } from "./table.ts";

/** @throws {AzuError} if the server cannot be reached or refuses. */
export async function openPostgresStore(
  target: DatabaseTarget,
  signal: AbortSignal,
): Promise<Store> {
  return await openSqlStore(
    async () => new PostgresDatabase(await PostgresSession.open(target, signal)),
    (error) => explainPostgresError(error, target),
    signal,
  );
}

class PostgresDatabase implements Database {
  readonly #session: PostgresSession;

  constructor(session: PostgresSession) {
    this.#session = session;
  }

  async count(signal: AbortSignal, onProgress: LookOptions["onProgress"]): Promise<number> {
    const table = await inspectPostgresTable(this.#session);
    return await this.#session.snapshot(async (read) => {
      const pages = await pagesOf(read, table);
      const { left } = await countRows(read, table, "true", pages, (counted, part) => {
        signal.throwIfAborted();
        if (part > 0) onProgress?.(counted, Math.round(counted / part));
        else onProgress?.(counted);
      });
      return left;
    });
  }

  async clear(options: ClearOptions): Promise<ClearCounts> {
    return await clearPostgres(this.#session, options);
  }

  async createTable(): Promise<"created" | "present"> {
    const { table } = this.#session.target;
    const present = `SELECT to_regclass(${quoteText(quoteTable("postgres", table))}) AS table`;
    return await this.#session.transaction(READING, async (run) => {
      const { rows: [found] } = await run(present);
      for (const statement of applyStatements("postgres", table)) await run(statement);
      return found?.["table"] === null ? "created" : "present";
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
