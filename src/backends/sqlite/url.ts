import { resolve } from "node:path";

const SHAPE = "sqlite3://./<file> or sqlite3:///<absolute file>";

/** What keeps a text from being a usable SQLite URL. */
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

/** The file that a valid SQLite URL names, absolute. */
export function sqlitePath(valid: string, root: string): string {
  return resolve(root, pathOf(valid) ?? "");
}

/** As crystal-sqlite3 reads it: what follows the scheme, percent-decoded, without the query. */
function pathOf(url: string): string | undefined {
  const rest = url.replace(/^sqlite3?:(?:\/\/)?/i, "").replace(/\?.*$/s, "");
  try {
    return decodeURIComponent(rest);
  } catch {
    return undefined;
  }
}
