/** What MySQL or MariaDB says about a table, and the keys of its rows as SQL. */
import { missingTable, notATable, type Row, valueIn } from "../sql/errors.ts";
import { quoteIdentifier, quoteTable } from "../sql/ddl.ts";
import type { Column } from "../sql/layout.ts";
import { literal } from "./connection.ts";
import type { MysqlSession } from "./session.ts";

export interface MysqlTable {
  /** For statements: its full name. */
  readonly from: string;
  /** The column of its primary key, quoted, if that is one column. */
  readonly key: string | undefined;
  /** Whether that column contains integers. */
  readonly isWhole: boolean;
  /** A value that grows with each new row: rows beyond a mark are new. */
  readonly mark: Mark | undefined;
  readonly columns: readonly Column[];
  /** Whether the server undoes a statement that is cut off. */
  readonly undoes: boolean;
}

export interface Mark {
  /** A quoted column, or an expression of one. */
  readonly sql: string;
  readonly isNumber: boolean;
}

/** A key as the driver reads it: a text, or bytes. */
export type Key = string | Uint8Array;

/** Storage engines without transactions: they do not undo a DELETE that is cut off. */
const LASTING = /^(?:MyISAM|Aria|MEMORY|MRG_MyISAM|CSV|ARCHIVE)$/i;

/**
 * Types whose values compare as they are read, so that a walk by key gets further. Floats do not.
 * Timestamps do not either: they are read in local time, which repeats an hour when summer ends.
 */
const COMPARABLE =
  /^(?:(?:(?:tiny|small|medium|big)?int|decimal|(?:var)?(?:char|binary)|uuid|date|datetime)\b)/i;

/** @throws {AzuError} if there is no such table, it is a view, or its rows are in other tables. */
export async function inspectMysqlTable(session: MysqlSession): Promise<MysqlTable> {
  const found = await findTable(session);
  if (found === undefined) throw missingTable(session.target);
  const { from, engine } = found;
  const columns = await session.read(`SHOW COLUMNS FROM ${from}`);
  const keys = columns.filter((column) => column["Key"] === "PRI");
  const [only] = keys.length === 1 && COMPARABLE.test(String(keys[0]?.["Type"])) ? keys : [];
  const key = only === undefined ? undefined : quoteIdentifier("mysql", String(only["Field"]));
  const isWhole = /^(?:tiny|small|medium|big)?int\b/i.test(String(only?.["Type"]));
  const mark = isWhole && key !== undefined ? { sql: key, isNumber: true } : created(columns);
  return {
    ...{ from, key, isWhole, mark, undoes: !LASTING.test(engine) },
    columns: columns.map(({ Field, Type }) => ({ name: String(Field), type: String(Type) })),
  };
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

/** A table that is there. */
export interface FoundTable {
  readonly schema: string;
  readonly name: string;
  /** Its full name in SQL. */
  readonly from: string;
  /** Its storage engine. */
  readonly engine: string;
}

/**
 * @returns undefined if there is no such table.
 * @throws {AzuError} if it is a view, or its rows are in other tables.
 */
export async function findTable(
  session: MysqlSession,
): Promise<FoundTable | undefined> {
  const { schema, name } = session.target.table;
  const found = await session.read(
    "SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS name, TABLE_TYPE AS type, ENGINE AS engine " +
      "FROM information_schema.TABLES " +
      `WHERE TABLE_SCHEMA = ${schemaOf(schema)} AND TABLE_NAME = ${literal(name)}`,
  );
  // Here the server ignores case and accents, even if tables can differ in them.
  const own = found.find((row) => row["name"] === name) ??
    found.find((row) => String(row["name"]).toLowerCase() === name.toLowerCase());
  if (own === undefined) return undefined;
  if (/VIEW/.test(String(own["type"]))) throw notATable(session.target);
  if (/^(?:MRG_MyISAM|MERGE|FEDERATED|CONNECT|SPIDER|SEQUENCE)$/i.test(String(own["engine"]))) {
    throw notATable(
      session.target,
      `a table of the engine ${String(own["engine"])}, whose rows are elsewhere`,
    );
  }
  const full = { schema: String(valueIn(own, "schema")), name: String(valueIn(own, "name")) };
  return { from: quoteTable("mysql", full), engine: String(own["engine"]), ...full };
}

export function schemaOf(schema: string | undefined): string {
  return schema === undefined ? "DATABASE()" : literal(schema);
}

/**
 * The condition that rows of the start meet.
 * @param highest The highest mark then; undefined if no row had one.
 */
export function withinOf(
  { sql, isNumber }: Mark,
  key: string | undefined,
  highest: Key | undefined,
): string {
  if (highest === undefined) return `${sql} IS NULL`;
  const upTo = `${sql} <= ${written(highest, isNumber)}`;
  return sql === key ? upTo : `(${upTo} OR ${sql} IS NULL)`;
}

export function keyOf(value: unknown): Key | undefined {
  if (value === undefined || value === null) return undefined;
  return value instanceof Uint8Array ? value : String(value);
}

/** A key as SQL. Integers are not quoted: compared with texts, large ones would lose digits. */
export function written(value: Key, isNumber: boolean): string {
  const isPlain = isNumber && typeof value === "string" && /^-?\d+(?:\.\d+)?$/.test(value);
  return isPlain ? value : literal(value);
}
