/** The requires of a Crystal source: adds one, or looks for the initializer's. */
import { newlineOf } from "../../core/text.ts";
import { INITIALIZER } from "../app.ts";
import { addsOnly, inserted } from "../crystal/edit.ts";
import { locate, type Token } from "../crystal/lexer.ts";
import { crystalString } from "../crystal/literal.ts";
import { codeAt } from "../crystal/names.ts";
import { requiresOf } from "../initializer_reader/initializer.ts";
import type { SourceFile } from "./source_files.ts";
import { join } from "node:path";

/**
 * The source with `require "<path>"` on its own line, after the last of the requires at the top.
 * Undefined if there are none, or they share lines with other code.
 */
export function addRequire(source: string, path: string): string | undefined {
  const { tokens, spans } = locate(source);
  const last = lastLeadingRequire(tokens);
  if (last === undefined) return undefined;
  const statement = `require ${crystalString(path)}`;
  const lineEnd = spans[last + 2]?.start;
  const after = lineEnd === undefined
    ? source + newlineOf(source) + statement
    : inserted(source, [{ at: lineEnd + 1, text: statement + newlineOf(source, lineEnd) }]);
  return addsOnly(source, after, last + 2, statement) ? after : undefined;
}

/**
 * The index of the last `require` that ends its line. Those between `{%` and `{% end %}` are
 * skipped, because they may not apply.
 */
function lastLeadingRequire(tokens: readonly Token[]): number | undefined {
  let last: number | undefined;
  let macros = 0;
  for (let at = 0; at < tokens.length; at++) {
    if (codeAt(tokens, at) === "{%") {
      const word = codeAt(tokens, at + 1);
      if (word === "end") macros--;
      else if (/^(?:if|unless|for|begin|verbatim)$/.test(word)) macros++;
      while (at < tokens.length && codeAt(tokens, at) !== "%}") at++;
    } else if (macros <= 0 && isRequire(tokens, at)) {
      const next = tokens[at + 2];
      if (next === undefined || next.kind === "newline") last = at;
      at++;
    } else if (macros <= 0 && tokens[at]?.kind !== "newline" && codeAt(tokens, at) !== ";") break;
  }
  return last;
}

/** Whether a whole `require` statement begins at the index. */
function isRequire(tokens: readonly Token[], index: number): boolean {
  const [word, file, next] = [tokens[index], tokens[index + 1], tokens[index + 2]];
  if (word?.kind !== "identifier" || word.text !== "require") return false;
  if (file?.kind !== "string" || !file.literal) return false;
  return next === undefined || next.kind === "newline" ||
    /^(?:;|\{%)$/.test(codeAt(tokens, index + 2));
}

/** The initializer's path without its extension, as it is written after `require`. */
const TARGET = INITIALIZER.replace(/\.cr$/, "");

/** Whether a file of the app requires the session initializer, by name or by glob. */
export function requiresInitializer({ path, source }: SourceFile): boolean {
  if (!source.includes("require")) return false;
  const folder = join(path, "..");
  return requiresOf(source).some((required) => names(folder, required));
}

/** Whether a relative require in a file of the folder includes the initializer. */
function names(folder: string, required: string): boolean {
  if (!/^\.\.?\//.test(required)) return false;
  const path = join(folder, required).replaceAll("\\", "/");
  if (path.endsWith("/**")) return TARGET.startsWith(path.slice(0, -2));
  if (path.endsWith("/*")) return TARGET.replace(/[^/]*$/, "*") === path;
  return path === TARGET || path === INITIALIZER;
}
