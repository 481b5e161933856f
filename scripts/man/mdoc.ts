/** Text in mdoc, the language of man pages. */
import { plain, wrapped } from "../../src/cli/help/layout.ts";

/** The longest line, which is what mandoc recommends. */
const WIDTH = 80;

/** A text as lines of mdoc. Each sentence begins a new line, as the language wants it. */
export function text(content: string): string[] {
  const sentences = plain(content).split(/(?<=[.?!])\s(?=[A-Z])/);
  return sentences.flatMap((sentence) => wrapped(escaped(sentence), WIDTH)).map(protectedStart);
}

/** Paragraphs, with a macro between them. */
export function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((each, index) => index === 0 ? text(each) : [".Pp", ...text(each)]);
}

/** Lines as they are, such as a command line. */
export function literal(lines: readonly string[]): string[] {
  const safe = lines.map((line) => protectedStart(escaped(line)));
  return [".Bd -literal -offset indent", ...safe, ".Ed"];
}

/** @param items The macros of a term, and the lines of its description. */
export function tagged(items: readonly (readonly [string, readonly string[]])[]): string[] {
  return [
    ".Bl -tag -width Ds",
    ...items.flatMap(([term, lines]) => [`.It ${term}`, ...lines]),
    ".El",
  ];
}

/** A text with its special characters as mdoc writes them, also for the argument of a macro. */
export function escaped(content: string): string {
  const safe = content.replaceAll("\\", "\\e").replaceAll("-", "\\-");
  // Old formatters expect ASCII.
  return safe.replace(/[^\x20-\x7e]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\[u${code.toString(16).toUpperCase().padStart(4, "0")}]`;
  });
}

/** A line that begins with a dot or an apostrophe would be a macro. */
function protectedStart(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
