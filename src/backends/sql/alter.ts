/** What a table that an earlier version created lacks, and the statements that add it. */
import { OperationError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import type { MissingOptions, TableChanges } from "../contract.ts";
import type { DatabaseTarget } from "./backend.ts";
import {
  columnDefinition,
  type Engine,
  indexName,
  indexOn,
  mysqlKey,
  NEEDED_COLUMNS,
  quotedIndex,
  quoteIdentifier,
  quoteTable,
  type RecordedColumn,
  type TableName,
} from "./ddl.ts";
import type { Column } from "./layout.ts";

/**
 * The statements that add a column to a table that lacks it. The first one fails if the table has
 * it, except in PostgreSQL: the others have no ADD COLUMN IF NOT EXISTS.
 */
export function addColumnStatements(
  engine: Engine,
  table: TableName,
  column: RecordedColumn,
): string[] {
  const alter = `ALTER TABLE ${quoteTable(engine, table)}`;
  const add = columnDefinition(engine, column);
  if (engine === "mysql") {
    const key = column.isIndexed ? `, ADD ${mysqlKey(table, column.name)}` : "";
    return [`${alter} ADD COLUMN ${add}${key}`];
  }
  const ifMissing = engine === "postgres" ? "IF NOT EXISTS " : "";
  return [
    `${alter} ADD COLUMN ${ifMissing}${add}`,
    ...column.isIndexed ? [`CREATE INDEX ${indexOn(engine, table, column.name)}`] : [],
  ];
}

/** The statement that adds an index on a column. */
export function addIndexStatement(engine: Engine, table: TableName, column: string): string {
  return engine === "mysql"
    ? `ALTER TABLE ${quoteTable(engine, table)} ADD ${mysqlKey(table, column)}`
    : `CREATE INDEX ${indexOn(engine, table, column)}`;
}

/** The statements that undo {@linkcode addColumnStatements}. */
export function dropColumnStatements(
  engine: Engine,
  table: TableName,
  { name, isIndexed }: RecordedColumn,
): string[] {
  const ifPresent = engine === "postgres" ? "IF EXISTS " : "";
  const drop = `ALTER TABLE ${quoteTable(engine, table)} ` +
    `DROP COLUMN ${ifPresent}${quoteIdentifier(engine, name)}`;
  // The other engines drop the index with its column.
  return engine === "sqlite" && isIndexed
    ? [`DROP INDEX IF EXISTS ${quotedIndex(engine, table, name)}`, drop]
    : [drop];
}

/** What the catalog says about a table. */
export interface TableShape {
  /** With its schema. */
  readonly table: TableName;
  readonly columns: readonly Column[];
  /** The columns with which its usable indexes begin. */
  readonly indexed: readonly string[];
  /** Its indexes that are not usable: PostgreSQL leaves one if CREATE INDEX CONCURRENTLY fails. */
  readonly unusable: readonly string[];
}

/** What other clients notice while the statements run. */
const EFFECTS = {
  postgres: "The app can go on meanwhile: indexes are built CONCURRENTLY. A new column locks the " +
    "table, but only for a moment, for which azu waits 2 s at most",
  mysql: "With InnoDB, the app can go on meanwhile. The change locks the table, but only for a " +
    "moment, for which azu waits 2 s at most",
  sqlite: "Nobody else can write to the database meanwhile: seconds, for millions of sessions",
} as const satisfies Record<Engine, string>;

/**
 * What a table lacks of what the app writes.
 * @returns undefined if nothing is missing, or if setup has not created the table.
 * @throws {OperationError} if a column cannot hold what the app writes.
 */
export function tableChanges(
  target: Pick<DatabaseTarget, "engine" | "recorded" | "address" | "tableText">,
  { table, columns, indexed, unusable }: TableShape,
  { expiryIndex = false }: MissingOptions = {},
): TableChanges | undefined {
  const { engine, recorded } = target;
  const names = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  if (NEEDED_COLUMNS.some((name) => !names.has(name))) return undefined;
  const missing: string[] = [];
  const statements: string[] = [];
  const addIndex = (column: string) => {
    missing.push(`an index on ${column}`);
    if (unusable.includes(indexName(table.name, column))) {
      statements.push(`DROP INDEX CONCURRENTLY ${quotedIndex(engine, table, column)}`);
    }
    statements.push(addIndexStatement(engine, table, column));
  };
  const isByExpiry = indexed.some((name) => name.toLowerCase() === "expires_at");
  if (expiryIndex && !isByExpiry) addIndex("expires_at");
  for (const column of recorded) {
    const found = names.get(column.name);
    if (found === undefined) {
      missing.push(`the column ${column.name}`);
      statements.push(...addColumnStatements(engine, table, column));
      continue;
    }
    if (!canHold(found.type, column.type)) throw otherType(target, found, column);
    if (column.isIndexed && !indexed.includes(found.name)) addIndex(column.name);
  }
  if (missing.length === 0) return undefined;
  return {
    missing,
    statements: engine === "postgres" ? statements.map(concurrently) : statements,
    effect: EFFECTS[engine],
  };
}

/** Without keeping the writers of the table waiting. */
export function concurrently(statement: string): string {
  return statement.replace(/^CREATE INDEX /, "CREATE INDEX CONCURRENTLY ");
}

/** A column of texts holds everything; one of numbers or UUIDs, only these. */
function canHold(type: string, wanted: string): boolean {
  const kind = (name: string) => /int/i.test(name) ? "int" : /^uuid$/i.test(name) ? "uuid" : "text";
  return kind(type) === "text" || kind(type) === kind(wanted);
}

function otherType(
  { tableText, address }: Pick<DatabaseTarget, "tableText" | "address">,
  { name, type }: Column,
  { type: wanted }: RecordedColumn,
): OperationError {
  return new OperationError(
    `The column ${name} of the table ${printable(tableText)} has the type ${printable(type)}, ` +
      `but the app writes ${wanted} (${address})`,
    { hint: "Change the column's type, or session.user.type in the config" },
  );
}
