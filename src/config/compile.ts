import { pathToFileURL } from "node:url";
import { plainBody } from "./plain.ts";
import { CompileError } from "./source_error.ts";

/** The function for a file. One that awaits at its top level returns a promise. */
export type Body = (
  exports: Record<string, unknown>,
  require: (specifier: string) => unknown,
  console: unknown,
  restrictedProcess: unknown,
  dirname: string,
  filename: string,
) => unknown;

/** The text before the code, on its first line, so that line numbers stay the same. */
export function head(isEntry: boolean): string {
  const parameters = "exports, require, console, process, __dirname, __filename";
  return `(${isEntry ? "async " : ""}function (${parameters}) {"use strict";`;
}

/** A config file as a function; undefined if it is not plain JavaScript, or not valid. */
export function compilePlain(source: string, path: string): Body | undefined {
  const code = plainBody(source);
  if (code === undefined) return undefined;
  try {
    return compile(code, path, true);
  } catch {
    return undefined; // the long way finds the same mistake, and its place
  }
}

/** @throws {CompileError} */
export function compile(code: string, path: string, isEntry: boolean): Body {
  try {
    // A config is code. Nothing else is ever evaluated.
    const body: unknown = globalThis.eval(
      `${head(isEntry)}${code}\n})\n//# sourceURL=${pathToFileURL(path).href}`,
    );
    if (isBody(body)) return body;
    throw new SyntaxError("Unexpected token '}'");
  } catch (error) {
    throw new CompileError(path, error);
  }
}

function isBody(value: unknown): value is Body {
  return typeof value === "function";
}
