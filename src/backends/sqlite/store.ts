import { ImpossibleError } from "../../core/errors.ts";
import type { ClearCounts, ClearOptions, LookOptions, Purpose, Store } from "../contract.ts";
import type { DatabaseTarget } from "../sql/schema.ts";
import { sleep } from "../pace.ts";
import { createStatements, shapeStatement } from "../sql/schema.ts";
import { clearSqlite } from "./clear.ts";
import { SqliteCounter } from "./count.ts";
import { isBusy } from "./errors.ts";
import { SqliteSession } from "./session.ts";
import { inspectTable, kindOf } from "./table.ts";

/** Milliseconds to wait while another process writes, and between attempts. */
const [PATIENCE, REST] = [5000, 50];

/** @throws {AzuError} when the file is missing, is no database, or may not be opened. */
export async function openSqliteStore(
  target: DatabaseTarget,
  signal: AbortSignal,
  purpose: Purpose,
): Promise<Store> {
  signal.throwIfAborted();
  return new SqliteStore(await SqliteSession.open(target, signal, purpose));
}

class SqliteStore implements Store {
  readonly #session: SqliteSession;

  constructor(session: SqliteSession) {
    this.#session = session;
  }

  /** In steps: the driver blocks, and signals are to be let in between. */
  async count(signal: AbortSignal, { onProgress }: LookOptions = {}): Promise<number> {
    const table = await this.#run(signal, () => inspectTable(this.#session));
    const counter = new SqliteCounter(this.#session, table);
    for (;;) {
      const isDone = await this.#run(signal, () => counter.step());
      if (isDone) return counter.count;
      onProgress?.(counter.count);
      await sleep(0, signal);
    }
  }

  async clear(options: ClearOptions): Promise<ClearCounts> {
    if (options.truncate) {
      throw new ImpossibleError("This backend cannot truncate: SQLite has no TRUNCATE", {
        hint: "Run the command without --truncate",
      });
    }
    return await clearSqlite(this.#session, options);
  }

  async createTable(signal: AbortSignal): Promise<"created" | "present"> {
    const { table } = this.#session.target;
    return await this.#run(signal, () =>
      this.#session.transaction("IMMEDIATE", () => {
        const present = kindOf(this.#session) !== undefined;
        for (const lines of createStatements("sqlite", table)) this.#session.exec(lines.join("\n"));
        this.#session.get(shapeStatement("sqlite", table));
        return present ? "present" : "created";
      }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#session[Symbol.dispose]();
    return Promise.resolve();
  }

  async #run<T>(signal: AbortSignal, work: () => T): Promise<T> {
    for (const began = performance.now();;) {
      signal.throwIfAborted();
      try {
        return work();
      } catch (error) {
        const patient = isBusy(error) && performance.now() - began < PATIENCE;
        if (!patient) throw this.#session.explain(error);
        await sleep(REST, signal);
      }
    }
  }
}
