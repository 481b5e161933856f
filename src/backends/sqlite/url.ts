import { resolve } from "node:path";

const SHAPE = "sqlite3://./<file> or sqlite3:///<absolute file>";

/** Why a text is not a usable SQLite URL; undefined if it is one. */
export function sqliteUrlProblem(candidate: string): string | undefined {
  const path = pathOf(candidate);
  if (path === undefined || path === "" || path.includes("\0")) {
    return `expected ${SHAPE}`;
  }
  if (path === ":memory:") {
    return `expected ${SHAPE}; a database in memory belongs to one process and cannot be shared`;
  }
  return undefined;
}

/** The absolute path of the file that a valid SQLite URL names. */
export function sqlitePath(valid: string, root: string): string {
  return resolve(root, pathOf(valid) ?? "");
}

/** As crystal-sqlite3 reads it: the text after the scheme, percent-decoded, without the query. */
function pathOf(url: string): string | undefined {
  const rest = url.replace(/^sqlite3?:(?:\/\/)?/i, "").replace(/\?.*$/s, "");
  try {
    return decodeURIComponent(rest);
  } catch {
    return undefined;
  }
}
