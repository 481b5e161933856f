/** Reads the rows of a table in batches, in the order of a key. */
import { countIn, type Row } from "./errors.ts";
import type { StoredSession } from "../stored.ts";
import type { Column, Dialect, TimeColumn } from "./layout.ts";
import { tuple } from "./clear.ts";

/** A table whose rows can be read, and removed one by one. */
export interface RowTable {
  /** The table in SQL. */
  readonly from: string;
  readonly columns: readonly Column[];
  readonly dialect: Dialect;
  /** How rows are found again. */
  readonly key: RowKey;
  /** The order of a walk, if it is not that of the key. It contains the key. */
  readonly order?: RowKey;
  /** Runs a SELECT that ends soon, or reads the whole table. */
  read(sql: string): Promise<readonly Row[]>;
  /** The condition that the rows of this moment meet, and later ones do not. */
  within(): Promise<string>;
}

/** A table from which rows can be removed. */
export interface RemovableRows extends RowTable {
  /**
   * Removes rows that were read, in a transaction, if they meet a condition.
   * @param rows Rows with the columns of {@linkcode RowKey.selected}.
   * @returns how many were removed, and those of a batch before it whose answer was lost.
   */
  remove(rows: readonly Row[], where: string): Promise<number>;
  /** After a failed {@linkcode remove}: how many more rows may be gone than were returned. */
  inDoubt(): number;
  /** Whether another client waited for rows of the last batch. */
  isAwaited?(): boolean;
  /** Allows a batch more time. */
  relax?(): void;
}

/** A table into which rows can be written. */
export interface WritableRows extends RowTable {
  /** The columns of which each has a unique index of its own. */
  readonly unique: readonly string[];
  /** The most bytes of a statement; undefined if there is no limit that matters. */
  readonly largest?: number;
  /**
   * Writes rows in one transaction. If an update changes another number of rows than it says,
   * everything is undone.
   * @returns whether it is done.
   */
  write(inserted: Inserted | undefined, updates: readonly Update[]): Promise<boolean>;
  /** Whether an error is about a row that was written, and not about the table or the server. */
  isAboutRow(error: unknown): boolean;
  literal(cell: Cell, column: CellColumn): string;
  /** The condition that a column has one of these values, if there is a faster one than `IN`. */
  isOneOf?(column: Column, values: readonly string[]): string;
  /**
   * The indexes of sessions of which no row has the same payload, and an expiry that is not earlier.
   * @returns undefined if the server cannot compare these columns.
   */
  differing?(
    columns: ComparedColumns,
    sessions: readonly StoredSession[],
  ): Promise<ReadonlySet<number> | undefined>;
}

/** What is compared of a session. */
export interface ComparedColumns {
  readonly id: Column;
  readonly data: Column;
  readonly expiresAt: TimeColumn;
}

/** New rows. */
export interface Inserted {
  readonly columns: readonly CellColumn[];
  /** How many. */
  readonly length: number;
  /** Makes each row when it is asked for. */
  rows(): Iterable<readonly Cell[]>;
}

/** `INSERT INTO … VALUES …` */
export function insertSql(
  { from, dialect, literal }: Pick<WritableRows, "from" | "dialect" | "literal">,
  { columns, rows }: Inserted,
): string {
  const names = columns.map(({ name }) => dialect.quote(name)).join(", ");
  const values = Array.from(rows(), (row) => {
    const cells = columns.map((column, index) => literal(row[index] ?? null, column));
    return `(${cells.join(", ")})`;
  });
  return `INSERT INTO ${from} (${names}) VALUES ${values.join(", ")}`;
}

/** A value to write. A time is a text of ISO 8601 in UTC. */
export type Cell = string | Uint8Array | null;

/** A column to write. */
export interface CellColumn extends Column {
  readonly isTime: boolean;
}

/** A statement that changes or removes rows. */
export interface Update {
  readonly sql: string;
  /** How many. */
  readonly rows: number;
}

export interface RowKey {
  /** The quoted columns that order the rows; empty if the table has no key. */
  readonly columns: readonly string[];
  /** What a SELECT must contain so that a row can be found again. */
  readonly selected: readonly string[];
  /** The values of the columns in a row, as SQL. */
  written(row: Row): readonly string[];
}

/** The most rows that are worth to be found by an index, and not by reading the whole table. */
const FEW = 50_000;

/** Whether only a few rows meet a condition. */
export async function areFew({ from, read }: RowTable, where: string): Promise<boolean> {
  const some = `SELECT 1 FROM ${from} WHERE ${where} LIMIT ${FEW + 1}`;
  const [row] = await read(`SELECT count(*) AS found FROM (${some}) AS found_rows`);
  return countIn(row, "found") <= FEW;
}

/**
 * The same table, its rows in the order of another column, so that an index on it is used.
 * @param column Its values are not NULL in the rows that are read.
 */
export function orderedBy<Table extends RowTable>(table: Table, column: string): Table {
  const { key, dialect } = table;
  const quoted = dialect.quote(column);
  if (key.columns.length === 0) return table;
  return {
    ...table,
    order: {
      columns: [quoted, ...key.columns],
      selected: [`${dialect.selectExact(quoted)} AS ordered`, ...key.selected],
      written: (row) => [dialect.written(row["ordered"]), ...key.written(row)],
    } satisfies RowKey,
  };
}

/** A walk through rows, a batch at a time. After a failure, it begins again behind the last batch. */
export type RowWalk = (rows: number) => Promise<{
  readonly rows: readonly Row[];
  readonly isLast: boolean;
}>;

/**
 * Reads the rows that meet a condition. Without a key, rows that others write meanwhile can be read
 * twice, or not at all.
 * @param selected SQL expressions with their names.
 */
export function rowWalk(table: RowTable, selected: readonly string[], where: string): RowWalk {
  const { from, order: key = table.key } = table;
  const select = `SELECT ${[...key.selected, ...selected].join(", ")} FROM ${from}`;
  let last: Row | undefined;
  let passed = 0;
  return async (count) => {
    const behind = last === undefined || key.columns.length === 0
      ? ""
      : ` AND ${tuple(key.columns)} > ${tuple(key.written(last))}`;
    const order = key.columns.length === 0
      ? `LIMIT ${count} OFFSET ${passed}`
      : `ORDER BY ${key.columns.join(", ")} LIMIT ${count}`;
    const rows = await table.read(`${select} WHERE ${where}${behind} ${order}`);
    passed += rows.length;
    last = rows.at(-1) ?? last;
    return { rows, isLast: rows.length < count };
  };
}
