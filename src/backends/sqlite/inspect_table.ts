/** What SQLite says about a table, and the keys of its rows. */
import { missingTable, notATable } from "../sql/errors.ts";
import { quoteIdentifier, quoteTable } from "../sql/ddl.ts";
import type { Column } from "../sql/layout.ts";
import type { Row, SqliteSession, Value } from "./session.ts";

export interface SqliteTable {
  /** The quoted columns that rows are found by, one after the other; empty if there are none. */
  readonly key: readonly string[];
  /** A quoted column whose values grow with each new row: rows beyond a value are new. */
  readonly mark: string | undefined;
  /** Whether that column may be NULL. */
  readonly sparse: boolean;
  readonly columns: readonly Column[];
}

/** The table as SQL. */
export function fullName({ target: { table } }: SqliteSession): string {
  return quoteTable("sqlite", { schema: "main", ...table });
}

/** @throws {AzuError} if there is no such table, or it is a view. */
export function inspectSqliteTable(session: SqliteSession): SqliteTable {
  const { name, schema = "main" } = session.target.table;
  const kind = kindOf(session);
  if (kind === undefined) throw missingTable(session.target);
  const found = session.all("SELECT * FROM pragma_table_info(?, ?)", name, schema);
  const columns = found.map((column) => ({
    name: String(column["name"]),
    type: String(column["type"]),
  }));
  const names = columns.map((column) => column.name);
  const primary = found.filter(({ pk }) => Number(pk) > 0)
    .sort((a, b) => Number(a["pk"]) - Number(b["pk"]));
  const [only] = primary.length === 1 ? primary : [];
  const isWhole = /^integer$/i.test(String(only?.["type"]));
  const dated = names.find((column) => column.toLowerCase() === "created_at");
  const rowid = hiddenKey(names) ?? (isWhole ? quoted(String(only?.["name"])) : undefined);
  if (!kind.withoutRowid && rowid !== undefined) {
    return { key: [rowid], mark: rowid, sparse: false, columns };
  }
  const key = kind.withoutRowid ? primary.map((column) => quoted(String(column["name"]))) : [];
  if (key.length === 1 && isWhole) return { key, mark: key[0], sparse: false, columns };
  return { key, mark: dated === undefined ? undefined : quoted(dated), sparse: true, columns };
}

/**
 * @returns undefined if there is no such table.
 * @throws {AzuError} if it is a view.
 */
export function kindOf(session: SqliteSession): { withoutRowid: boolean } | undefined {
  const { name, schema = "main" } = session.target.table;
  const sql = "SELECT type, wr FROM pragma_table_list WHERE lower(name) = lower(?) " +
    "AND lower(schema) = lower(?)";
  const found = session.get(sql, name, schema);
  if (found === undefined) return undefined;
  if (found["type"] === "view") throw notATable(session.target);
  return { withoutRowid: Number(found["wr"]) === 1 };
}

/** Whether the table has triggers, which may remove other rows of it. */
export function hasTriggers(session: SqliteSession): boolean {
  const { name, schema = "main" } = session.target.table;
  const catalogs = [`${quoted(schema)}.sqlite_master`, "temp.sqlite_master"];
  return catalogs.some((catalog) => {
    const sql = `SELECT 1 FROM ${catalog} WHERE type = 'trigger' AND lower(tbl_name) = lower(?)`;
    return session.get(sql, name) !== undefined;
  });
}

/** A name of the row id. It has three, and columns may have the same names. */
function hiddenKey(columns: readonly string[]): string | undefined {
  const taken = columns.map((name) => name.toLowerCase());
  return ["rowid", "_rowid_", "oid"].find((name) => !taken.includes(name));
}

function quoted(name: string): string {
  return quoteIdentifier("sqlite", name);
}

/** The key that a SELECT of its columns returned; undefined if it found no row. */
export function keyIn(row: Row | undefined): Value[] | undefined {
  return row && Object.values(row).map(asValue);
}

/** A value that was read, as a statement takes it. */
export function asValue(value: unknown): Value {
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") {
    return value;
  }
  return value instanceof Uint8Array ? value : null;
}
