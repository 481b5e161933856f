// node:sqlite is imported here and nowhere else: this module is loaded only when a store is opened.
import { DatabaseSync } from "node:sqlite";
import { messageOf, OperationError } from "../core/errors.ts";
import type { ClearOptions, Purpose, Store } from "./contract.ts";
import type { DatabaseTarget } from "./database_target.ts";
import { explainDatabaseError, missingTable } from "./database_errors.ts";
import { createStatements, quoteTable, shapeStatement } from "./sql.ts";
import { sqlitePath } from "./sqlite_url.ts";

/** Milliseconds to wait while another process writes. */
const BUSY_TIMEOUT = 5000;

/** Rows that one DELETE takes: each batch is a transaction of its own, some ten ms long. */
const BATCH = 5000;

/**
 * Opens a database file. To operate, the file must be there: opening would otherwise create an
 * empty one, and a mistyped path would look like a store without sessions.
 * @throws {AzuError} when the file is missing, is no database, or may not be opened.
 */
export async function openSqliteStore(
  target: DatabaseTarget,
  signal: AbortSignal,
  purpose: Purpose,
): Promise<Store> {
  signal.throwIfAborted();
  const path = sqlitePath(target.url, target.root);
  if (purpose === "operate") await checkFile(path, target);
  try {
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    // SQLite's own default, and the app's: else a cascade would reach into other tables.
    database.exec("PRAGMA foreign_keys = OFF");
    database.exec("SELECT count(*) FROM sqlite_master"); // the file is read only now
    return new SqliteStore(database, target);
  } catch (error) {
    throw explainDatabaseError(error, target);
  }
}

async function checkFile(path: string, target: DatabaseTarget): Promise<void> {
  const found = await Deno.stat(path).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw explainDatabaseError(error, target);
  });
  if (found?.isFile) return;
  if (found !== undefined) {
    throw new OperationError(`${path} is not a file (${target.address})`, {
      hint: "Check DATABASE_URL (or session.backends.database.url)",
    });
  }
  throw new OperationError(`The database file ${path} does not exist (${target.address})`, {
    hint: "Check DATABASE_URL (or session.backends.database.url); relative paths start at " +
      `${target.root}. \`azu session:setup --backend database --apply\` creates it`,
  });
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #target: DatabaseTarget;
  readonly #table: string;

  constructor(database: DatabaseSync, target: DatabaseTarget) {
    this.#database = database;
    this.#target = target;
    this.#table = quoteTable("sqlite", target.table);
  }

  count(signal: AbortSignal): Promise<number> {
    return this.#run(signal, () => {
      this.#checkKind();
      const row = this.#prepare(`SELECT count(*) AS count FROM ${this.#table}`).get();
      return Number(row?.count);
    });
  }

  async clear({ signal, onProgress }: ClearOptions): Promise<number> {
    const statement = await this.#run(signal, () => this.#deleteBatch());
    for (let cleared = 0;;) {
      const changes = await this.#run(signal, () => Number(statement.run().changes));
      cleared += changes;
      onProgress(cleared);
      if (changes < BATCH) return cleared; // all that this statement saw: what is new is not ours
      await new Promise((resolve) => setTimeout(resolve)); // the driver blocks: let signals in
    }
  }

  /** A table WITHOUT ROWID has nothing to batch by: one statement, which SQLite keeps atomic. */
  #deleteBatch() {
    this.#checkKind();
    const all = `DELETE FROM ${this.#table}`;
    const rowid = this.#rowidName();
    try {
      const some = `SELECT ${rowid} FROM ${this.#table} LIMIT ${BATCH}`;
      return this.#prepare(`${all} WHERE ${rowid} IN (${some})`);
    } catch (error) {
      if (/no such column/.test(messageOf(error))) return this.#prepare(all);
      throw error;
    }
  }

  /** The row id has three names, and a column may bear one of them. */
  #rowidName(): string {
    const { name } = this.#target.table;
    const rows = this.#prepare("SELECT lower(name) AS name FROM pragma_table_info(?)").all(name);
    const columns = rows.map((row) => row["name"]);
    return ["rowid", "_rowid_", "oid"].find((alias) => !columns.includes(alias)) ?? "rowid";
  }

  createTable(signal: AbortSignal): Promise<"created" | "present"> {
    return this.#run(signal, () => {
      const present = this.#kind() !== undefined;
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        for (const lines of createStatements("sqlite", this.#target.table)) {
          this.#database.exec(lines.join("\n"));
        }
        this.#prepare(shapeStatement("sqlite", this.#target.table)).get();
        this.#database.exec("COMMIT");
      } catch (error) {
        this.#database.exec("ROLLBACK");
        throw error;
      }
      return present ? "present" : "created";
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }

  #checkKind(): void {
    if (this.#kind() !== "view") return;
    throw new OperationError(`${this.#target.tableText} is no table (${this.#target.address})`, {
      hint: "Name the table itself in session.backends.database.table, not a view of it",
    });
  }

  /** `table`, `view`, or undefined where nothing has the name. */
  #kind(): unknown {
    const sql = "SELECT type FROM sqlite_master WHERE type IN ('table', 'view') " +
      "AND lower(name) = lower(?)";
    return this.#prepare(sql).get(this.#target.table.name)?.["type"];
  }

  /** Deno 2.5 says only "failed to prepare statement"; explaining it fails with the reason. */
  #prepare(sql: string) {
    try {
      return this.#database.prepare(sql);
    } catch (error) {
      this.#database.exec(`EXPLAIN ${sql}`);
      throw error;
    }
  }

  #run<T>(signal: AbortSignal, work: () => T): Promise<T> {
    try {
      signal.throwIfAborted();
      return Promise.resolve(work());
    } catch (error) {
      if (signal.aborted) return Promise.reject(signal.reason);
      return Promise.reject(
        /no such table/.test(String(error))
          ? missingTable(this.#target, error)
          : explainDatabaseError(error, this.#target),
      );
    }
  }
}
