/** The text of an inferred type: what the checker knows of it, spelled out. */
import { ts } from "./compiler.ts";
import { docOf } from "./source.ts";

/** A type that is told by its name where it occurs, rather than spelled out again. */
export interface NamedType {
  readonly symbol: ts.Symbol;
  readonly type: ts.Type;
}

export interface Expansion {
  readonly checker: ts.TypeChecker;
  readonly named: readonly NamedType[];
  /** Told each name that the text uses. */
  mention(symbol: ts.Symbol): void;
}

const AS_IS = ts.TypeFlags.StringLike | ts.TypeFlags.NumberLike | ts.TypeFlags.BooleanLike |
  ts.TypeFlags.Null | ts.TypeFlags.Unknown;

/** The right-hand side of a named type's declaration. */
export function definition(type: ts.Type, expansion: Expansion): string {
  const others = expansion.named.filter((named) => named.type !== type);
  return expanded(type, { ...expansion, named: others });
}

function expanded(type: ts.Type, expansion: Expansion): string {
  const { checker, named } = expansion;
  const known = named.find((candidate) => candidate.type === type);
  if (known !== undefined) return nameOf(known, expansion);
  if (type.isUnion()) return union(type, expansion);
  if (type.isIntersection()) return type.types.map((part) => expanded(part, expansion)).join(" & ");
  if (isPlainObject(type, checker)) return object(type, expansion);
  const printed = checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation);
  if (type.flags & AS_IS) return printed;
  throw new TypeError(`Cannot spell out ${printed}: give it a name, and export that by src/mod.ts`);
}

function nameOf({ symbol }: NamedType, expansion: Expansion): string {
  expansion.mention(symbol);
  return symbol.name;
}

/** Whether its properties and index signatures are all there is to it. */
function isPlainObject(type: ts.Type, checker: ts.TypeChecker): boolean {
  return (type.flags & ts.TypeFlags.Object) !== 0 && !checker.isArrayLikeType(type) &&
    type.getCallSignatures().length === 0 && type.getConstructSignatures().length === 0;
}

/** The checker flattens unions: a named one is found again by its members. */
function union({ types }: ts.UnionType, expansion: Expansion): string {
  const { checker, named } = expansion;
  let rest = types.filter((member) => !(member.flags & ts.TypeFlags.Undefined));
  const parts: string[] = [];
  const take = (members: ts.Type[], text: () => string) => {
    if (!members.every((member) => rest.includes(member))) return;
    rest = rest.filter((member) => !members.includes(member));
    parts.push(text());
  };
  take([checker.getTrueType(), checker.getFalseType()], () => "boolean");
  for (const candidate of named) {
    if (candidate.type.isUnion()) take(candidate.type.types, () => nameOf(candidate, expansion));
  }
  parts.push(...rest.map((member) => expanded(member, expansion)));
  // A key that is merely optional has another undefined: that one is what the ? says.
  if (types.includes(checker.getUndefinedType())) parts.push("undefined");
  return parts.join(" | ");
}

/** An object that has all properties of a named one is told as that one and the others. */
function object(type: ts.Type, expansion: Expansion): string {
  const own = places(type);
  const [base] = expansion.named
    .filter(({ type }) => isPlainObject(type, expansion.checker))
    .map((named) => ({ named, has: places(named.type) }))
    .filter(({ has }) => has.size > 0 && has.isSubsetOf(own))
    .sort((a, b) => b.has.size - a.has.size);
  if (base === undefined) return members(type, own, expansion);
  const name = nameOf(base.named, expansion);
  const others = own.difference(base.has);
  return others.size === 0 ? name : `${name} & ${members(type, others, expansion)}`;
}

/** Where each property is written, by which it is known again after a spread. */
function places(type: ts.Type): Set<ts.Declaration | undefined> {
  return new Set(type.getProperties().map((property) => property.declarations?.[0]));
}

function members(
  type: ts.Type,
  chosen: ReadonlySet<ts.Declaration | undefined>,
  expansion: Expansion,
): string {
  const { checker } = expansion;
  const indexes = checker.getIndexInfosOfType(type).map((index) => {
    const key = checker.typeToString(index.keyType);
    return `${index.isReadonly ? "readonly " : ""}[name: ${key}]: ${
      expanded(index.type, expansion)
    };`;
  });
  const properties = type.getProperties()
    .filter(({ declarations }) => chosen.has(declarations?.[0]))
    .map((property) => member(property, expansion));
  const lines = [...indexes, ...properties];
  const isShort = lines.length === 1 && lines.every((line) => !line.includes("\n"));
  // The formatter keeps an object on one line where it begins on one.
  return isShort ? `{ ${lines.join("")} }` : `{\n${lines.join("\n")}\n}`;
}

function member(property: ts.Symbol, expansion: Expansion): string {
  const [place] = property.declarations ?? [];
  const name = /^[\w$]+$/.test(property.name) ? property.name : JSON.stringify(property.name);
  const optional = property.flags & ts.SymbolFlags.Optional ? "?" : "";
  const type = expanded(expansion.checker.getTypeOfSymbol(property), expansion);
  return `${place === undefined ? "" : docOf(place)}${name}${optional}: ${type};`;
}
