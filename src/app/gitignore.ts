/** Whether the .gitignore of the app's folder ignores a file. */
import { newlineOf } from "../core/text.ts";

export const GITIGNORE = ".gitignore";

/** No pattern for such a short name is longer. */
const LONGEST_PATTERN = 100;

/** What a .gitignore says about a file: nothing, or what its last matching line says. */
export type Ignored = "not mentioned" | "ignored" | "included";

/** @param name A file in the folder of the .gitignore. */
export function ignores(source: string, name: string): Ignored {
  let said: Ignored = "not mentioned";
  for (const line of source.replace(/^\ufeff/, "").split("\n")) {
    const text = line.replace(/\r$/, "").replace(/(?<!\\)[ \t]+$/, "");
    const isNegated = text.startsWith("!");
    const pattern = isNegated ? text.slice(1) : text;
    if (pattern.startsWith("#") || !matches(pattern, name)) continue;
    said = isNegated ? "included" : "ignored";
  }
  return said;
}

/** The .gitignore with a line for the file appended. */
export function addIgnored(source: string, name: string): string {
  const newline = newlineOf(source);
  const end = source === "" || source.endsWith("\n") ? "" : newline;
  return `${source}${end}${name}${newline}`;
}

/** Follows git's documentation. Patterns that end in `/` match only folders. */
function matches(pattern: string, name: string): boolean {
  if (pattern === "" || pattern.length > LONGEST_PATTERN || pattern.endsWith("/")) return false;
  const glob = pattern.replace(/^\/?(?:\*\*\/)*/, "");
  if (glob.includes("/") || hasEmptyRange(glob)) return false;
  return new RegExp(`^${regexOf(glob)}$`, "s").test(name);
}

/** Whether it has an empty range such as `[z-a]`. */
function hasEmptyRange(glob: string): boolean {
  return Array.from(glob.matchAll(/(.)-(.)/gsu)).some(([, from = "", to = ""]) => from > to);
}

function regexOf(glob: string): string {
  return glob.replace(/\\(.)|\*+|\?|\[([!^]?)([^\]\\[]+)\]|[^]/gsu, (part, escaped, not, set) => {
    if (escaped !== undefined) return literal(escaped);
    if (part.startsWith("*")) return ".*";
    if (part === "?") return ".";
    if (set === undefined) return literal(part);
    return `[${not === "" ? "" : "^"}${set.replace(/[\^\\\]]/g, "\\$&")}]`;
  });
}

function literal(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/gu, "\\$&");
}
