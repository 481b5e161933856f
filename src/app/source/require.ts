/** The requires of a Crystal source: adds one, or looks for the initializer's. */
import { newlineOf } from "../../core/text.ts";
import { INITIALIZER } from "../app.ts";
import { codeOf } from "../crystal/code.ts";
import { crystalString, readCrystalString } from "../crystal/literal.ts";
import type { SourceFile } from "./source_files.ts";
import { join } from "node:path";

/** Empty lines, comments and requires at the top of a file. In the code, comments are blank. */
const TOP = /^(?:[ \t]*(?:require "[^"\n]*"[ \t]*)?\n)*/;

/**
 * The source with `require "<path>"` on its own line, after the last of the requires at the top.
 * Undefined if there are none, or they share lines with other code.
 */
export function addRequire(source: string, path: string): string | undefined {
  // A line break at the end, so that the last line is like the others.
  const code = codeOf(`${source}\n`);
  const top = code === undefined ? "" : TOP.exec(code)?.[0] ?? "";
  const last = top.lastIndexOf("require ");
  if (last < 0) return undefined;
  const statement = `require ${crystalString(path)}`;
  const lineEnd = source.indexOf("\n", last);
  if (lineEnd < 0) return source + newlineOf(source) + statement;
  const next = lineEnd + 1;
  return source.slice(0, next) + statement + newlineOf(source, lineEnd) + source.slice(next);
}

/** The initializer's path without its extension, as it is written after `require`. */
const TARGET = INITIALIZER.replace(/\.cr$/, "");

/** Whether a file of the app requires the session initializer, by name or by glob. */
export function requiresInitializer({ path, source }: SourceFile): boolean {
  const code = source.includes("require") ? codeOf(source) : undefined;
  const folder = join(path, "..");
  return [...code?.matchAll(/^[ \t]*require[ \t]+("[^"\n]*")/dgm) ?? []].some(({ indices }) => {
    const required = readCrystalString(source.slice(...indices?.[1] ?? [0, 0]));
    return required !== undefined && names(folder, required);
  });
}

/** Whether a relative require in a file of the folder includes the initializer. */
function names(folder: string, required: string): boolean {
  if (!/^\.\.?\//.test(required)) return false;
  const path = join(folder, required).replaceAll("\\", "/");
  if (path.endsWith("/**")) return TARGET.startsWith(path.slice(0, -2));
  if (path.endsWith("/*")) return TARGET.replace(/[^/]*$/, "*") === path;
  return path === TARGET || path === INITIALIZER;
}
