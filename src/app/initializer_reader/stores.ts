import type { Token } from "../crystal/lexer.ts";
import { codeAt, type Definitions, type Name, nameAt } from "../crystal/names.ts";

/** Where a session store keeps its sessions. */
export type StoreKind = "redis" | "database" | "memory" | "cookie";

/** A store that the code may use: one with a known name, or a class of the app of a known kind. */
export interface UsedStore extends Name {
  readonly kind: StoreKind;
}

const KNOWN: ReadonlyMap<string, StoreKind> = new Map([
  ["RedisStore", "redis"],
  ["PooledRedisStore", "redis"],
  ["ClusteredRedisStore", "redis"],
  ["DatabaseStore", "database"],
  ["SqlStore", "database"],
  ["SQLStore", "database"],
  ["CQLStore", "database"],
  ["CqlStore", "database"],
  ["DBStore", "database"],
  ["DbStore", "database"],
  ["MemoryStore", "memory"],
  ["CookieStore", "cookie"],
]);

/** The kind of store that `name` is known to be. */
export function kindOf(name: Name): StoreKind | undefined {
  return KNOWN.get(name.last);
}

/** The stores in use, and the names of the classes in this file that define them. */
export interface FoundStores {
  readonly used: readonly UsedStore[];
  readonly classes: ReadonlySet<string>;
}

/** The stores that the code selects, or else all known stores that it names. */
export function findStores(tokens: readonly Token[], definitions: Definitions): FoundStores {
  const found = resolve(usesIn(tokens), definitions, tokens);
  if (found.used.length > 0) return found;
  const named = namedIn(tokens);
  if (named.length === 0) return { used: [], classes: new Set() };
  const classes = [...definitions.keys()].filter((name) =>
    resolve([{ last: name, path: name }], definitions, tokens).used.length > 0
  );
  return { used: named, classes: new Set(classes) };
}

function namedIn(tokens: readonly Token[]): UsedStore[] {
  return tokens.flatMap((token, index) => {
    const kind = token.kind === "constant" ? KNOWN.get(token.text) : undefined;
    if (kind === undefined) return [];
    const last = codeAt(tokens, index);
    // The token before a leading `::` is not a namespace.
    const isInside = codeAt(tokens, index - 1) === "::" && tokens[index - 2]?.kind === "constant";
    return [{ last, path: isInside ? `${codeAt(tokens, index - 2)}::${last}` : last, kind }];
  });
}

/** The arguments of `Session.use_store(…)`, `config.store = …` and `config.provider = …`. */
function usesIn(tokens: readonly Token[]): Name[] {
  return [...tokens.keys()].flatMap((index) => {
    const value = usedFrom(tokens, index);
    const name = value === undefined ? undefined : nameAt(tokens, value);
    return name === undefined ? [] : [name];
  });
}

/** The index of the expression that names the store, when the tokens at `index` use one. */
function usedFrom(tokens: readonly Token[], index: number): number | undefined {
  if (codeAt(tokens, index - 1) !== ".") return undefined;
  const word = codeAt(tokens, index);
  const next = codeAt(tokens, index + 1);
  if (word === "use_store" && codeAt(tokens, index - 2) === "Session") {
    return next === "(" ? index + 2 : index + 1;
  }
  const assigned = (word === "store" || word === "provider") && (next === "=" || next === "||=");
  return assigned ? index + 2 : undefined;
}

function resolve(
  uses: readonly Name[],
  definitions: Definitions,
  tokens: readonly Token[],
): FoundStores {
  const found: UsedStore[] = [];
  const seen = new Set<string>();
  const pending = uses.toReversed();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const kind = kindOf(name);
    if (kind !== undefined) found.push({ ...name, kind });
    if (seen.has(name.last)) continue;
    seen.add(name.last);
    const bases = definitions.get(name.last) ?? [];
    if (kind === undefined && bases.some(isAbstractStore) && usesDatabase(tokens)) {
      found.push({ ...name, kind: "database" });
    }
    // A known name decides the kind, whatever its base class is.
    const followed = bases.filter((base) => kind === undefined || kindOf(base) === kind);
    for (const base of followed.toReversed()) pending.push(base);
  }
  return { used: found, classes: seen };
}

/** Whether the name is the shard's abstract class for stores. */
function isAbstractStore({ path }: Name): boolean {
  return path === "Store" || path === "Session::Store";
}

/** Whether the code uses crystal-db, whose constant is `DB`. */
function usesDatabase(tokens: readonly Token[]): boolean {
  return tokens.some((token) => token.kind === "constant" && token.text === "DB");
}
