/** Sessions as a table that fits the terminal. */
import type { SessionInfo } from "../../backends/contract.ts";
import { type Output, usableColumns } from "../terminal/host.ts";
import { type Layout, layOut, tableLine } from "../terminal/table.ts";
import { fields, tableCell } from "./fields.ts";
import { type FieldName, fieldNames } from "./names.ts";

/** The lines of a table of sessions. Its columns are those that fit the first sessions. */
export class SessionTable {
  readonly header: string;
  /** The fields for which there was no room. */
  readonly leftOut: readonly FieldName[];
  readonly #names: readonly FieldName[];
  readonly #layout: Layout;
  readonly #now: number;

  /**
   * @param chosen The fields to show; undefined for the usual ones.
   * @param first The sessions to measure.
   * @param output Where it is printed. Without a terminal, there is no limit.
   * @param now Milliseconds since 1970.
   */
  constructor(
    chosen: readonly FieldName[] | undefined,
    first: readonly SessionInfo[],
    output: Output,
    now: number,
  ) {
    this.#names = chosen ?? usualFields(first);
    this.#now = now;
    const width = output.isTerminal ? usableColumns(output) : undefined;
    const columns = this.#columns;
    this.#layout = layOut(columns, first.map((session) => this.#cells(session)), width);
    const { shown } = this.#layout;
    this.leftOut = this.#names.filter((_, index) => !shown.includes(index));
    this.header = tableLine(columns, this.#layout, columns.map(({ title }) => title));
  }

  line(session: SessionInfo): string {
    return tableLine(this.#columns, this.#layout, this.#cells(session));
  }

  get #columns() {
    return this.#names.map((name) => fields[name]);
  }

  #cells(session: SessionInfo): string[] {
    return this.#names.map((name) => tableCell(name, session, this.#now));
  }
}

/** All fields, but those that no session has. */
function usualFields(sessions: readonly SessionInfo[]): FieldName[] {
  return fieldNames.filter((name) => {
    const { isOptional, valueOf } = fields[name];
    return !isOptional || sessions.some((session) => valueOf(session) ?? false);
  });
}
