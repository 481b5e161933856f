/** The app's module: the one in its source, or else one made from the app's name. */
import { codeOf } from "../crystal/code.ts";
import { crystalModule, TOP_LEVEL_CONSTANTS } from "../crystal/literal.ts";
import { mainFile } from "./source_files.ts";

/**
 * The full name of the app's module: `Shop`, `Shop::Web`.
 * @param app The app's name.
 * @throws {OperationError} if the main file cannot be read.
 */
export async function appModule(root: string, app: string): Promise<string> {
  return moduleOf((await mainFile(root, app))?.source ?? "", app);
}

/**
 * The module in the main file that lists the handlers, or else includes Azu. Without one, a name
 * made from the app's name, which nothing else has.
 */
export function moduleOf(source: string, app: string): string {
  const code = codeOf(source) ?? "";
  for (const place of [/^ *def self\.handlers\b/m, /^ *include Azu *$/m]) {
    const found = place.exec(code);
    const path = found === null ? undefined : modulesAround(code, found.index);
    if (path !== undefined) return path;
  }
  const name = crystalModule(app);
  const isClass = new RegExp(
    `^ *(?:abstract )?(?:class|struct|enum|lib|annotation) ${name}\\b`,
    "m",
  );
  return TOP_LEVEL_CONSTANTS.has(name) || isClass.test(code) ? `${name}App` : name;
}

/**
 * The modules around a line, by the indentation of formatted code.
 * @param at The offset at which the line begins.
 * @returns their joined names; undefined if there are none, or something else is around it too.
 */
export function modulesAround(code: string, at: number): string | undefined {
  const indentOf = (line: string) => /^ */.exec(line)?.[0].length ?? 0;
  const names: string[] = [];
  let indent = indentOf(code.slice(at));
  for (const line of code.slice(0, at).split("\n").reverse()) {
    if (line.trim() === "" || indentOf(line) >= indent) continue;
    const name = /^ *module ((?:[A-Z]\w*::)*[A-Z]\w*) *$/.exec(line)?.[1];
    if (name === undefined) return undefined;
    names.unshift(name);
    indent = indentOf(line);
  }
  return indent === 0 && names.length > 0 ? names.join("::") : undefined;
}
