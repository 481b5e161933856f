// @ts-types="@types/pg"
import type pg from "pg";
import type { ClearOptions, Store } from "./contract.ts";
import type { DatabaseTarget } from "./database_target.ts";
import { explainDatabaseError, missingTable } from "./database_errors.ts";
import { OperationError } from "../core/errors.ts";
import { connectPostgres, endPostgres } from "./postgres_connection.ts";
import { parsePostgresUrl } from "./postgres_url.ts";
import { createStatements, quoteTable, shapeStatement } from "./sql.ts";

/** Rows that one DELETE takes: each batch is a transaction of its own, some ten ms long. */
const BATCH = 5000;

/**
 * @throws {AzuError} when the server cannot be reached or refuses.
 */
export async function openPostgresStore(
  target: DatabaseTarget,
  signal: AbortSignal,
): Promise<Store> {
  signal.throwIfAborted();
  const endpoint = parsePostgresUrl(target.url);
  try {
    const client = await connectPostgres(endpoint, signal, target.timeout);
    return new PostgresStore(client, target);
  } catch (error) {
    signal.throwIfAborted();
    throw explainDatabaseError(error, target, [endpoint.password]);
  }
}

class PostgresStore implements Store {
  readonly #client: pg.Client;
  readonly #target: DatabaseTarget;
  readonly #table: string;

  constructor(client: pg.Client, target: DatabaseTarget) {
    this.#client = client;
    this.#target = target;
    this.#table = quoteTable("postgres", target.table);
  }

  async count(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const result = await this.#query(`SELECT count(*) AS count FROM ${await this.#from()}`);
    return Number(result.rows[0]?.count);
  }

  async clear({ signal, onProgress }: ClearOptions): Promise<number> {
    const from = await this.#from();
    const statement = `DELETE FROM ${from} ` +
      `WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${from} LIMIT ${BATCH}))`;
    for (let cleared = 0;;) {
      signal.throwIfAborted();
      const { rowCount } = await this.#query(statement);
      cleared += rowCount ?? 0;
      onProgress(cleared);
      // All that this statement saw is gone: what has come since is not ours to chase.
      if ((rowCount ?? 0) < BATCH) return cleared;
    }
  }

  async createTable(signal: AbortSignal): Promise<"created" | "present"> {
    signal.throwIfAborted();
    const found = await this.#query("SELECT to_regclass($1) AS table", [this.#table]);
    const present = found.rows[0]?.table !== null;
    await this.#query("BEGIN");
    try {
      for (const lines of createStatements("postgres", this.#target.table)) {
        await this.#query(lines.join("\n"));
      }
      await this.#query(shapeStatement("postgres", this.#target.table));
      await this.#query("COMMIT");
    } catch (error) {
      await this.#client.query("ROLLBACK").catch(() => {}); // the first error is the one to tell
      throw error;
    }
    return present ? "present" : "created";
  }

  /**
   * The table as statements name it: the rows of tables that inherit from it are not its own; those
   * of its partitions are.
   */
  async #from(): Promise<string> {
    const sql = "SELECT relkind FROM pg_class WHERE oid = to_regclass($1)";
    const kind = (await this.#query(sql, [this.#table])).rows[0]?.["relkind"];
    if (kind === undefined) throw missingTable(this.#target, undefined);
    if (kind === "r") return `ONLY ${this.#table}`;
    if (kind === "p") return this.#table;
    throw new OperationError(`${this.#target.tableText} is no table (${this.#target.address})`, {
      hint: "Name the table itself in session.backends.database.table, not a view of it",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endPostgres(this.#client);
  }

  async #query(sql: string, values?: string[]): Promise<pg.QueryResult<Record<string, unknown>>> {
    try {
      return await this.#client.query<Record<string, unknown>>(sql, values);
    } catch (error) {
      throw explainDatabaseError(error, this.#target);
    }
  }
}
