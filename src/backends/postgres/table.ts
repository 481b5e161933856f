/** What the catalog of PostgreSQL says about a table. */
import { OperationError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import { errorCode, missingTable, notATable, valueIn } from "../sql/errors.ts";
import { quoteIdentifier, quoteTable, quoteText } from "../sql/schema.ts";
import { postgresFault } from "./errors.ts";
import type { PostgresSession, Read } from "./session.ts";

export interface PostgresTable {
  /** For statements: with the rows of its partitions, but not of tables that inherit from it. */
  readonly from: string;
  readonly oid: string;
  /** The columns of its primary key, quoted, in its order. */
  readonly keys: readonly string[];
  /** A quoted column whose values grow with each new row: rows beyond a value are new. */
  readonly mark: string | undefined;
  /** Whether rows can be found by the pages that they are stored in. */
  readonly paged: boolean;
}

/** @throws {AzuError} if there is no such table, or it is a view. */
export async function inspectPostgresTable(session: PostgresSession): Promise<PostgresTable> {
  const { oid, from } = await nameTable(session);
  const columns = await session.run(
    "SELECT a.attname AS name, t.typname AS type, a.attnum::text AS number, " +
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
  const mark = isInteger ? keys[0] : dated ? quoted("created_at") : undefined;
  return { from, oid, keys, mark, paged: await isPaged(session, oid, from) };
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
  { oid }: PostgresTable,
): Promise<void> {
  const table = quoteText(quoteTable("postgres", target.table));
  const [found] = await read(`SELECT to_regclass(${table})::oid::text AS oid`);
  const now = valueIn(found, "oid");
  if (now === oid) return;
  if (now === null) throw missingTable(target);
  throw new OperationError(
    `Another table has replaced ${printable(target.tableText)} meanwhile (${target.address})`,
    {
      hint: "Find the former table, which still contains its sessions; running the command again " +
        "clears the new one, and is safe to repeat",
    },
  );
}

/** What a name can stand for besides a table, by its letter in pg_class. */
const KINDS = new Map([["v", "a view"], ["m", "a materialized view"], ["f", "a foreign table"]]);

async function nameTable(session: PostgresSession): Promise<{ oid: string; from: string }> {
  const { target } = session;
  const table = quoteTable("postgres", target.table);
  const sql = `SELECT oid::text AS oid, relkind::text AS kind FROM pg_class ` +
    `WHERE oid = to_regclass(${quoteText(table)})`;
  const [found] = (await session.run(sql)).rows;
  if (found === undefined) throw missingTable(target);
  const oid = String(found["oid"]);
  if (found["kind"] === "r") return { oid, from: `ONLY ${table}` };
  if (found["kind"] === "p") return { oid, from: table };
  throw notATable(target, KINDS.get(String(found["kind"])) ?? "something else");
}

/**
 * Servers since version 14 find the rows in a range of pages without reading the others. Databases
 * that only speak PostgreSQL's protocol store rows differently. Partitions have pages of their own.
 */
async function isPaged(session: PostgresSession, oid: string, from: string): Promise<boolean> {
  const [found] = (await session.run(
    "SELECT current_setting('server_version_num')::int >= 140000 AS recent, EXISTS " +
      `(SELECT 1 FROM pg_class c JOIN pg_am m ON m.oid = c.relam WHERE c.oid = ${oid} ` +
      "AND c.relkind = 'r' AND m.amname = 'heap') AS heap",
  )).rows;
  if (found?.["recent"] !== true || found["heap"] !== true) return false;
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
