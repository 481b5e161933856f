/** An app whose sessions are in SQLite, for the tests of the commands that select sessions. */
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { handleOf } from "../../src/backends/handle.ts";
import { createStatements } from "../../src/backends/sql/ddl.ts";
import { payloadOf, type SavedSession } from "../backends/subject.ts";
import { tempDir } from "../support/temp.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Stands for the random part of every id. No output may contain it. */
export const SECRET = "5ecre7-1d";

/** A session, with values for what a test does not say. Its id is made of a short name. */
export function session(name: string, facts: Partial<SavedSession> = {}): SavedSession {
  const now = Date.now();
  return {
    id: `${SECRET}-${name}`,
    user: null,
    createdAt: now - 3 * HOUR,
    visitedAt: now - HOUR,
    expiresAt: now + 6 * DAY,
    ip: null,
    userAgent: null,
    ...facts,
  };
}

export function handle(name: string): string {
  return handleOf(`${SECRET}-${name}`);
}

/** Sessions of several kinds: two of user 42, one of 7, one without a user, and one that expired. */
export function someSessions(): SavedSession[] {
  const now = Date.now();
  return [
    session("a", { user: "42", ip: "203.0.113.7", userAgent: "Mozilla/5.0 (X11; Linux x86_64)" }),
    session("b", { user: "42", createdAt: now - 40 * DAY, visitedAt: now - 2 * DAY }),
    session("c", { user: "7", ip: "2001:db8::1", createdAt: now - 5 * MINUTE }),
    session("d"),
    session("e", { user: "9", expiresAt: now - 2 * HOUR }),
  ];
}

/** Makes the app. Dispose of it. */
export async function appWith(sessions: readonly SavedSession[]) {
  const app = await tempDir();
  const file = join(app.path, "app.db");
  const sql = <T>(work: (database: DatabaseSync) => T): T => {
    using database = new DatabaseSync(file);
    return work(database);
  };
  sql((database) => {
    for (const lines of createStatements("sqlite", { name: "sessions" })) {
      database.exec(lines.join("\n"));
    }
    save(database, sessions);
  });
  return {
    path: app.path,
    options: {
      cwd: app.path,
      env: { DATABASE_URL: "sqlite3://./app.db", SESSION_BACKEND: "database" },
    },
    save: (more: readonly SavedSession[]) => sql((database) => save(database, more)),
    run: (statement: string) => sql((database) => database.exec(statement)),
    /** The names of the sessions that are there. */
    names: (): string[] => {
      const rows = sql((database) => {
        return database.prepare("SELECT session_id FROM sessions ORDER BY session_id").all();
      });
      return rows.map((row) => String(row["session_id"]).replace(`${SECRET}-`, ""));
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

function save(database: DatabaseSync, sessions: readonly SavedSession[]): void {
  const insert = database.prepare(
    "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) " +
      "VALUES (?, ?, ?, ?, ?)",
  );
  const time = (milliseconds: number | null) => {
    return new Date(milliseconds ?? 0).toISOString().replace("T", " ").replace("Z", "");
  };
  database.exec("BEGIN");
  for (const saved of sessions) {
    const { id, createdAt, visitedAt, expiresAt } = saved;
    const data = new TextEncoder().encode(payloadOf(saved));
    insert.run(id, data, time(createdAt), time(visitedAt), time(expiresAt));
  }
  database.exec("COMMIT");
}
