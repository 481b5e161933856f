/** What the catalog tells of a table: how its rows can be found, and what stands in the way. */
import { OperationError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import { missingTable } from "../sql/errors.ts";
import { codeOf, faultOf } from "./errors.ts";
import type { PostgresSession, Read } from "./session.ts";
import { quoteIdentifier, quoteTable, quoteText } from "../sql/schema.ts";
import { textIn } from "../sql/answers.ts";

export interface PostgresTable {
  /** As statements name it: rows of tables that inherit from it are not its own; partitions' are. */
  readonly from: string;
  readonly oid: string;
  /** The columns of its primary key, quoted, in its order. */
  readonly keys: readonly string[];
  /** A column, quoted, whose values grow with each new row: what is beyond is new. */
  readonly mark: string | undefined;
  /** Whether rows can be had by the pages that they lie in. */
  readonly paged: boolean;
}

export async function inspectTable(session: PostgresSession): Promise<PostgresTable> {
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
  const [only] = found.length === 1 ? found : [];
  const grows = /^int[248]$/.test(String(only?.["type"]));
  const dated = columns.rows.some(({ name, type }) =>
    name === "created_at" && /^timestamp(tz)?$/.test(String(type))
  );
  const mark = grows ? keys[0] : dated ? quoted("created_at") : undefined;
  return { from, oid, keys, mark, paged: await isPaged(session, oid, from) };
}

/** The condition that rows of the start meet, where `highest` was the highest mark then. */
export function withinOf({ mark, keys }: PostgresTable, highest: string | undefined): string {
  if (mark === undefined) return "true";
  if (highest === undefined) return `${mark} IS NULL`; // none has one, or there are none
  const upTo = `${mark} <= ${quoteText(highest)}`;
  return mark === keys[0] ? upTo : `(${upTo} OR ${mark} IS NULL)`;
}

/**
 * Another table of that name, which has taken its place meanwhile, says nothing of this one's rows.
 * @throws {AzuError} where it is not the one that was inspected.
 */
export async function checkIdentity(
  read: Read,
  { target }: PostgresSession,
  { oid }: PostgresTable,
): Promise<void> {
  const table = quoteText(quoteTable("postgres", target.table));
  const [found] = await read(`SELECT to_regclass(${table})::oid AS oid`);
  const now = textIn(found, "oid");
  if (now === oid) return;
  if (now === null) throw missingTable(target, undefined);
  throw new OperationError(
    `Another table has taken the place of ${printable(target.tableText)} (${target.address})`,
    {
      hint: "Look where the former one is now, for its sessions are still in it; running the " +
        "command again clears the new one, and is safe to repeat",
    },
  );
}

/** @throws {AzuError} where there is no such table, or it is a view. */
export async function nameTable(session: PostgresSession): Promise<{ oid: string; from: string }> {
  const { target } = session;
  const table = quoteTable("postgres", target.table);
  const sql = `SELECT oid::text AS oid, relkind::text AS kind FROM pg_class ` +
    `WHERE oid = to_regclass(${quoteText(table)})`;
  const [found] = (await session.run(sql)).rows;
  if (found === undefined) throw missingTable(target, undefined);
  const oid = String(found["oid"]);
  if (found["kind"] === "r") return { oid, from: `ONLY ${table}` };
  if (found["kind"] === "p") return { oid, from: table };
  throw new OperationError(`${target.tableText} is no table (${target.address})`, {
    hint: "Name the table itself in session.backends.database.table, not a view of it",
  });
}

/**
 * Servers since version 14 find the rows of a range of pages without reading the others; those
 * that only speak like PostgreSQL keep rows otherwise, and partitions have pages of their own.
 */
async function isPaged(
  session: PostgresSession,
  oid: string,
  from: string,
): Promise<boolean> {
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
    // Feature not supported, no such column or operator: what the message is about is told later.
    if (faultOf(error) === "final" && /0A000|42703|42883/.test(codeOf(error))) return false;
    throw error;
  }
}

function quoted(name: unknown): string {
  return quoteIdentifier("postgres", String(name));
}
