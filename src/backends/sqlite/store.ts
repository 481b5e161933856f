import type { ClearCounts, ClearOptions, LookOptions, Purpose, Store } from "../contract.ts";
import { sleep } from "../pace.ts";
import type { DatabaseTarget } from "../sql/backend.ts";
import { whileLocked } from "../sql/retry.ts";
import { applyStatements } from "../sql/schema.ts";
import { type Database, openSqlStore } from "../sql/store.ts";
import { clearSqlite } from "./clear.ts";
import { SqliteCounter } from "./count.ts";
import { explainSqliteError, isLocked } from "./errors.ts";
import { SqliteSession } from "./session.ts";
import { inspectSqliteTable, kindOf } from "./table.ts";

/** @throws {AzuError} if the file is missing, is not a database, or may not be opened. */
export async function openSqliteStore(
  target: DatabaseTarget,
  signal: AbortSignal,
  purpose: Purpose,
): Promise<Store> {
  return await openSqlStore(
    async () => new SqliteDatabase(await SqliteSession.open(target, signal, purpose)),
    (error) => explainSqliteError(error, target),
    signal,
  );
}

class SqliteDatabase implements Database {
  readonly whyNotTruncate = "SQLite has no TRUNCATE";
  readonly #session: SqliteSession;

  constructor(session: SqliteSession) {
    this.#session = session;
  }

  /** In steps, because the driver blocks: signals are let in between them. */
  async count(signal: AbortSignal, onProgress: LookOptions["onProgress"]): Promise<number> {
    const run = <T>(step: () => T) => whileLocked(step, isLocked, signal);
    const table = await run(() => inspectSqliteTable(this.#session));
    const counter = new SqliteCounter(this.#session, table);
    for (;;) {
      const isDone = await run(() => counter.step());
      if (isDone) return counter.count;
      onProgress?.(counter.count);
      await sleep(0, signal);
    }
  }

  async clear(options: ClearOptions): Promise<ClearCounts> {
    return await clearSqlite(this.#session, options);
  }

  async createTable(signal: AbortSignal): Promise<"created" | "present"> {
    const create = () =>
      this.#session.transaction("IMMEDIATE", () => {
        const present = kindOf(this.#session) !== undefined;
        for (const statement of applyStatements("sqlite", this.#session.target.table)) {
          this.#session.exec(statement);
        }
        return present ? "present" : "created";
      });
    return await whileLocked(create, isLocked, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#session[Symbol.dispose]();
    return Promise.resolve();
  }
}
