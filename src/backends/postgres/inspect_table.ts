/** What the catalog of PostgreSQL says about a table. */
import { OperationError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import { errorCode, missingTable, notATable, valueIn } from "../sql/errors.ts";
import { quoteIdentifier, quoteTable, quoteText } from "../sql/ddl.ts";
import type { Column } from "../sql/layout.ts";
import { postgresFault } from "./errors.ts";
import type { PostgresSession, Read } from "./session.ts";

export interface PostgresTable {
  /**
   * For statements: its full name, with the rows of its partitions, but not of tables that inherit
   * from it.
   */
  readonly from: string;
  readonly oid: string;
  /** The condition that the full name still stands for this table. It is evaluated once. */
  readonly isSame: string;
  /** The columns of its primary key, quoted, in its order. */
  readonly keys: readonly string[];
  /** A quoted column whose values grow with each new row: rows beyond a value are new. */
  readonly mark: string | undefined;
  readonly columns: readonly Column[];
  /** Whether rows can be found by the pages that they are stored in. */
  readonly paged: boolean;
}

/** What a name can stand for besides a table, by its letter in pg_class. */
const KINDS = new Map([["v", "a view"], ["m", "a materialized view"], ["f", "a foreign table"]]);

/** @throws {AzuError} if there is no such table, or it is a view. */
export async function inspectPostgresTable(session: PostgresSession): Promise<PostgresTable> {
  const { target } = session;
  const configured = quoteText(quoteTable("postgres", target.table));
  // Servers since version 14 find the rows in a range of pages without reading the others.
  const { rows: [found] } = await session.run(
    "SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, " +
      "m.amname = 'heap' AND current_setting('server_version_num')::int >= 140000 AS heap " +
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace " +
      `LEFT JOIN pg_am m ON m.oid = c.relam WHERE c.oid = to_regclass(${configured})`,
  );
  if (found === undefined) throw missingTable(target);
  const kind = String(found["kind"]);
  if (kind !== "r" && kind !== "p") throw notATable(target, KINDS.get(kind) ?? "something else");
  const oid = String(found["oid"]);
  const schema = String(valueIn(found, "schema"));
  const table = quoteTable("postgres", { schema, name: String(valueIn(found, "name")) });
  const from = kind === "p" ? table : `ONLY ${table}`;
  const isSame = `to_regclass(${quoteText(table)}) = ${oid}::regclass`;
  // Partitions have pages of their own.
  const paged = kind === "r" && found["heap"] === true && await hasPages(session, from);
  return { oid, from, isSame, paged, ...await columnsOf(session, oid) };
}

async function columnsOf(
  session: PostgresSession,
  oid: string,
): Promise<Pick<PostgresTable, "keys" | "mark" | "columns">> {
  const columns = await session.run(
    "SELECT a.attname AS name, t.typname AS type, a.attnum::text AS number, " +
      "CASE WHEN t.typname LIKE 'timestamp%' AND a.atttypmod >= 0 THEN a.atttypmod END AS digits, " +
      "(SELECT i.indkey::text FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary) " +
      "AS primary_key FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid " +
      `WHERE a.attrelid = ${oid} AND a.attnum > 0 AND NOT a.attisdropped`,
  );
  const numbers = String(columns.rows[0]?.["primary_key"] ?? "").split(" ");
  const found = numbers.flatMap((number) => columns.rows.filter((row) => row["number"] === number));
  const keys = found.map(({ name }) => quoted(name));
  const isInteger = found.length === 1 && /^int[248]$/.test(String(found[0]?.["type"]));
  const dated = columns.rows.some(({ name, type }) =>
    name === "created_at" && /^timestamp(tz)?$/.test(String(type))
  );
  return {
    keys,
    mark: isInteger ? keys[0] : dated ? quoted("created_at") : undefined,
    columns: columns.rows.map(({ name, type, digits }) => ({
      name: String(name),
      type: String(type),
      ...(digits === null ? {} : { digits: Number(digits) }),
    })),
  };
}

/** The condition that rows of the start meet, if `highest` was the highest mark then. */
export function withinOf({ mark, keys }: PostgresTable, highest: string | undefined): string {
  if (mark === undefined) return "true";
  if (highest === undefined) return `${mark} IS NULL`; // no row has a mark, or there are none
  const upTo = `${mark} <= ${quoteText(highest)}`;
  return mark === keys[0] ? upTo : `(${upTo} OR ${mark} IS NULL)`;
}

/**
 * If another table has got the name meanwhile, its rows say nothing about those of the first one.
 * @throws {AzuError} if the name no longer stands for the table that was inspected.
 */
export async function checkIdentity(
  read: Read,
  { target }: PostgresSession,
  { isSame }: PostgresTable,
): Promise<void> {
  const [found] = await read(`SELECT ${isSame} AS same`);
  const same = valueIn(found, "same");
  if (same === true) return;
  if (same === null) throw missingTable(target);
  throw new OperationError(
    `Another table has replaced ${printable(target.tableText)} meanwhile (${target.address})`,
    {
      hint: "Find the former table, which still contains its sessions; running the command again " +
        "clears the new one, and is safe to repeat",
    },
  );
}

/** Databases that only speak PostgreSQL's protocol store rows differently. */
async function hasPages(session: PostgresSession, from: string): Promise<boolean> {
  try {
    await session.run(`SELECT 1 FROM ${from} WHERE ctid >= '(0,0)' AND ctid < '(0,1)' LIMIT 1`);
    return true;
  } catch (error) {
    // Feature not supported, no such column, no such operator.
    const cannot = /^(?:0A000|42703|42883)$/.test(errorCode(error));
    if (cannot && postgresFault(error) === "final") return false;
    throw error;
  }
}

function quoted(name: unknown): string {
  return quoteIdentifier("postgres", String(name));
}
