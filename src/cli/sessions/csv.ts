import { visible } from "../terminal/reporter.ts";
import { fields, plainValue } from "./fields.ts";
import type { FieldName } from "./names.ts";
import type { SessionInfo } from "../../backends/contract.ts";

/** What ends a line of CSV, after RFC 4180. */
export const CSV_LINE_END = "\r\n";

/** A session as a line of CSV. Empty: nobody, or never. `?`: not known. */
export function csvOf(names: readonly FieldName[], session: SessionInfo): string {
  return names.map((name) => {
    const value = plainValue(name, session);
    if (value === undefined) return "?";
    if (value === null) return "";
    return fields[name].isText ? textCell(String(value)) : String(value);
  }).join(",");
}

/**
 * A text of others as a cell. Spreadsheets run a text that begins with one of `=+-@` as a formula,
 * so an apostrophe is put before it. A negative number is none.
 */
function textCell(text: string): string {
  const safe = visible(text);
  const isFormula = /^[=+\-@\t]/.test(safe) && !/^-\d+$/.test(safe);
  const cell = isFormula ? `'${safe}` : safe;
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
