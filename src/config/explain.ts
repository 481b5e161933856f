/** Errors of a config as sentences that begin with the user's file and place. */
import { pathToFileURL } from "node:url";
import { AzuError, messageOf, UsageError } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import { printable } from "../core/text.ts";
import { CompileError, compilePlain, head, type Place, placeOf, SourceError } from "./compile.ts";
import { explainRefusal } from "./sandbox.ts";

/** The text of every file that was read, by path. */
type Sources = ReadonlyMap<string, string>;

/** @param entry The config file, named if no better place is known. */
export async function explain(error: unknown, entry: string, sources: Sources): Promise<AzuError> {
  if (error instanceof AzuError) return error;
  if (error instanceof SourceError) return at(error.path, error.place, error.message);
  if (error instanceof CompileError) {
    const source = sources.get(error.path) ?? "";
    return /import\.meta/.test(error.message)
      ? at(error.path, placeOf(source, ["import.meta"]), NO_IMPORT_META)
      : at(error.path, await syntaxErrorPlace(source, error.path), error.message);
  }
  const { originalPlace } = await import("./transform.ts");
  const [path, place] = thrownAt(error, entry, sources, originalPlace) ?? [entry, undefined];
  return at(path, place, explainRefusal(error) ?? reasonOf(error), error);
}

function at(
  path: string,
  place: Place | undefined,
  reason: string,
  cause?: unknown,
): UsageError {
  const where = place === undefined ? path : `${path}:${place.line}:${place.column}`;
  return new UsageError(`${where}: ${printable(redact(reason))}`, { cause });
}

const NO_IMPORT_META = "import.meta is not available in a config; __dirname and __filename are";

/**
 * The place of a mistake that the type stripper accepts and the engine does not. The syntax errors
 * of a module contain their place; those of a function do not. Nothing is run: the syntax is checked
 * first, and then an import that cannot be resolved fails.
 */
async function syntaxErrorPlace(source: string, path: string): Promise<Place | undefined> {
  const { originalPlace, stripTypes } = await import("./transform.ts");
  const guard = 'import "azu:never"; ';
  const code = guard + stripTypes(source, path, "module");
  try {
    await import(`data:text/javascript,${encodeURIComponent(code)}`);
  } catch (error) {
    const [, line, column] = / at data:text\/javascript,\S*:(\d+):(\d+)/.exec(messageOf(error)) ??
      [];
    if (line === undefined) return undefined;
    const place = { line: Number(line), column: Number(column) };
    return originalPlace(source, path, "module", withoutHead(place, guard.length));
  }
}

/** The innermost place of the stack in the user's files. */
function thrownAt(
  error: unknown,
  entry: string,
  sources: Sources,
  originalPlace: typeof import("./transform.ts").originalPlace,
): [string, Place] | undefined {
  const stack = error instanceof Error && typeof error.stack === "string" ? error.stack : "";
  const frame = /(file:\/\/[^\s,)]+)(?:, <anonymous>)?:(\d+):(\d+)/g;
  for (const [, url, line, column] of stack.matchAll(frame)) {
    for (const [path, source] of sources) {
      if (pathToFileURL(path).href !== url) continue;
      const generated = { line: Number(line), column: Number(column) };
      const place = withoutHead(generated, head(path === entry).length);
      const isPlain = path === entry && compilePlain(source, path) !== undefined;
      return [path, isPlain ? place : originalPlace(source, path, "function", place)];
    }
  }
}

/** We add text only before the first line of a file. */
function withoutHead({ line, column }: Place, length: number): Place {
  return { line, column: line === 1 ? Math.max(1, column - length) : column };
}

/** Whether an error was thrown by the code of a config: only that is evaluated as text. */
export function isFromConfig(error: unknown): boolean {
  // azu and its libraries throw nothing but errors.
  return !(error instanceof Error) || /\bfile:\/\/\S+, <anonymous>:\d/.test(error.stack ?? "");
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${messageOf(error)}`;
  const message = messageOf(error);
  return error.name === "Error" ? message : `${String(error.name)}: ${message}`;
}
