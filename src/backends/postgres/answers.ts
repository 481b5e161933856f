/** What PostgreSQL answers, taken from what the driver makes of it. */
import { isRecord } from "../../core/record.ts";
import { Garbled } from "../sql/twice.ts";

export type Row = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly rows: readonly Row[];
  /** What was done, as the server says it. */
  readonly command: string;
  /** How many rows were removed, or read; undefined where it does not say. */
  readonly count: number | undefined;
}

/** An answer to each statement. */
export function answersOf(results: unknown): Answer[] {
  const all: unknown[] = Array.isArray(results) ? results : [results];
  return all.filter(isRecord).map(({ rows, command, rowCount }) => ({
    rows: Array.isArray(rows) ? rows.filter(isRecord) : [],
    command: String(command),
    count: typeof rowCount === "number" ? rowCount : undefined,
  }));
}

/** @throws {Garbled} where there is none. */
export function lastOf(answers: readonly Answer[]): Answer {
  const last = answers.at(-1);
  if (last === undefined) throw new Garbled();
  return last;
}
