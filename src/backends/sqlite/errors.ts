/** What an error of SQLite means. */
import { type AzuError, messageOf } from "../../core/errors.ts";
import type { DatabaseTarget } from "../sql/backend.ts";
import { errorCode, explainDatabaseError, HIDDEN, missingTable, withCode } from "../sql/errors.ts";

/** SQLite's code for the error of a trigger's RAISE, whose message can be any. */
const RAISED = 1811;

function isRaised(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === RAISED;
}

/** Whether another process has locked the file. Then SQLite has done nothing. */
export function isLocked(error: unknown): boolean {
  return !isRaised(error) && /database is locked/.test(messageOf(error));
}

/** SQLite's primary codes of a constraint, a value that is too big, and one of another type. */
const ABOUT_ROW = [19, 18, 20];

/** Whether an error is about a row that was written. */
export function isRowError(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) : 0;
  return ABOUT_ROW.includes(code & 0xff);
}

export function explainSqliteError(error: unknown, target: DatabaseTarget): AzuError {
  // A table that a trigger needs may be missing, too.
  const { name, schema = "main" } = target.table;
  const missing = /no such table: (.*)/s.exec(messageOf(error))?.[1]?.toLowerCase();
  const ours = [name, `${schema}.${name}`].map((text) => text.toLowerCase());
  return ours.some((text) => missing === text || missing?.startsWith(`${text} in `))
    ? missingTable(target, error)
    : explainDatabaseError(error, target, { detailsOf });
}

/** Messages that quote no value: they are fixed, or contain names of the schema. */
const QUOTES_NOTHING = new RegExp(
  "^(?:" + [
    "no such (?:table|column|function|index|module|collation sequence)",
    "unknown database",
    "database is locked",
    "database schema has changed",
    "database disk image is malformed",
    "malformed database schema",
    "database or disk is full",
    "disk I/O error",
    "file is not a database",
    "unable to open database file",
    "attempt to write a readonly database",
    "(?:access permission denied|authorization denied|not authorized)",
    "(?:out of memory|interrupted|locking protocol)",
    "(?:UNIQUE|NOT NULL|FOREIGN KEY) constraint failed",
    "cannot (?:start a transaction|commit|rollback)",
    "failed to prepare statement",
  ].join("|") + ")",
);

function detailsOf(error: Error): string {
  const isFromSqlite = errorCode(error) === "ERR_SQLITE_ERROR";
  if (!isFromSqlite || QUOTES_NOTHING.test(error.message) && !isRaised(error)) {
    return withCode(error);
  }
  const number = "errcode" in error ? ` (${Number(error.errcode)})` : "";
  return `ERR_SQLITE_ERROR${number}; ${HIDDEN}`;
}
