/** Where a table contains what is known about its sessions. */
import { ImpossibleError, UsageError } from "../../core/errors.ts";
import { type TimeFact, timeFacts } from "../../core/selection.ts";
import { listed, printable } from "../../core/text.ts";
import { pathsIn } from "../layout_options.ts";
import { type Packing, type PayloadLayout, SHARD_PAYLOAD } from "../payload.ts";
import type { DatabaseTarget } from "./backend.ts";
import { isNumber } from "./column_values.ts";
import { type DatabaseLayoutOptions, payloadOf } from "./layout_options.ts";

/** The names of columns, and what the payload says besides. */
export interface SqlLayout {
  readonly id: string;
  readonly data: string | undefined;
  readonly times: Partial<Readonly<Record<TimeFact, TimePlace>>>;
  readonly texts: Partial<Readonly<Record<TextFact, string>>>;
  readonly payload: PayloadLayout;
  readonly packed: Packing;
  /**
   * Whether the config describes the table, because other software has created it. Then it has all
   * of these columns, and what is NULL is not in the payload either.
   */
  readonly isConfigured: boolean;
}

export const textFacts = ["user", "ip", "userAgent"] as const;

export type TextFact = typeof textFacts[number];

/** A time as a column tells it. */
export interface TimePlace {
  readonly name: string;
  /** What a column of numbers counts since 1970; undefined for a column of times. */
  readonly unit?: "seconds" | "milliseconds";
  /** Milliseconds from what the column says to the time. */
  readonly plus?: number;
}

/** The table that setup writes. */
export const SETUP_LAYOUT: SqlLayout = {
  id: "session_id",
  data: "data",
  times: {
    createdAt: { name: "created_at" },
    visitedAt: { name: "updated_at" },
    expiresAt: { name: "expires_at" },
  },
  texts: { user: "user_id", ip: "ip", userAgent: "user_agent" },
  payload: SHARD_PAYLOAD,
  packed: "sealed",
  isConfigured: false,
};

/** The layout that a config describes. */
export function layoutOf(options: DatabaseLayoutOptions): SqlLayout {
  const { id, expiresAt } = options;
  const times: Partial<Record<TimeFact, TimePlace>> = {};
  for (const fact of timeFacts) {
    const place = timePlace(options[fact]);
    if (place !== undefined) times[fact] = place;
  }
  if (typeof expiresAt === "object" && "after" in expiresAt) {
    const base = timePlace(options[expiresAt.after]);
    if (base !== undefined) times.expiresAt = { ...base, plus: expiresAt.lifetime };
  }
  const texts: Partial<Record<TextFact, string>> = {};
  for (const fact of textFacts) {
    const place = options[fact];
    if (typeof place === "string") texts[fact] = place;
  }
  const payload = payloadOf(options);
  return {
    id,
    data: payload?.column,
    times,
    texts,
    payload: pathsIn(options),
    packed: payload?.packed ?? "opaque",
    isConfigured: true,
  };
}

/** @returns undefined if the time is not in a column. */
function timePlace(
  place: DatabaseLayoutOptions["createdAt" | "visitedAt" | "expiresAt"],
): TimePlace | undefined {
  if (typeof place === "string") return { name: place };
  if (place === undefined || !("column" in place)) return undefined;
  return { name: place.column, unit: place.unit };
}

/** A column of a table, and its type as the engine names it. */
export interface Column {
  readonly name: string;
  readonly type: string;
  /** How many digits of a second it holds, if that is less than the type can. */
  readonly digits?: number;
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

/** A time as a column of the table tells it. */
export type TimeColumn = TimePlace & Column;

/** A table's layout, as far as its columns allow. */
export interface BoundLayout {
  readonly id: Column;
  readonly data: Column | undefined;
  readonly times: Partial<Readonly<Record<TimeFact, TimeColumn>>>;
  readonly texts: Partial<Readonly<Record<TextFact, Column>>>;
  readonly payload: PayloadLayout;
  readonly isConfigured: boolean;
}

/**
 * @throws {ImpossibleError} if the table has no column for the id.
 * @throws {UsageError} if it lacks a column that the config names, or that is of another type.
 */
export function bindLayout(
  layout: SqlLayout,
  columns: readonly Column[],
  dialect: Dialect,
  target: DatabaseTarget,
): BoundLayout {
  const { isConfigured } = layout;
  /** @param key Of the layout in the config. */
  const find = (wanted: string, key: string) => {
    const found = columns.find(({ name }) => name === wanted) ??
      columns.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
    if (found === undefined && isConfigured) throw noColumn(wanted, key, columns, target);
    return found;
  };
  const id = find(layout.id, "id");
  if (id === undefined) throw noId(layout.id, target);
  const times: Partial<Record<TimeFact, TimeColumn>> = {};
  for (const fact of timeFacts) {
    const place = layout.times[fact];
    const column = place && find(place.name, fact);
    if (column === undefined) continue;
    const isOfTime = place?.unit === undefined
      ? dialect.time(0, column.type) !== undefined
      : isNumber(column.type);
    if (isOfTime) times[fact] = { ...place, ...column };
    else if (isConfigured) throw otherType({ ...place, ...column }, fact, target);
  }
  const texts: Partial<Record<TextFact, Column>> = {};
  for (const fact of textFacts) {
    const name = layout.texts[fact];
    const column = name === undefined ? undefined : find(name, fact);
    if (column !== undefined) texts[fact] = column;
  }
  const data = layout.data === undefined ? undefined : find(layout.data, "payload");
  return { id, data, times, texts, payload: layout.payload, isConfigured };
}

function noId(name: string, { tableText, address }: DatabaseTarget): ImpossibleError {
  return new ImpossibleError(
    `The table ${printable(tableText)} has no column ${name} for the session id (${address})`,
    { hint: "If other software has created it, describe it by layout in the backend's config" },
  );
}

/** More columns than this are not listed. */
const MOST_COLUMNS = 20;

function noColumn(
  wanted: string,
  key: string,
  columns: readonly Column[],
  { tableText, address }: DatabaseTarget,
): UsageError {
  const names = columns.slice(0, MOST_COLUMNS).map(({ name }) => printable(name));
  return new UsageError(
    `The table ${printable(tableText)} has no column ${printable(wanted)}, which layout.${key} ` +
      `in the config names (${address})`,
    { hint: `It has the columns ${listed(names, "and")}` },
  );
}

function otherType(
  { name, type, unit }: TimeColumn,
  fact: TimeFact,
  { tableText, address }: DatabaseTarget,
): UsageError {
  const shown = printable(name);
  const what = unit === undefined ? "times" : "numbers";
  const hint = unit === undefined
    ? `For a column of numbers, state the unit: { column: "${shown}", unit: "seconds" }`
    : `For a column of times, state only its name: "${shown}"`;
  return new UsageError(
    `The column ${shown} of the table ${printable(tableText)} has the type ${printable(type)}, ` +
      `not one of ${what}, as layout.${fact} in the config says (${address})`,
    { hint },
  );
}
