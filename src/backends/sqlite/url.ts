import { resolve } from "node:path";
import { beginningOf, expecting, parametersOf, type Wrong } from "../../core/connection_url.ts";
import { APP_PARAMETERS } from "../sql/app_parameters.ts";

export const SQLITE_SHAPE = "sqlite3://./<file> or sqlite3:///<absolute file>";

/** What crystal-sqlite3 reads (`connection.cr`). It ignores all other parameters in silence. */
const PARAMETERS = [
  ...["busy_timeout", "cache_size", "foreign_keys", "journal_mode", "synchronous"],
  ...["wal_autocheckpoint", ...APP_PARAMETERS],
];

/**
 * The path that a URL names, as crystal-sqlite3 reads it: a `+` is a blank, and `%` encodes.
 * @throws {UrlProblem} if the text is not a usable URL.
 */
export function parseSqliteUrl(text: string): string {
  const wrong = expecting(SQLITE_SHAPE);
  const [, rest] = /^sqlite3?:(.*)$/is.exec(text) ?? [];
  if (rest === undefined) throw wrong(beginningOf(text));
  if (rest.includes("#")) throw wrong('a "#", at which a URL ends; write it as %23');
  const [, host = "", path = "", query = ""] = /^(?:\/\/([^/?]*))?([^?]*)\??(.*)$/s.exec(rest) ??
    [];
  if (/[@:]/.test(host)) throw wrong("a user, password or port, which a file does not have");
  parametersOf(query, { parameters: PARAMETERS }, wrong);
  // Crystal decodes the host when it parses the URL; the driver decodes host and path as a form.
  const file = decodedForm(decodedForm(host.replaceAll("+", "%2B"), wrong) + path, wrong);
  if (file === "" || file.includes("\0")) throw wrong("no file");
  if (file === ":memory:") {
    throw wrong("a database in memory, which belongs to one process and cannot be shared");
  }
  return file;
}

function decodedForm(text: string, wrong: Wrong): string {
  try {
    return decodeURIComponent(text.replaceAll("+", "%20"));
  } catch {
    throw wrong('a "%" that encodes nothing; write it as %25');
  }
}

/** The absolute path of the file that a valid URL names. */
export function sqlitePath(valid: string, root: string): string {
  return resolve(root, parseSqliteUrl(valid));
}
