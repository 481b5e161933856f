/** What SQLite tells of a table: how its rows can be found. */
import { OperationError } from "../../core/errors.ts";
import { missingTable } from "../sql/errors.ts";
import { quoteIdentifier } from "../sql/schema.ts";
import type { SqliteSession, Value } from "./session.ts";

export interface SqliteTable {
  /** The columns by which rows are found one after the other, quoted; none where there are none. */
  readonly key: readonly string[];
  /** A column, quoted, whose values grow with each new row: what is beyond is new. */
  readonly mark: string | undefined;
  /** Whether that column may be empty. */
  readonly sparse: boolean;
}

/** @throws {AzuError} where there is no such table, or it is a view. */
export function inspectTable(session: SqliteSession): SqliteTable {
  const { name, schema = "main" } = session.target.table;
  const kind = kindOf(session);
  if (kind === undefined) throw missingTable(session.target, undefined);
  const columns = session.all("SELECT * FROM pragma_table_info(?, ?)", name, schema);
  const names = columns.map((column) => String(column["name"]));
  const primary = columns.filter(({ pk }) => Number(pk) > 0)
    .sort((a, b) => Number(a["pk"]) - Number(b["pk"]));
  const [only] = primary.length === 1 ? primary : [];
  const isWhole = /^integer$/i.test(String(only?.["type"]));
  const dated = names.find((column) => column.toLowerCase() === "created_at");
  const rowid = hiddenKey(names) ?? (isWhole ? quoted(String(only?.["name"])) : undefined);
  if (!kind.withoutRowid && rowid !== undefined) {
    return { key: [rowid], mark: rowid, sparse: false };
  }
  const key = kind.withoutRowid ? primary.map((column) => quoted(String(column["name"]))) : [];
  if (key.length === 1 && isWhole) return { key, mark: key[0], sparse: false };
  return { key, mark: dated === undefined ? undefined : quoted(dated), sparse: true };
}

/** Undefined where nothing has the name. */
export function kindOf(session: SqliteSession): { withoutRowid: boolean } | undefined {
  const { table: { name, schema = "main" }, tableText, address } = session.target;
  const sql = "SELECT type, wr FROM pragma_table_list WHERE lower(name) = lower(?) " +
    "AND lower(schema) = lower(?)";
  const found = session.get(sql, name, schema);
  if (found === undefined) return undefined;
  if (found["type"] !== "view") return { withoutRowid: Number(found["wr"]) === 1 };
  throw new OperationError(`${tableText} is no table (${address})`, {
    hint: "Name the table itself in session.backends.database.table, not a view of it",
  });
}

/** The row id has three names, and columns may bear them. */
function hiddenKey(columns: readonly string[]): string | undefined {
  const taken = columns.map((name) => name.toLowerCase());
  return ["rowid", "_rowid_", "oid"].find((name) => !taken.includes(name));
}

function quoted(name: string): string {
  return quoteIdentifier("sqlite", name);
}

/** One column stands for itself: SQLite finds rows by its index then. */
export function tuple(columns: readonly string[]): string {
  return columns.length === 1 ? columns.join() : `(${columns.join(", ")})`;
}

/** What a row has in a column of its key, to be given back. */
export function asValue(value: unknown): Value {
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") {
    return value;
  }
  return value instanceof Uint8Array ? value : null;
}
