import { newlineOf } from "../core/text.ts";
import { crystalComment } from "./crystal/literal.ts";

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
