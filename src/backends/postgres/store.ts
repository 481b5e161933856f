import type { ClearCounts, ClearOptions, LookOptions, Store } from "../contract.ts";
import type { DatabaseTarget } from "../sql/schema.ts";
import { explainDatabaseError } from "../sql/errors.ts";
import { clearPostgres } from "./clear.ts";
import { PostgresSession, READING } from "./session.ts";
import { countRows, pagesOf } from "./count.ts";
import { inspectTable } from "./table.ts";
import { parsePostgresUrl } from "./url.ts";
import { createStatements, quoteTable, quoteText, shapeStatement } from "../sql/schema.ts";

/**
 * @throws {AzuError} when the server cannot be reached or refuses.
 */
export async function openPostgresStore(
  target: DatabaseTarget,
  signal: AbortSignal,
): Promise<Store> {
  signal.throwIfAborted();
  try {
    return new PostgresStore(await PostgresSession.open(target, signal));
  } catch (error) {
    signal.throwIfAborted();
    throw explainDatabaseError(error, target, [parsePostgresUrl(target.url).password]);
  }
}

class PostgresStore implements Store {
  readonly #session: PostgresSession;

  constructor(session: PostgresSession) {
    this.#session = session;
  }

  /** In one moment; in statements that each end soon, however large the table is. */
  async count(signal: AbortSignal, { onProgress }: LookOptions = {}): Promise<number> {
    signal.throwIfAborted();
    return await this.#explained(async () => {
      const table = await inspectTable(this.#session);
      return await this.#session.snapshot(async (read) => {
        const pages = await pagesOf(read, table);
        const tick = (counted: number, part: number) => {
          signal.throwIfAborted();
          if (part > 0) onProgress?.(counted, Math.round(counted / part));
          else onProgress?.(counted);
        };
        return (await countRows(read, table, { within: "true", pages, tick })).left;
      });
    });
  }

  async clear(options: ClearOptions): Promise<ClearCounts> {
    return await clearPostgres(this.#session, options);
  }

  async createTable(signal: AbortSignal): Promise<"created" | "present"> {
    signal.throwIfAborted();
    const { table } = this.#session.target;
    const present = `SELECT to_regclass(${quoteText(quoteTable("postgres", table))}) AS table`;
    return await this.#explained(() =>
      this.#session.transaction("BEGIN", READING, async (run) => {
        const { rows: [found] } = await run(present);
        for (const lines of createStatements("postgres", table)) await run(lines.join("\n"));
        await run(shapeStatement("postgres", table));
        return found?.["table"] === null ? "created" : "present";
      })
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#session.explain(error);
    }
  }
}
