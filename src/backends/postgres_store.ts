// pg is imported here and nowhere else: this module is loaded only when a store is opened.
// @ts-types="@types/pg"
import pg from "pg";
import type { ClearOptions, Store } from "./contract.ts";
import type { DatabaseTarget } from "./database.ts";
import { explainDatabaseError, missingTable } from "./database_errors.ts";
import { parsePostgresUrl, type PostgresEndpoint } from "./postgres_url.ts";
import { createStatements, quoteTable, shapeStatement } from "./sql.ts";

/** Milliseconds to connect. */
const CONNECT_TIMEOUT = 5000;

/** Milliseconds for one statement, on the server and, a little longer, on our side. */
const STATEMENT_TIMEOUT = 60_000;

/** Milliseconds to wait for a lock that someone else holds. */
const LOCK_TIMEOUT = 5000;

/** Rows that one DELETE takes: each batch is a transaction of its own, some ten ms long. */
const BATCH = 5000;

/** Milliseconds that saying goodbye may take. */
const END_TIMEOUT = 1000;

/**
 * @throws {AzuError} when the server cannot be reached or refuses.
 */
export async function openPostgresStore(
  target: DatabaseTarget,
  signal: AbortSignal,
): Promise<Store> {
  signal.throwIfAborted();
  const endpoint = parsePostgresUrl(target.url);
  const client = new pg.Client(await clientConfig(endpoint));
  client.on("error", () => {}); // every query that is cut off rejects by itself
  const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>();
  const timer = setTimeout(() => giveUp(new Error("timeout expired")), CONNECT_TIMEOUT);
  const abort = () => giveUp(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    // The driver's own timeout looks like a lost connection, and an abort it does not know.
    await Promise.race([client.connect(), givenUp]);
    // Rows that a policy hides would be neither cleared nor counted: have that be an error.
    await client.query("SET row_security = off");
    return new PostgresStore(client, target);
  } catch (error) {
    await end(client);
    signal.throwIfAborted();
    throw explainDatabaseError(error, target, [endpoint.password]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

async function clientConfig(endpoint: PostgresEndpoint): Promise<pg.ClientConfig> {
  return {
    host: endpoint.host,
    port: endpoint.port,
    user: endpoint.user,
    password: endpoint.password,
    database: endpoint.database,
    ssl: await sslConfig(endpoint),
    application_name: "azu",
    connectionTimeoutMillis: CONNECT_TIMEOUT + 1000,
    statement_timeout: STATEMENT_TIMEOUT,
    query_timeout: STATEMENT_TIMEOUT + 5000,
    lock_timeout: LOCK_TIMEOUT,
  };
}

async function sslConfig({ sslMode, sslRootCert }: PostgresEndpoint) {
  if (["disable", "allow", "prefer"].includes(sslMode)) return false;
  const ca = sslRootCert === undefined ? {} : { ca: await Deno.readTextFile(sslRootCert) };
  if (sslMode === "require") return { ...ca, rejectUnauthorized: false };
  return sslMode === "verify-full" ? ca : { ...ca, checkServerIdentity: () => undefined };
}

/** Ends the connection without waiting for ever for a server that does not answer. */
async function end(client: pg.Client): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, END_TIMEOUT);
  client.end().then(resolve, () => resolve()); // a connection that broke needs no goodbye
  await promise;
  clearTimeout(timer);
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
    const result = await this.#query(`SELECT count(*) AS count FROM ${this.#table}`);
    return Number(result.rows[0]?.count);
  }

  async clear({ signal, onProgress }: ClearOptions): Promise<number> {
    const statement = `DELETE FROM ${this.#table} ` +
      `WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${this.#table} LIMIT ${BATCH}))`;
    for (let cleared = 0;;) {
      signal.throwIfAborted();
      const { rowCount } = await this.#query(statement);
      if (!rowCount) return cleared;
      cleared += rowCount;
      onProgress(cleared);
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

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#client);
  }

  async #query(sql: string, values?: string[]): Promise<pg.QueryResult<Record<string, unknown>>> {
    try {
      return await this.#client.query<Record<string, unknown>>(sql, values);
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === "42P01") {
        throw missingTable(this.#target, error);
      }
      throw explainDatabaseError(error, this.#target);
    }
  }
}
