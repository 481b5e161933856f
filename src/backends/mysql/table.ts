/** What MySQL tells of a table: how its rows can be found, and what stands in the way. */
import { OperationError } from "../../core/errors.ts";
import { missingTable } from "../sql/errors.ts";
import { literal } from "./connection.ts";
import type { MysqlSession } from "./session.ts";
import type { Row } from "../sql/answers.ts";
import { quoteIdentifier, quoteTable } from "../sql/schema.ts";

export interface MysqlTable {
  /** The column of its primary key, quoted, where that is one column. */
  readonly key: string | undefined;
  /** Whether that column holds whole numbers. */
  readonly isWhole: boolean;
  /** What grows with each new row: what is beyond is new. */
  readonly mark: Mark | undefined;
  /** Whether what a statement has done is undone where it is cut off. */
  readonly undoes: boolean;
}

export interface Mark {
  /** A column, quoted, or what is made of one. */
  readonly sql: string;
  readonly isNumber: boolean;
}

/** Engines without transactions: rows that a statement has removed stay so. */
const LASTING = /^(?:MyISAM|Aria|MEMORY|MRG_MyISAM|CSV|ARCHIVE)$/i;

/**
 * Of others, what is read is not what is compared, and a walk would not get further: so with floats,
 * and with a timestamp, which is read as local time, and the hour when summer ends comes twice.
 */
const COMPARABLE =
  /^(?:(?:(?:tiny|small|medium|big)?int|decimal|(?:var)?(?:char|binary)|uuid|date|datetime)\b)/i;

/** @throws {AzuError} where there is no such table, or it is a view. */
export async function inspectTable(session: MysqlSession): Promise<MysqlTable> {
  const engine = await engineOf(session);
  if (engine === undefined) throw missingTable(session.target, undefined);
  const from = quoteTable("mysql", session.target.table);
  const columns = await session.read(`SHOW COLUMNS FROM ${from}`);
  const keys = columns.filter((column) => column["Key"] === "PRI");
  const [only] = keys.length === 1 && COMPARABLE.test(String(keys[0]?.["Type"])) ? keys : [];
  const key = only === undefined ? undefined : quoteIdentifier("mysql", String(only["Field"]));
  const isWhole = /^(?:tiny|small|medium|big)?int\b/i.test(String(only?.["Type"]));
  const mark = isWhole && key !== undefined ? { sql: key, isNumber: true } : created(columns);
  return { key, isWhole, mark, undoes: !LASTING.test(engine) };
}

function created(columns: readonly Row[]): Mark | undefined {
  const named = columns.find(({ Field }) => String(Field).toLowerCase() === "created_at");
  const [type] = /^(?:datetime|timestamp)\b/i.exec(String(named?.["Type"])) ?? [];
  if (type === undefined) return undefined;
  const column = quoteIdentifier("mysql", "created_at");
  return type.toLowerCase() === "timestamp"
    ? { sql: `UNIX_TIMESTAMP(${column})`, isNumber: true }
    : { sql: column, isNumber: false };
}

/** @throws {AzuError} where there is no such table, or it is a view. */
export async function checkKind(session: MysqlSession): Promise<void> {
  if (await engineOf(session) === undefined) throw missingTable(session.target, undefined);
}

/**
 * @returns undefined where there is no such table.
 * @throws {AzuError} where it is a view.
 */
export async function engineOf(session: MysqlSession): Promise<string | undefined> {
  const { target } = session;
  const { schema, name } = target.table;
  const found = await session.read(
    "SELECT TABLE_NAME AS name, TABLE_TYPE AS type, ENGINE AS engine FROM information_schema.TABLES " +
      `WHERE TABLE_SCHEMA = ${schemaOf(schema)} AND TABLE_NAME = ${literal(name)}`,
  );
  // The server compares with less regard to case and accents than it may name tables with.
  const own = found.find((row) => row["name"] === name) ??
    found.find((row) => String(row["name"]).toLowerCase() === name.toLowerCase());
  if (own === undefined) return undefined;
  if (!/VIEW/.test(String(own["type"]))) return String(own["engine"]);
  throw new OperationError(`${target.tableText} is no table (${target.address})`, {
    hint: "Name the table itself in session.backends.database.table, not a view of it",
  });
}

export function schemaOf(schema: string | undefined): string {
  return schema === undefined ? "DATABASE()" : literal(schema);
}

/** A key as the driver reads it: a text, or bytes. */
export type Key = string | Uint8Array;

/**
 * The condition of the rows of the start.
 * @param highest Of the mark; null where none has one.
 */
export function withinOf(
  { sql, isNumber }: Mark,
  key: string | undefined,
  highest: string | null,
): string {
  if (highest === null) return `${sql} IS NULL`;
  const upTo = `${sql} <= ${written(highest, isNumber)}`;
  return sql === key ? upTo : `(${upTo} OR ${sql} IS NULL)`;
}

export function keyOf(value: unknown): Key | undefined {
  if (value === undefined || value === null) return undefined;
  return value instanceof Uint8Array ? value : String(value);
}

/** Numbers as such: compared with texts, large ones would lose their last digits. */
export function written(value: Key, isNumber: boolean): string {
  const isPlain = isNumber && typeof value === "string" && /^-?\d+(?:\.\d+)?$/.test(value);
  return isPlain ? value : literal(value);
}
