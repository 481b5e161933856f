/**
 * Makes the executable smaller: removes from the bundle what packages contain and azu never uses.
 * azu's own code keeps its names and lines, so that stack traces are readable.
 */
import { transform } from "esbuild";
import { ts } from "../types/compiler.ts";
import { TRIMS, UNUSED_MODULES } from "./unused.ts";

/** The comment before each module of a bundle, which names its file. */
const MODULE = /^(?=\/\/ (?:\S+\/)?\S+\.\w+$)/m;

const PACKAGED = /^\/\/ (node_modules\/\S+)\n/;

/** A CommonJS module: the lines around its code. */
const COMMON_JS =
  /^(var \w+ = __commonJS\(\{\n {2}"\S+")\((?:exports(?:, module)?)?\) \{$[^]*^ {2}\}$/m;

/** The functions and classes of other modules: the lines around their code. */
const FUNCTION = /^((?:async )?function\*? .*)\{$[^]*?^\}$/gm;
const CLASS = /^(var \w+ = class .*)\{$[^]*?^\};$/gm;

/** In a text with these, the names of the whole bundle would be shortened, too. */
const IMPORTS_OR_EXPORTS = /^(?:import|export)\b/m;

/** Packages whose errors are named after their classes. In others, local names are shortened. */
const NAMED = /\/node_modules\/(?:redis-errors|ioredis\/built\/errors)\//;

/**
 * @param bundles The unminified text of each file, by name.
 * @returns the texts without unused parts of packages, and without their comments and indentation.
 * @throws {Error} if a part to remove is no longer there.
 */
export async function lighten(bundles: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const light = new Map<string, string>();
  const met = new Set<RegExp>();
  for (const [name, text] of bundles) {
    const modules = text.split(MODULE).map((module) => withoutUnused(module, met));
    const minified = withoutUnreachable(modules).map((module) => minify(module));
    light.set(name, (await Promise.all(minified)).join(""));
  }
  for (const file of [...UNUSED_MODULES, ...TRIMS.map((trim) => trim.file)]) {
    if (!met.has(file)) throw new Error(`nothing to remove from ${file.source}`);
  }
  return light;
}

function pathOf(module: string): string | undefined {
  return PACKAGED.exec(module)?.[1];
}

/** @param met Gets the patterns of the files in which something was removed. */
function withoutUnused(module: string, met: Set<RegExp>): string {
  const path = pathOf(module);
  if (path === undefined) return module;
  let used = module;
  const unused = UNUSED_MODULES.find((file) => file.test(path));
  if (unused !== undefined) used = emptied(module);
  const trim = TRIMS.find(({ file }) => file.test(path));
  if (trim !== undefined) used = used.replace(trim.unused, trim.instead);
  const file = unused ?? trim?.file;
  if (file !== undefined && used !== module) met.add(file);
  return used;
}

/** The module without code. A CommonJS one exports a class, because others may extend it. */
function emptied(module: string): string {
  const start = COMMON_JS.exec(module)?.[1];
  if (start === undefined) {
    return module
      .replace(FUNCTION, '$1{ throw new Error("azu does not contain this"); }')
      .replace(CLASS, "$1{};");
  }
  return module.replace(COMMON_JS, "$1(exports, module) {\nmodule.exports = class {};\n  }");
}

/** Without the CommonJS modules of a bundle that no other module requires. */
function withoutUnreachable(modules: readonly string[]): string[] {
  const mentions = new Map<string, number>();
  for (const [name] of modules.join("").matchAll(/\brequire_\w+/g)) {
    mentions.set(name, (mentions.get(name) ?? 0) + 1);
  }
  const reached = modules.filter((module) => {
    const name = /^var (require_\w+) = __commonJS\(/m.exec(module)?.[1];
    return name === undefined || mentions.get(name) !== 1;
  });
  // What a removed module required may not be required by others.
  return reached.length === modules.length ? reached : withoutUnreachable(reached);
}

async function minify(module: string): Promise<string> {
  const path = pathOf(module);
  if (path === undefined) return withoutIndentation(module);
  // Not minifySyntax: it drops imported names that only other modules of the bundle use.
  const { code } = await transform(module, {
    minifyWhitespace: true,
    minifyIdentifiers: !NAMED.test(path) && !IMPORTS_OR_EXPORTS.test(module),
    legalComments: "none",
  });
  return `// ${path}\n${code}`;
}

/** The same lines without the blanks before them, except in texts of several lines. */
function withoutIndentation(module: string): string {
  const source = ts.createSourceFile("module.js", module, ts.ScriptTarget.ESNext);
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line;
  const inTexts = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateLiteralToken(node)) {
      const first = lineOf(node.getStart(source));
      for (let line = lineOf(node.end); line > first; line--) inTexts.add(line);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return module.split("\n").map((line, index) => inTexts.has(index) ? line : line.trimStart())
    .join("\n");
}
