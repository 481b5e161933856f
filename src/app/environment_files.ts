/** .env.example, and whether .gitignore ignores .env. The only file that imports ignore. */
import { newlineOf } from "../core/text.ts";
import { crystalComment } from "./crystal/literal.ts";
import ignore from "ignore";

export const ENV_EXAMPLE = ".env.example";

/** A variable that the app reads, and the shape of its value. */
export interface ExampleVariable {
  readonly name: string;
  readonly shape: string;
}

/**
 * A .env.example with the missing variables appended. They have no values: the user fills them in,
 * and the app says if one is missing.
 */
export function addVariables(source: string, variables: readonly ExampleVariable[]): string {
  const missing = variables.filter(({ name }) =>
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !assigns(source, name)
  );
  if (missing.length === 0) return source;
  const newline = newlineOf(source);
  const lines = missing.flatMap(({ name, shape }) => [
    `# ${name}: ${crystalComment(shape)}`,
    `${name}=`,
  ]);
  const end = source === "" || source.endsWith("\n") ? "" : newline;
  const gap = source.trim() === "" || /\n\r?\n$/.test(source) ? "" : newline;
  return source + end + gap + lines.map((line) => line + newline).join("");
}

/** Whether a line sets the variable, even to nothing. Comments do not count. */
function assigns(source: string, name: string): boolean {
  return source.split("\n").some((line) =>
    /^\ufeff?[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=/.exec(line)?.[1] === name
  );
}

export const GITIGNORE = ".gitignore";

/** What the last matching line of a .gitignore says about a file; `!` includes it. */
export type Ignored = "not mentioned" | "ignored" | "included";

/** @param name A file in the folder of the .gitignore. */
export function ignores(source: string, name: string): Ignored {
  const { ignored, unignored } = ignore().add(source.replace(/^\ufeff/, "")).test(name);
  if (unignored) return "included";
  return ignored ? "ignored" : "not mentioned";
}

/** The .gitignore with a line for the file appended. */
export function addIgnored(source: string, name: string): string {
  const newline = newlineOf(source);
  const end = source === "" || source.endsWith("\n") ? "" : newline;
  return `${source}${end}${name}${newline}`;
}
