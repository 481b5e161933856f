/**
 * The short way for a config that is plain JavaScript, as most are. Loading the type stripper takes
 * longer than the rest of a command. A config that is not certainly plain takes the long way.
 */

/** `import { a, b as c } from "azu"` or from a `node:` module, on one line. */
const IMPORT = /^import \{([\w$\s,]*)\} from ("azu"|'azu'|"node:[\w/]+"|'node:[\w/]+');?[ \t\r]*$/;

const EXPORT = /^export default(?=[\s({[])/;

/** As long as the text it replaces, so that columns stay the same. */
export const PLAIN_EXPORT = "dflt";
const EXPORT_REPLACEMENT = `exports.${PLAIN_EXPORT} =`;

/**
 * A module as the body of a function, with unchanged line numbers. Undefined if it may contain
 * types, or a string or comment of several lines that could contain text like a statement.
 */
export function plainBody(source: string): string | undefined {
  const lines = source.split("\n");
  const isCode = (line: string) => !/^\s*(?:\/\/|$)/.test(line);
  // Types that are also valid JavaScript with another meaning contain a "<".
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
