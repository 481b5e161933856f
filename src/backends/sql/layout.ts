/** Where a table keeps what is known about its sessions, and how a selection becomes SQL. */
import { ImpossibleError } from "../../core/errors.ts";
import {
  type Condition,
  type Fact,
  factNames,
  type Selection,
  type TimeFact,
} from "../../core/selection.ts";
import { printable } from "../../core/text.ts";
import { type PayloadLayout, SHARD_PAYLOAD } from "../payload.ts";
import type { DatabaseTarget } from "./backend.ts";

/** The names of columns, and what the payload says besides. */
export interface SqlLayout {
  readonly id: string;
  readonly data: string;
  readonly times: Readonly<Record<TimeFact, string>>;
  readonly texts: Readonly<Record<TextFact, string>>;
  readonly payload: PayloadLayout;
}

export type TextFact = "user" | "ip" | "userAgent";

/** The table that setup writes. */
export const SETUP_LAYOUT: SqlLayout = {
  id: "session_id",
  data: "data",
  times: { createdAt: "created_at", visitedAt: "updated_at", expiresAt: "expires_at" },
  texts: { user: "user_id", ip: "ip", userAgent: "user_agent" },
  payload: SHARD_PAYLOAD,
};

/**
 * Whether a value is what the app writes as the user if nobody is logged in. NULL means that only
 * the payload tells: the row was saved by code that does not know the column, or the column cannot
 * hold the value.
 */
function isNobody(value: string, type: string): boolean {
  return value === (isWhole(type) ? "0" : "") || value === "00000000-0000-0000-0000-000000000000";
}

const isWhole = (type: string) => /int/i.test(type);
const isUuid = (type: string) => /^uuid$/i.test(type);

/** A column of a table, and its type as the engine names it. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** How an engine writes and reads values of sessions in SQL. */
export interface Dialect {
  quote(name: string): string;
  /** A time as a literal to compare a column with; undefined if its type holds no time. */
  time(milliseconds: number, type: string): string | undefined;
  /** The condition that a time column holds none: the session never expires. */
  isNever(column: string, type: string): string;
  /** A time column as {@linkcode readTime} takes it. */
  selectTime(column: string, type: string): string;
  readTime(value: unknown): number | null;
  /** A column as {@linkcode written} takes it, so that it equals itself again. */
  selectExact(column: string): string;
  written(value: unknown): string;
  /** The id and the payload, as a text or bytes. */
  selectId(column: string, type: string): string;
  selectData(column: string, type: string): string;
}

/** A table's layout, as far as its columns allow. */
export interface BoundLayout {
  readonly id: Column;
  readonly data: Column | undefined;
  readonly times: Partial<Readonly<Record<TimeFact, Column>>>;
  readonly texts: Partial<Readonly<Record<TextFact, Column>>>;
  readonly payload: PayloadLayout;
}

/** @throws {ImpossibleError} if the table has no column for the id. */
export function bindLayout(
  layout: SqlLayout,
  columns: readonly Column[],
  dialect: Dialect,
  target: DatabaseTarget,
): BoundLayout {
  const find = (wanted: string) =>
    columns.find(({ name }) => name === wanted) ??
      columns.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  const id = find(layout.id);
  if (id === undefined) throw without(target, `no column ${layout.id} for the session id`);
  const times: Partial<Record<TimeFact, Column>> = {};
  for (const fact of ["createdAt", "visitedAt", "expiresAt"] as const) {
    const column = find(layout.times[fact]);
    const holdsTime = column !== undefined && dialect.time(0, column.type) !== undefined;
    if (holdsTime) times[fact] = column;
  }
  const texts: Partial<Record<TextFact, Column>> = {};
  for (const fact of ["user", "ip", "userAgent"] as const) {
    const column = find(layout.texts[fact]);
    if (column !== undefined) texts[fact] = column;
  }
  return { id, data: find(layout.data), times, texts, payload: layout.payload };
}

/** A selection for a table: what SQL can tell, and what is left to be asked of each row. */
export interface Plan {
  /** A condition in SQL. */
  readonly where: string;
  readonly rest: Selection;
  /** The facts of the rest that are in columns of texts. */
  readonly fromTexts: readonly TextFact[];
  /** The facts of the rest that are in the payload, for rows where no column tells them. */
  readonly fromPayload: readonly Fact[];
  /** A column, by name, whose index finds the rows if they are few. */
  readonly index: string | undefined;
}

