/** The columns of a session: how they are selected, and what they tell. */
import { Buffer } from "node:buffer";
import { selectTime, textOf, timeIn } from "./column_values.ts";
import type { Row } from "./errors.ts";
import { type BoundLayout, type Dialect, type TextFact, textFacts } from "./layout.ts";
import type { TimeFact } from "../../core/selection.ts";

/** What must be selected to describe a session. */
export function sessionColumns(layout: BoundLayout, dialect: Dialect): readonly string[] {
  const { data, times } = layout;
  const columns = [
    idColumn(layout, dialect),
    ...textFacts.flatMap((fact) => textColumn(fact, layout, dialect)),
  ];
  if (data !== undefined) {
    columns.push(`${dialect.selectData(dialect.quote(data.name), data.type)} AS data`);
  }
  for (const [fact, column] of Object.entries(times)) {
    columns.push(`${selectTime(column, dialect)} AS ${fact.toLowerCase()}`);
  }
  return columns;
}

export function idColumn({ id }: BoundLayout, dialect: Dialect): string {
  return `${dialect.selectId(dialect.quote(id.name), id.type)} AS session_id`;
}

export function textColumn(fact: TextFact, { texts }: BoundLayout, dialect: Dialect): string[] {
  const column = texts[fact];
  return column === undefined ? [] : [
    `${dialect.selectId(dialect.quote(column.name), column.type)} AS text_${fact.toLowerCase()}`,
  ];
}

/** What a column of texts tells; undefined if only the payload may tell it. */
export function textIn(
  fact: TextFact,
  row: Row,
  { texts, isConfigured }: BoundLayout,
): string | null | undefined {
  const type = texts[fact]?.type ?? "";
  return textOf(fact, row[`text_${fact.toLowerCase()}`], type, isConfigured);
}

/** What a column of times tells; undefined if there is none. */
export function timeOf(
  fact: TimeFact,
  row: Row,
  { times }: BoundLayout,
  dialect: Dialect,
): number | null | undefined {
  const column = times[fact];
  return column && timeIn(row[fact.toLowerCase()], column, dialect);
}

/** The bytes of a value that was read; none if it is NULL, or was not selected. */
export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return Buffer.from(value === null || value === undefined ? "" : String(value));
}
