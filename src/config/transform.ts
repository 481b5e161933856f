// sucrase is imported here and nowhere else: this module is loaded only when there is a config.
import { transform } from "sucrase";
import { messageOf } from "../core/errors.ts";

/** Where in a file something is wrong, and what. */
export interface SyntaxProblem {
  /** From 1. */
  readonly line: number | undefined;
  readonly reason: string;
}

/** Either a file's code as the body of a function, or why it is none. */
export type Transformed =
  | { readonly code: string; readonly problem?: never }
  | { readonly problem: SyntaxProblem };

/**
 * Strips a module's types and turns its imports and exports into `require` and `exports`,
 * every statement staying on its line.
 */
export function toFunctionBody(source: string, path: string): Transformed {
  return attempt(source, path, ["typescript", "imports"]);
}

/**
 * Finds the line of a mistake that the transform let pass and the engine did not: a module's
 * syntax errors carry their place, a function's do not. Runs nothing: the import that cannot be
 * resolved comes before anything is run, and the syntax is checked before that.
 */
export async function locateSyntaxError(source: string, path: string): Promise<number | undefined> {
  const transformed = attempt(source, path, ["typescript"]);
  if (transformed.problem) return transformed.problem.line;
  const guarded = `import "azu:never"; ${transformed.code}`;
  try {
    await import(`data:text/javascript,${encodeURIComponent(guarded)}`);
  } catch (error) {
    const line = / at data:text\/javascript,\S*:(\d+):\d+/.exec(messageOf(error))?.[1];
    return line === undefined ? undefined : Number(line);
  }
}

function attempt(
  source: string,
  path: string,
  transforms: ("typescript" | "imports")[],
): Transformed {
  try {
    const options = { transforms, filePath: path, disableESTransforms: true };
    return { code: transform(source, options).code };
  } catch (error) {
    const reason = messageOf(error)
      .replace(`Error transforming ${path}: `, "")
      .replace(/ \(\d+:\d+\)$/, "");
    return { problem: { line: lineOf(error), reason } };
  }
}

/** The parser's own errors say where; any other comes from inside it and says nothing. */
function lineOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("loc" in error)) return undefined;
  const { loc } = error;
  if (typeof loc !== "object" || loc === null || !("line" in loc)) return undefined;
  return typeof loc.line === "number" ? loc.line : undefined;
}
