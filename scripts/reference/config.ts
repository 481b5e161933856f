/**
 * The tables of the config's keys. Meanings and defaults come from the comments in the schemas, and
 * what a value may be from the schemas' messages.
 */
import { join } from "node:path";
import * as v from "valibot";
import { configSchema } from "../../src/config/schema.ts";
import { openProgram, ts } from "../types/compiler.ts";
import { code, prose, slug, table } from "./markdown.ts";

interface Keys {
  /** The heading of its table. */
  readonly heading: string;
  /** A type that src/mod.ts exports, and the way from there to the type of the object. */
  readonly type: readonly [string, ...string[]];
}

/** The objects in the config that have a table, by their path. Others are rows of another table. */
const TABLES: ReadonlyMap<string, Keys> = new Map([
  ["config", { heading: "Top level", type: ["Config"] }],
  ["session", { heading: "Sessions", type: ["Config", "session"] }],
  ["audit", { heading: "Audit", type: ["Config", "audit"] }],
  ["session.cookie", { heading: "The cookie", type: ["CookieOptions"] }],
  ["session.backends.redis", { heading: "Redis", type: ["RedisOptions"] }],
  ["session.backends.database", { heading: "Databases", type: ["DatabaseOptions"] }],
  ["session.backends.memory", { heading: "Memory", type: ["MemoryOptions"] }],
  ["session.backends.database.layout", {
    heading: "Layout of a table",
    type: ["DatabaseLayout"],
  }],
  ["session.backends.redis.layout", { heading: "Layout of Redis keys", type: ["RedisLayout"] }],
]);

/** The blocks of the page of the config. @param root The folder of the repository. */
export function configTables(root: string): ReadonlyMap<string, string> {
  const entry = join(root, "src/mod.ts");
  const program = openProgram([entry]);
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(entry);
  const module = file && checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`Cannot read the exports of ${entry}`);
  const exported = checker.getExportsOfModule(module);

  const typeOf = ([name, ...path]: Keys["type"]): ts.Type => {
    const symbol = exported.find((symbol) => symbol.name === name);
    if (symbol === undefined) throw new Error(`src/mod.ts does not export ${name}`);
    const declared = symbol.flags & ts.SymbolFlags.Alias
      ? checker.getAliasedSymbol(symbol)
      : symbol;
    return path.reduce((type, key) => {
      const property = type.getProperty(key);
      const inner = property && objectIn(checker.getTypeOfSymbol(property), checker);
      if (inner === undefined) throw new Error(`${name} has no object ${key}`);
      return inner;
    }, checker.getDeclaredTypeOfSymbol(declared));
  };
  return new Map(
    Array.from(TABLES, ([name, { type }]) => {
      const path = name === "config" ? [] : name.split(".");
      return [name, table(HEAD, rowsOf(typeOf(type), path, [], checker))];
    }),
  );
}

const HEAD = ["key", "meaning", "value", "default"];

/** @param at The path of an object in the config. @param within The way to the type from there. */
function rowsOf(
  type: ts.Type,
  at: readonly string[],
  within: readonly string[],
  checker: ts.TypeChecker,
): string[][] {
  return type.getProperties().toSorted(byPlace).flatMap((property) => {
    const names = [...within, property.name];
    const path = [...at, ...names];
    const comment = ts.displayPartsToString(property.getDocumentationComment(checker));
    if (comment === "") throw new Error(`${path.join(".")} has no comment in the schema`);
    const { meaning, usual } = parted(comment.replaceAll(/\s+/g, " "));
    const own = TABLES.get(path.join("."));
    const value = own === undefined
      ? prose(expectedAt(path))
      : `see [${own.heading}](#${slug(own.heading)})`;
    const row = [code(names.join(".")), prose(meaning), value, prose(usual)];
    const inner = objectIn(checker.getTypeOfSymbol(property), checker);
    const isFlat = own !== undefined || inner === undefined || at.includes("layout") ||
      inner.getStringIndexType() !== undefined;
    return isFlat ? [row] : [row, ...rowsOf(inner, at, names, checker)];
  });
}

/** In the order of the schema. */
function byPlace(a: ts.Symbol, b: ts.Symbol): number {
  return (a.declarations?.[0]?.pos ?? 0) - (b.declarations?.[0]?.pos ?? 0);
}

/** A comment, and the default that it states as in `…; default: none.` */
function parted(comment: string): { readonly meaning: string; readonly usual: string } {
  const clause = /[;.] default:? ((?:`[^`]*`|[^`.])+)\./i;
  const [, usual = ""] = clause.exec(comment) ?? [];
  return { meaning: comment.replace(clause, ".").replace(/\.$/, ""), usual };
}

/** The plain object among the alternatives of a type, if it is the only one. */
function objectIn(type: ts.Type, checker: ts.TypeChecker): ts.Type | undefined {
  const parts = type.isUnion() ? type.types : [type];
  const objects = parts.filter((part) =>
    (part.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0 &&
    part.getCallSignatures().length === 0 && !checker.isArrayLikeType(part)
  );
  return objects.length === 1 ? objects[0] : undefined;
}

/** What the schema expects at a path, as the message about a wrong value says it. */
function expectedAt(path: readonly string[]): string {
  const config = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), null);
  const { issues = [] } = v.safeParse(configSchema, config);
  const issue = issues.find((issue) => v.getDotPath(issue) === path.join("."));
  const [, expected] = /^expected (.*), got null$/s.exec(issue?.message ?? "") ?? [];
  if (expected === undefined) throw new Error(`The schema accepts null as ${path.join(".")}`);
  return expected;
}
