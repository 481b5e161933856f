/** Values of columns: as SQL to compare with, and as they are read. */
import type { Column, Dialect, TextFact, TimeColumn } from "./layout.ts";

export const isWhole = (type: string) => /int/i.test(type);
export const isUuid = (type: string) => /^uuid$/i.test(type);
export const isNumber = (type: string) => /int|num|dec|real|double|float|^$/i.test(type);
export const isCharacters = (type: string) => /char|text|clob/i.test(type);

/** Whether a column of this type can have a value: otherwise the server would refuse to compare. */
export function mayBe(value: string, type: string): boolean {
  if (isWhole(type)) return /^(?:0|-?[1-9]\d{0,18})$/.test(value) && fits(BigInt(value));
  if (isUuid(type)) return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
  return !value.includes("\0");
}

function fits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

/** A time as SQL to compare a column with. The column stays as it is, so that its index is used. */
export function timeSql(milliseconds: number, column: TimeColumn, dialect: Dialect): string {
  const { type, unit, plus = 0 } = column;
  const value = milliseconds - plus;
  if (unit === undefined) return dialect.time(value, type) ?? "NULL";
  const number = unit === "seconds" ? value / 1000 : value;
  // A whole number is before the time if it is before the next whole number.
  return String(isWhole(type) ? Math.ceil(number) : number);
}

/** The condition that a column tells no time. */
export function isNeverSql({ name, type, unit }: TimeColumn, dialect: Dialect): string {
  const column = dialect.quote(name);
  return unit === undefined ? dialect.isNever(column, type) : `${column} IS NULL`;
}

/**
 * A column as {@linkcode timeIn} takes it.
 * @param value The column, or an aggregate of it.
 */
export function selectTime(
  { name, type, unit }: TimeColumn,
  dialect: Dialect,
  value = dialect.quote(name),
): string {
  return unit === undefined ? dialect.selectTime(value, type) : value;
}

/** The time that a value of a column tells, in milliseconds. */
export function timeIn(value: unknown, column: TimeColumn, dialect: Dialect): number | null {
  const { unit, plus = 0 } = column;
  const read = unit === undefined ? dialect.readTime(value) : numberIn(value);
  if (read === null) return null;
  return Math.floor(unit === "seconds" ? read * 1000 : read) + plus;
}

function numberIn(value: unknown): number | null {
  const number = value === null ? NaN : Number(value);
  return Number.isFinite(number) ? number : null;
}

/**
 * Whether a value is what the app writes as the user if nobody is logged in. NULL means that only
 * the payload tells: the row was saved by code that does not know the column, or the column cannot
 * hold the value.
 */
function isNobody(value: string, type: string): boolean {
  return value === (isWhole(type) ? "0" : "") || value === NIL;
}

/** The same in SQL. */
export function nobodySql({ name, type }: Column, dialect: Dialect): string {
  const column = dialect.quote(name);
  if (isWhole(type)) return `${column} = 0`;
  const nil = dialect.written(NIL);
  return isUuid(type) ? `${column} = ${nil}` : `${column} IN (${nil}, '')`;
}

/** The value that the app writes as the user if nobody is logged in. */
export function nobody(type: string): string {
  return isWhole(type) ? "0" : isUuid(type) ? NIL : "";
}

/** Characters that a column of texts has, as templates/store_database.cr.eta assumes. */
const LENGTHS = { user: 255, ip: 45, userAgent: 255 } as const satisfies Record<TextFact, number>;

/**
 * A text for a column, as the app writes it; null if the column may not hold it, or if the text
 * means that nobody is logged in. Then only the payload has it.
 */
export function fitting(fact: TextFact, text: string, type: string): string | null {
  if (isWhole(type) || isUuid(type)) {
    return mayBe(text, type) && !isNobody(text, type) ? text : null;
  }
  const isPlain = text.length <= LENGTHS[fact] && !/[\0\ud800-\udfff]/.test(text);
  return isPlain && !(fact === "user" && isNobody(text, type)) ? text : null;
}

const NIL = "00000000-0000-0000-0000-000000000000";

/** A value of a column of texts; undefined if the row has none, and its payload may tell. */
export function textOf(
  fact: TextFact,
  value: unknown,
  type: string,
  isConfigured: boolean,
): string | null | undefined {
  if (value === undefined) return undefined;
  if (value === null) return isConfigured ? null : undefined;
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
  return fact === "user" && !isConfigured && isNobody(text, type) ? null : text;
}
