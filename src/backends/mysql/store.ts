import type { ClearCounts, ClearOptions, Store } from "../contract.ts";
import type { DatabaseTarget } from "../sql/backend.ts";
import { countIn, missingTable } from "../sql/errors.ts";
import { applyStatements, quoteTable } from "../sql/schema.ts";
import { type Database, openSqlStore } from "../sql/store.ts";
import { clearMysql } from "./clear.ts";
import { explainMysqlError } from "./errors.ts";
import { MysqlSession, READING } from "./session.ts";
import { storageEngineOf } from "./table.ts";

/** @throws {AzuError} if the server cannot be reached or refuses. */
export async function openMysqlStore(target: DatabaseTarget, signal: AbortSignal): Promise<Store> {
  return await openSqlStore(
    async () => new MysqlDatabase(await MysqlSession.open(target, signal)),
    (error) => explainMysqlError(error, target),
    signal,
  );
}

class MysqlDatabase implements Database {
  readonly whyNotTruncate = "MySQL does not report how many rows a TRUNCATE removes";
  readonly #session: MysqlSession;

  constructor(session: MysqlSession) {
    this.#session = session;
  }

  async count(): Promise<number> {
    const { target } = this.#session;
    if (await storageEngineOf(this.#session) === undefined) throw missingTable(target);
    const sql = `SELECT COUNT(*) AS count FROM ${quoteTable("mysql", target.table)}`;
    return countIn((await this.#session.read(sql, READING))[0], "count");
  }

  async clear(options: ClearOptions): Promise<ClearCounts> {
    return await clearMysql(this.#session, options);
  }

  async createTable(): Promise<"created" | "present"> {
    const present = await storageEngineOf(this.#session) !== undefined;
    for (const statement of applyStatements("mysql", this.#session.target.table)) {
      await this.#session.run(statement);
    }
    return present ? "present" : "created";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
