/** What only SQLite can tell for `session:doctor`. */
import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { listed, printable } from "../../core/text.ts";
import { type Check, failure, number, ok, once, type Outcome, warning } from "../checks.ts";
import { quoteIdentifier } from "../sql/ddl.ts";
import type { EngineDiagnosis } from "../sql/diagnosis.ts";
import type { TableState } from "../sql/store.ts";
import { inspectSqliteTable } from "./inspect_table.ts";
import type { SqliteSession } from "./session.ts";
import { sqlitePath } from "./url.ts";

export function sqliteDiagnosis(
  session: SqliteSession,
  state: () => Promise<TableState>,
): EngineDiagnosis {
  const { target } = session;
  const path = sqlitePath(target.url, target.root);
  const removing = once(async () => await removalCheck(session, path));
  const checks: Check[] = [
    ["reach.login", () => ok(`the file ${printable(path)} can be opened`)],
    ["rights.list", () => {
      inspectSqliteTable(session);
      return ok("the file can be read");
    }],
    ["rights.revoke", removing],
    ["rights.clear", removing],
    ["rights.sweep", removing],
    ["table.dead-rows", async () => freePagesCheck(await state(), path)],
    ["table.triggers", () => triggersCheck(session)],
    ["table.references", () => referencesCheck(session)],
  ];
  return { checks, typeProblem: () => Promise.resolve(undefined) };
}

/**
 * A removal writes a journal beside the file, so its folder must be writable, too. azu has opened
 * the file for writing already.
 */
async function removalCheck(session: SqliteSession, path: string): Promise<Outcome> {
  inspectSqliteTable(session);
  const folder = dirname(await Deno.realPath(path));
  try {
    await access(folder, constants.W_OK);
  } catch {
    return failure(
      `the folder ${printable(folder)} cannot be written, but a removal needs a journal there`,
      `Run azu as the user of the app, or chmod u+w ${printable(folder)}`,
    );
  }
  return ok("the file and its folder can be written");
}

/** The share of free pages from which most of the file is empty. */
const MOSTLY_FREE = 0.5;

/** Bytes that are not worth a VACUUM. */
const FEW_BYTES = 16 << 20;

function freePagesCheck({ figures }: TableState, path: string): Outcome {
  const free = figures.freeBytes?.value ?? 0;
  const bytes = figures.bytes?.value ?? 0;
  const mebibytes = (count: number) => number(Math.round(count / (1 << 20)));
  const evidence = `${mebibytes(free)} of the file's ${mebibytes(bytes)} MiB are free`;
  return free > FEW_BYTES && free > bytes * MOSTLY_FREE
    ? warning(evidence, `sqlite3 ${printable(path)} VACUUM`)
    : ok(evidence);
}

/** `CREATE TRIGGER name AFTER DELETE ON …`, as SQLite keeps it. */
const ON_DELETE = /^\s*CREATE\s+(?:TEMP\w*\s+)?TRIGGER\b[^;]*?\bDELETE\s+ON\b/is;

function triggersCheck(session: SqliteSession): Outcome {
  const { name, schema = "main" } = session.target.table;
  const found = session.all(
    `SELECT name, sql FROM ${quoteIdentifier("sqlite", schema)}.sqlite_master ` +
      "WHERE type = 'trigger' AND lower(tbl_name) = lower(?) ORDER BY name",
    name,
  ).filter(({ sql }) => ON_DELETE.test(String(sql)));
  const names = found.map((row) => printable(String(row["name"])));
  return names.length > 0
    ? warning(`the trigger ${listed(names, "and")} runs for each session that is removed`)
    : ok("no trigger runs on DELETE");
}

/** azu leaves foreign keys off, so what refers to a session stays when the session is removed. */
function referencesCheck(session: SqliteSession): Outcome {
  const { name, schema = "main" } = session.target.table;
  const found = session.all(
    `SELECT DISTINCT m.name AS "table" FROM ${
      quoteIdentifier("sqlite", schema)
    }.sqlite_master m, ` +
      "pragma_foreign_key_list(m.name, ?) f " +
      "WHERE m.type = 'table' AND lower(f.\"table\") = lower(?) AND lower(m.name) <> lower(?)",
    schema,
    name,
    name,
  );
  const names = found.map((row) => printable(String(row["table"])));
  return names.length > 0
    ? warning(`${listed(names, "and")} may refer to sessions: azu does not check foreign keys here`)
    : ok("no other table has a foreign key to it");
}
