/** Changes variables in the text of a .env file. All else in it stays as it is. */
import { newlineOf } from "../core/text.ts";

/** A variable that a line of a .env file sets. */
export interface Assignment {
  /** The number of its line; the first one is 1. */
  readonly line: number;
  /** The line up to the value, for example `export SESSION_SECRET=`. */
  readonly start: string;
  /** Where the value is in the text, with its quotes. */
  readonly from: number;
  readonly to: number;
}

/** What the dotenv package takes for an assignment: the start, the name and the value. */
const ASSIGNMENT =
  /^\s*((?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?))(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/dmg;

/** Where a .env file sets a variable. */
export function assignmentsOf(source: string, name: string): Assignment[] {
  return [...source.matchAll(ASSIGNMENT)].flatMap(
    ({ 1: start = "", 2: found, 3: raw, indices }) => {
      const at = indices?.[1];
      if (found !== name || at === undefined) return [];
      const text = raw ?? "";
      const blanks = text.trim() === "" ? 0 : text.length - text.trimStart().length;
      const from = at[1] + blanks;
      const line = source.slice(0, at[0]).split("\n").length;
      return [{ line, start, from, to: from + text.trim().length }];
    },
  );
}

/**
 * The text with another value, or with a line for the variable at its end; undefined if no quotes
 * can hold the value.
 */
export function withVariable(source: string, name: string, value: string): string | undefined {
  const text = quoted(value);
  if (text === undefined) return undefined;
  const [assignment] = assignmentsOf(source, name);
  if (assignment !== undefined) {
    return source.slice(0, assignment.from) + text + source.slice(assignment.to);
  }
  const newline = newlineOf(source);
  const end = source === "" || source.endsWith("\n") ? "" : newline;
  return `${source}${end}${name}=${text}${newline}`;
}

/** The value as shells, container engines and dotenv packages all read it. */
function quoted(value: string): string | undefined {
  if (/^[\w.,+/=:@%^~-]*$/.test(value)) return value;
  if (/^[^'\r\n]*$/.test(value)) return `'${value}'`;
  return /^[^"`$\\\r\n]*$/.test(value) ? `"${value}"` : undefined;
}
