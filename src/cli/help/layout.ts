/** Lays out the help in columns. */
import type { Output } from "../terminal/host.ts";

/** The width in columns if the terminal does not tell its own. */
const USUAL = 80;

/** A narrower terminal wraps the lines itself. Longer lines are hard to read. */
const LEAST = 40;
const MOST = 100;

/** The least width of a description beside its term. Otherwise it stands below. */
const LEAST_BESIDE = 26;

/** The width of the help in columns. */
export function helpWidth(output: Output): number {
  return Math.max(LEAST, Math.min(MOST, output.columns() ?? USUAL));
}

/** A text without the backticks that mark code. */
export function plain(text: string): string {
  return text.replaceAll("`", "");
}

/** Breaks a text into lines. A longer word has a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}

/**
 * A term, and its description beside or below it.
 * @param termWidth The length of the longest term in the list.
 */
export function item(term: string, termWidth: number, description: string, width: number): string {
  const isBeside = width - termWidth - 4 >= LEAST_BESIDE;
  const indent = isBeside ? termWidth + 4 : 6;
  const text = wrapped(description, width - indent).join(`\n${" ".repeat(indent)}`);
  return isBeside
    ? `  ${term.padEnd(termWidth)}  ${text}`
    : `  ${term}\n${" ".repeat(indent)}${text}`;
}

/** A list of terms and descriptions, one below the other. */
export function list(
  items: readonly (readonly [term: string, description: string])[],
  width: number,
): string[] {
  const longest = Math.max(...items.map(([term]) => term.length));
  return items.flatMap(([term, text]) => item(term, longest, text, width).split("\n"));
}
