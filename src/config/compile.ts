/** Turns the text of a config into a function, or into an error with its place. */
import { pathToFileURL } from "node:url";
import { messageOf } from "../core/errors.ts";

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
    return undefined; // compiling with sucrase finds the same mistake, and its place
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

/** A place in a file: line and column, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A mistake in a file. */
export class SourceError extends Error {
  constructor(
    readonly path: string,
    reason: string,
    readonly place: Place | undefined = undefined,
  ) {
    super(reason);
  }
}

/** The first place of one of the texts in a file; undefined if it contains none. */
export function placeOf(source: string, texts: readonly string[]): Place | undefined {
  const found = texts.map((text) => source.indexOf(text)).filter((at) => at >= 0);
  if (found.length === 0) return undefined;
  const lines = source.slice(0, Math.min(...found)).split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** The engine rejected the syntax of a file, and did not say where. */
export class CompileError extends Error {
  constructor(readonly path: string, cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** A config tried something that it may not do. */
export class Refusal extends Error {}

/**
 * Compiles a config that is plain JavaScript, as most are, without sucrase, which takes longer to
 * load than the rest of a command. A config that is not certainly plain goes through sucrase.
 */

/** `import { a, b as c } from "azu"` or from a `node:` module, on one line. */
const IMPORT = /^import \{([\w$\s,]*)\} from ("azu"|'azu'|"node:[\w/]+"|'node:[\w/]+');?[ \t\r]*$/;

const EXPORT = /^export default(?=[\s({[])/;

/** As long as the text it replaces, so that columns stay the same. */
export const PLAIN_EXPORT = "dflt";
const EXPORT_REPLACEMENT = `exports.${PLAIN_EXPORT} =`;

/**
 * A module as the body of a function, with unchanged line numbers. Undefined if it may contain
 * types, or a string or comment of several lines, because a line in it could look like a statement.
 */
export function plainBody(source: string): string | undefined {
  const lines = source.split("\n");
  const isCode = (line: string) => !/^\s*(?:\/\/|$)/.test(line);
  // TypeScript that is also valid JavaScript, with another meaning, contains a "<".
  const doubtful = /[`<]|\/\*|\\\r?$|\bimport\s*[(.]|-->/;
  if (lines.some((line) => isCode(line) && doubtful.test(line))) return undefined;
  let [begun, exports] = [false, 0];
  for (const [index, line] of lines.entries()) {
    const isImport = /^\s*import\b/.test(line);
    const isExport = /^\s*export\b/.test(line);
    if (isImport || isExport) {
      const replaced = isImport && !begun ? importAsCall(line) : exportAsProperty(line);
      if (replaced === undefined) return undefined;
      lines[index] = replaced;
    }
    begun ||= isCode(line) && !isImport; // imports are hoisted: they stay first
    if (isExport) exports++;
  }
  return exports === 1 ? lines.join("\n") : undefined;
}

function importAsCall(line: string): string | undefined {
  const [, names = "", specifier] = IMPORT.exec(line) ?? [];
  if (specifier === undefined || /\b(?:type|default)\b/.test(names)) return undefined;
  return `const {${names.replace(/\bas\b/g, ":")}} = require(${specifier});`;
}

function exportAsProperty(line: string): string | undefined {
  return EXPORT.test(line) ? line.replace(EXPORT, EXPORT_REPLACEMENT) : undefined;
}