/** @throws {ImpossibleError} if the table cannot tell a fact that the selection needs. */
export function planOf(
  selection: Selection,
  layout: BoundLayout,
  dialect: Dialect,
  target: DatabaseTarget,
): Plan {
  const inSql: string[] = [];
  const rest: Condition[] = [];
  const fromPayload = new Set<Fact>();
  const fromTexts = new Set<TextFact>();
  const untold = new Set<Fact>();
  for (const condition of selection) {
    const sql = conditionSql(condition, layout, dialect);
    if (sql !== undefined) {
      inSql.push(sql);
      continue;
    }
    rest.push(condition);
    if (condition.fact === "handle") continue;
    const column = isText(condition.fact) ? layout.texts[condition.fact] : undefined;
    const isInText = column !== undefined && isText(condition.fact);
    if (isInText) {
      fromTexts.add(condition.fact);
      if (condition.fact === "user") inSql.push(...userSql(condition, column, dialect));
    }
    const isInPayload = layout.data !== undefined && layout.payload[condition.fact] !== undefined;
    if (isInPayload) fromPayload.add(condition.fact);
    else if (!isInText) untold.add(condition.fact);
  }
  if (untold.size > 0) {
    throw without(target, `nothing that tells ${factNames([...untold], "or")}`);
  }
  const expired = selection.some((condition) =>
    condition.fact === "expiresAt" && "before" in condition
  );
  return {
    where: inSql.join(" AND ") || "1 = 1",
    rest,
    fromTexts: [...fromTexts],
    fromPayload: [...fromPayload],
    index: expired ? layout.times.expiresAt?.name : undefined,
  };
}

export function isText(fact: Fact): fact is TextFact {
  return fact === "user" || fact === "ip" || fact === "userAgent";
}

function conditionSql(
  condition: Condition,
  layout: BoundLayout,
  dialect: Dialect,
): string | undefined {
  const { fact } = condition;
  if (fact === "handle" || fact === "ip" || fact === "user") return undefined;
  const found = layout.times[fact];
  if (found === undefined) return undefined;
  const column = dialect.quote(found.name);
  const isNever = dialect.isNever(column, found.type);
  if ("isNull" in condition) return condition.isNull ? isNever : `NOT (${isNever})`;
  const compared = "before" in condition
    ? `${column} < ${dialect.time(condition.before, found.type)}`
    : `${column} >= ${dialect.time(condition.from, found.type)}`;
  if ("orNull" in condition && condition.orNull) return `(${compared} OR ${isNever})`;
  return `(${compared} AND NOT (${isNever}))`;
}

/** More values than this are compared here, and not by the server. */
const MOST_VALUES = 1000;

/**
 * What SQL can tell about a user: rows that do not meet it are not meant. Rows without a value are
 * asked for their payload.
 */
function userSql(condition: Condition, { name, type }: Column, dialect: Dialect): string[] {
  if (!("oneOf" in condition) || condition.oneOf.length > MOST_VALUES) return [];
  const column = dialect.quote(name);
  const values = condition.oneOf.filter((value) => mayBe(value, type)).map((value) => {
    return isWhole(type) ? value : dialect.written(value);
  });
  const isOneOf = values.length === 0 ? [] : [`${column} IN (${values.join(", ")})`];
  return [`(${[...isOneOf, `${column} IS NULL`].join(" OR ")})`];
}

/** Whether a column of this type can have a value: otherwise the server would refuse to compare. */
function mayBe(value: string, type: string): boolean {
  if (isWhole(type)) return /^(?:0|-?[1-9]\d{0,18})$/.test(value) && fits(BigInt(value));
  if (isUuid(type)) return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
  return !value.includes("\0");
}

function fits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

/** A value of a column of texts; undefined if the row has none. */
export function textOf(
  fact: TextFact,
  value: unknown,
  type: string,
): string | null | undefined {
  if (value === null || value === undefined) return undefined;
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
  return fact === "user" && isNobody(text, type) ? null : text;
}

function without({ tableText, address }: DatabaseTarget, what: string): ImpossibleError {
  return new ImpossibleError(`The table ${printable(tableText)} has ${what} (${address})`);
}
