import { ImpossibleError } from "../../core/errors.ts";
import type { ClearCounts, ClearOptions, Store } from "../contract.ts";
import { explainDatabaseError } from "../sql/errors.ts";
import type { DatabaseTarget } from "../sql/schema.ts";
import { clearMysql } from "./clear.ts";
import { MysqlSession, READING } from "./session.ts";
import { checkKind, engineOf } from "./table.ts";
import { parseMysqlUrl } from "./url.ts";
import { numberIn } from "../sql/answers.ts";
import { createStatements, quoteTable, shapeStatement } from "../sql/schema.ts";

/**
 * @throws {AzuError} when the server cannot be reached or refuses.
 */
export async function openMysqlStore(target: DatabaseTarget, signal: AbortSignal): Promise<Store> {
  signal.throwIfAborted();
  try {
    return new MysqlStore(await MysqlSession.open(target, signal));
  } catch (error) {
    signal.throwIfAborted();
    throw explainDatabaseError(error, target, [parseMysqlUrl(target.url).password]);
  }
}

class MysqlStore implements Store {
  readonly #session: MysqlSession;

  constructor(session: MysqlSession) {
    this.#session = session;
  }

  async count(signal: AbortSignal): Promise<number> {
    return await this.#run(signal, async () => {
      await checkKind(this.#session);
      const from = quoteTable("mysql", this.#session.target.table);
      const sql = `SELECT COUNT(*) AS count FROM ${from}`;
      return numberIn((await this.#session.read(sql, READING))[0], "count");
    });
  }

  async clear(options: ClearOptions): Promise<ClearCounts> {
    if (options.truncate) {
      throw new ImpossibleError(
        "This backend cannot truncate: MySQL would not tell what that removed",
        {
          hint: "Run the command without --truncate",
        },
      );
    }
    return await clearMysql(this.#session, options);
  }

  async createTable(signal: AbortSignal): Promise<"created" | "present"> {
    const { table } = this.#session.target;
    return await this.#run(signal, async () => {
      const present = await engineOf(this.#session) !== undefined;
      for (const lines of createStatements("mysql", table)) {
        await this.#session.run(lines.join("\n"));
      }
      await this.#session.read(shapeStatement("mysql", table));
      return present ? "present" : "created";
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  async #run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      throw this.#session.explain(error);
    }
  }
}
