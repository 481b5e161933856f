/** A SQLite file with sessions and another table. */
import { strictEqual } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { bindBackend } from "../../src/backends/registry.ts";
import { createStatements } from "../../src/backends/sql/ddl.ts";
import { context } from "../backends/subject.ts";
import { tempDir } from "../support/temp.ts";
import type { Place } from "./sweep.ts";

const SESSIONS = 500;

const CONTEXT = { ...context, app: "shop" };

const filling = (table: string) =>
  `INSERT INTO ${table} (session_id, data, created_at, updated_at, expires_at) WITH RECURSIVE ` +
  `n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${SESSIONS}) ` +
  "SELECT 's' || i, randomblob(200), 0, 0, 0 FROM n";

/**
 * @param journal SQLite's journal mode.
 * @param path The folder of the file; by default a temporary one.
 */
export async function sqlitePlace(journal: "wal" | "delete", path?: string): Promise<Place> {
  const own = path === undefined ? await tempDir() : undefined;
  const folder = path ?? own?.path;
  const use = <T>(work: (database: DatabaseSync) => T): Promise<T> => {
    const database = new DatabaseSync(`${folder}/app.db`);
    database.exec("PRAGMA busy_timeout = 5000");
    try {
      return Promise.resolve(work(database));
    } finally {
      database.close();
    }
  };
  await use((database) => {
    database.exec(`PRAGMA journal_mode = ${journal}`);
    for (const table of ["sessions", "sessions_old"]) {
      for (const lines of createStatements("sqlite", { name: table })) {
        database.exec(lines.join("\n"));
      }
    }
    database.exec(filling("sessions_old"));
  });
  const url = `sqlite3://${folder}/app.db`;
  return {
    name: "database",
    url,
    selection: [],
    own: bindBackend("database", { url }, CONTEXT),
    fill: () =>
      use((database) => {
        database.exec("DELETE FROM sessions");
        database.exec(filling("sessions"));
        return SESSIONS;
      }),
    sessions: () => use((database) => Number(one(database, "SELECT count(*) FROM sessions"))),
    neighbours: () =>
      use((database) => {
        strictEqual(one(database, "PRAGMA integrity_check"), "ok");
        return database.prepare("SELECT * FROM sessions_old").all();
      }),
    // A process that ended holds no lock: the system releases it.
    others: () => use((database) => (database.exec("BEGIN EXCLUSIVE; ROLLBACK"), 0)),
    [Symbol.asyncDispose]: async () => await own?.[Symbol.asyncDispose](),
  };
}

function one(database: DatabaseSync, sql: string): unknown {
  return Object.values(database.prepare(sql).get() ?? {})[0];
}
