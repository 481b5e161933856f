/**
 * Reads which session stores an Azu app was built with, from its `src/initializers/session.cr`. It
 * knows what setup writes, what earlier versions wrote, and what the session shard documents. What
 * is written in another way is reported as not certain.
 */
import { codeOf } from "./crystal/code.ts";
import { readCrystalSpan, readCrystalString } from "./crystal/literal.ts";
import type { Initializer, StatedStore, StoreKind } from "./stated_store.ts";

/** A source and its code: see {@linkcode codeOf}. */
interface Source {
  readonly text: string;
  readonly code: string;
}

const NOTHING: StatedStore = { kinds: [], clustered: false };

/** Reads an initializer. Never throws, and takes linear time. */
export function readInitializer(original: string): Initializer {
  const text = original.replaceAll("\r\n", "\n");
  const code = codeOf(text);
  if (code === undefined) return notCertain(text);
  const source = { text, code };
  return readChoice(source) ?? { environments: new Map(), otherwise: readStores(source) };
}

/** What is known of a source that cannot be read: without the word, its nodes have no caches. */
function notCertain(text: string): Initializer {
  const caches = /cluster/i.test(text) ? { channel: null } : {};
  return { environments: new Map(), otherwise: { kinds: undefined, clustered: false, ...caches } };
}

// What setup writes

/** The place where the generated code chooses the stores of an environment. */
const CHOICE = /^ {2}class_getter session_stores : SessionStores do *\n/gm;
/** How the generated code finds out its environment, and the key of a session. */
const ENVIRONMENT =
  'SESSION_ENVIRONMENT = ENV["AZU_ENV"]?.presence || ENV["CRYSTAL_ENV"]?.presence || "production"\n';
const PREFIXED = 'def prefixed(key : String) : String\n      "#{@key_prefix}#{key}"\n    end\n';

/** Where the stores are defined, or defined again: all but `Shop.session_stores`. */
const STORES = /(?<![.\w])session_stores\b|\b(?:self|def [\w:]+)\.session_stores\b/g;

/** The code between an option and its use in the stores, as this version and earlier ones write it. */
const USES = {
  keyPrefix: {
    name: /\bkey_prefix\b(?!: )/g,
    redis: [
      "def self.open(key_prefix : String, pool_size",
      [
        "SessionStores.new { new(key_prefix, pool, name).as(SessionStore) }",
        "SessionStores.new { new(key_prefix, pool).as(SessionStore) }",
      ],
      [
        "def initialize(@key_prefix : String, pool : ConnectionPool, @name : String)\n" +
        "      super(pool: pool)\n    end",
        "def initialize(@key_prefix : String, pool : ConnectionPool)\n" +
        "      super(pool: pool)\n    end",
      ],
      "keys.map(&.lchop(@key_prefix)).uniq!",
      "@key_prefix.gsub(",
    ],
    clustered: [
      "def self.open(key_prefix : String, channel : String,",
      [
        "SessionStores.new { new(key_prefix, pool, name, cache).as(SessionStore) }",
        "SessionStores.new { new(key_prefix, pool, cache).as(SessionStore) }",
      ],
      [
        "def initialize(key_prefix : String, pool : ConnectionPool, name : String,\n" +
        "                   @cache : SessionCache)\n      super(key_prefix, pool, name)\n    end",
        "def initialize(key_prefix : String, pool : ConnectionPool, @cache : SessionCache)\n" +
        "      super(key_prefix, pool)\n    end",
      ],
    ],
  },
  table: {
    name: /\btable\b(?!: )/g,
    database: [
      "record Shared, db : DB::Database, table : String",
      "def self.open(table : String,",
      ["quoted_table = quoted(table, ", "name = quoted(table, "],
      ["Shared.new(DB.open(url), quoted_table, name", "Shared.new(DB.open(url), name"],
      "def self.quoted(table : String, quote : Char)",
      "parts = table.scan(",
    ],
  },
} as const;

/** Code that occurs once; a list is of its forms. */
type Snippets = readonly (string | readonly string[])[];

/** Whether a name occurs only in the code that setup wrote. */
function isUsedOnlyIn({ code }: Source, name: RegExp, snippets: Snippets): boolean {
  const found = snippets.flatMap((forms) => {
    const form = [forms].flat().find((form) => code.split(form).length === 2);
    return form ?? [];
  });
  return found.length === snippets.length && count(code, name) === count(found.join("\n"), name);
}

/** Undefined if setup did not write the source. */
function readChoice(source: Source): Initializer | undefined {
  const { text, code } = source;
  const [start] = code.matchAll(CHOICE);
  if (start === undefined) {
    // Such a source has two stores, and nothing else in it tells which comes first.
    return /\bMigratingSessionStore\b/.test(code) ? notCertain(text) : undefined;
  }
  const choice = choiceAt(source, start.index + start[0].length);
  const isIntact = count(code, STORES) === 1 &&
    count(code, /\bSESSION_ENVIRONMENT\s*=/g) === 1 && text.includes(ENVIRONMENT) &&
    !code.includes("{%");
  return choice !== undefined && isIntact ? choice : notCertain(text);
}

/** `RedisSessionStore.open(…)`, or a `case` with one for each environment. */
function choiceAt(source: Source, start: number): Initializer | undefined {
  const take = taker(source.code, start);
  const environments = new Map<string, StatedStore>();
  const isCase = take(/ {4}case SESSION_ENVIRONMENT *\n/y) !== undefined;
  while (isCase) {
    const when = take(/ {4}when ("[^"]*"(?:, "[^"]*")*) *\n/dy);
    if (when === undefined) break;
    const stated = openAt(source, take);
    if (stated === undefined) return undefined;
    for (const name of literalsIn(source, when.indices?.[1])) {
      if (name === undefined || environments.has(name)) return undefined;
      environments.set(name, stated);
    }
  }
  if (isCase && take(/ {4}else *\n/y) === undefined) return undefined;
  const otherwise = openAt(source, take);
  if (isCase && take(/ {4}end *\n/y) === undefined) return undefined;
  if (otherwise === undefined || take(/ {2}end *\n/y) === undefined) return undefined;
  return { environments, otherwise };
}

type Take = ReturnType<typeof taker>;

/** Reads code piece by piece, from an offset. Skips empty lines, and those of comments. */
function taker(code: string, start: number) {
  let at = start;
  return (sticky: RegExp): RegExpExecArray | undefined => {
    const empty = /(?: *\n)*/y;
    empty.lastIndex = at;
    sticky.lastIndex = at + (empty.exec(code)?.[0].length ?? 0);
    const match = sticky.exec(code) ?? undefined;
    if (match !== undefined) at = sticky.lastIndex;
    return match;
  };
}

/** The options of a call: each a name, and a literal or a number. */
const OPTION = /\s*(\w+): ("[^"]*"|[\w.]+) *(?:,|\s*$)/dy;

/** What the code that opens a store says, or that which opens two to move sessions. */
function openAt(source: Source, take: Take): StatedStore | undefined {
  if (take(/ +MigratingSessionStore\.open\( *\n/y) === undefined) {
    return openStoreAt(source, take, ALONE);
  }
  const primary = openStoreAt(source, take, PRIMARY);
  const direction = take(/ +(from|to):(?= )/y)?.[1];
  const second = openStoreAt(source, take, PRIMARY);
  if (primary === undefined || direction === undefined || second === undefined) return undefined;
  if (take(/ +\) *\n/y) === undefined) return undefined;
  return direction === "from"
    ? { ...primary, migratesFrom: second }
    : { ...primary, migratesTo: second };
}

const ALONE = / +(Memory|Redis|Clustered|Database)SessionStore\.open\(([^()]*)\) *\n/dy;
const PRIMARY = / +(Redis|Clustered|Database)SessionStore\.open\(([^()]*)\), *\n/dy;

/** What `RedisSessionStore.open(key_prefix: "shop:")` says. */
function openStoreAt(source: Source, take: Take, pattern: RegExp): StatedStore | undefined {
  const open = take(pattern);
  const [from, to] = open?.indices?.[2] ?? [];
  if (open === undefined || from === undefined || to === undefined) return undefined;
  const options = new Map<string, string | undefined>();
  let cacheTtl: number | undefined;
  const takeOption = taker(source.code.slice(0, to), from);
  for (let option = takeOption(OPTION); option; option = takeOption(OPTION)) {
    const [, name = "", value = ""] = option;
    if (options.has(name)) return undefined;
    options.set(name, literalsIn(source, option.indices?.[2])[0]);
    if (name === "cache_ttl") cacheTtl = readCrystalSpan(value);
  }
  if (takeOption(/\s*$/y) === undefined) return undefined;
  return {
    ...statedBy(source, open[1] ?? "", options),
    ...known("cacheTtl", cacheTtl),
    ...known("name", options.get("name")),
    ...known("urlVariable", options.get("url_variable")),
  };
}

const ENGINES = ["postgres", "mysql", "sqlite"] as const;

function statedBy(
  source: Source,
  store: string,
  options: ReadonlyMap<string, string | undefined>,
): StatedStore {
  if (store === "Memory") return { kinds: ["memory"], clustered: false };
  if (store === "Database") {
    const { name, database } = USES.table;
    const table = isUsedOnlyIn(source, name, database) ? options.get("table") : undefined;
    const engine = ENGINES.find((engine) => engine === options.get("engine"));
    return {
      kinds: ["database"],
      clustered: false,
      ...known("table", table),
      ...known("engine", engine),
    };
  }
  const clustered = store === "Clustered";
  const { name, ...uses } = USES.keyPrefix;
  const hasCaches = /\bclass ClusteredSessionStore\b/.test(source.code);
  const snippets = [...uses.redis, ...hasCaches ? uses.clustered : []];
  const isIntact = source.text.includes(PREFIXED) &&
    count(source.code, /\bdef prefixed\b/g) === 1 && isUsedOnlyIn(source, name, snippets);
  return {
    kinds: ["redis"],
    clustered,
    ...known("keyPrefix", isIntact ? options.get("key_prefix") : undefined),
    ...(clustered ? { channel: options.get("channel") ?? null } : {}),
  };
}

// What earlier versions wrote, and what the shard documents

/** The shard's stores, and names that others have given to theirs. */
const KINDS: ReadonlyMap<string, StoreKind> = new Map([
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

/** The prefix of the session shard's own Redis store. */
const SHARD_PREFIX = "session:";

const STORE = new RegExp(
  `(?<![\\w@.])(?<!::)((?:::)?(?:[A-Z]\\w*::)*)(${[...KINDS.keys()].join("|")})\\b`,
  "g",
);

/** The stores that the code names, and the constants of their class. */
function readStores(source: Source): StatedStore {
  const { code } = source;
  const named = [...code.matchAll(STORE)];
  const kinds = new Set(named.flatMap(([, , name = ""]) => KINDS.get(name) ?? []));
  // A store of the app's own, over crystal-db.
  const own = classBody(source, /(?:::)?(?:Session::)?Store\(/);
  if (own !== undefined && /(?<!\w)DB\b/.test(code)) kinds.add("database");
  const [kind] = kinds;
  if (kind === undefined) return NOTHING;
  if (kinds.size > 1) return { kinds: [...kinds], clustered: false };
  if (kind === "database") {
    return { kinds: [kind], clustered: false, ...known("table", tableIn(source, own)) };
  }
  if (kind !== "redis") return { kinds: [kind], clustered: false };
  const clustered = named.some(([, , name]) => name === "ClusteredRedisStore") ||
    /\bcluster\.enabled\s*(?:\|\|)?=(?!=|\s*false\b)/.test(code) || /\bClusterConfig\b/.test(code);
  const channel = clustered ? channelIn(source) : undefined;
  return {
    kinds: [kind],
    clustered,
    ...known("keyPrefix", prefixIn(source, named)),
    ...(channel === undefined ? {} : { channel }),
  };
}

/** A method that puts a text or `KEY_PREFIX` before the key, and does nothing else. */
const METHOD = /\bdef prefixed\((\w+)(?: : String)?\)(?: : String)?\s*\n\s*("[^"]*")\s*\n\s*end\b/d;

/** The prefix of the keys; undefined if it is not certain. */
function prefixIn(source: Source, named: readonly RegExpExecArray[]): string | undefined {
  const { code, text } = source;
  const methods = count(code, /\bdef (?:self\.)?prefixed\b/g);
  if (methods === 0) {
    const isShards = named.every(([, path = ""]) => /^(?:::)?(?:Session::)?$/.test(path)) &&
      !/\bclass (?:\w+::)*\w*RedisStore\b/.test(code) && !/\bKEY_PREFIX\b/.test(code);
    return isShards ? SHARD_PREFIX : undefined;
  }
  const body = classBody(source, /(?:::)?(?:Session::)?\w*RedisStore\(/);
  const method = METHOD.exec(code);
  const [from, to] = method?.indices?.[2] ?? [];
  if (body === undefined || method === null || from === undefined || methods > 1) return undefined;
  if (from < body.from || from > body.to || code.includes("{%")) return undefined;
  const end = `#{${method[1]}}"`;
  const literal = text.slice(from, to);
  if (!literal.endsWith(end)) return undefined;
  const before = literal.slice(0, -end.length);
  const constant = '"#{KEY_PREFIX}';
  if (!before.startsWith(constant)) return readCrystalString(`${before}"`);
  const prefix = constantIn(source, "KEY_PREFIX");
  const rest = readCrystalString(`"${before.slice(constant.length)}"`);
  return prefix === undefined || rest === undefined ? undefined : prefix + rest;
}

/** The table that the class of the store names. */
function tableIn(source: Source, body: Range | undefined): string | undefined {
  const names = ["TABLE", "TABLE_NAME"].filter((name) =>
    new RegExp(`\\b${name}\\s*=`).test(source.code)
  );
  const [name] = names;
  if (name === undefined || names.length > 1 || body === undefined) return undefined;
  const at = source.code.search(new RegExp(`\\b${name}\\s*=`));
  return at > body.from && at < body.to ? constantIn(source, name) : undefined;
}

/** The text of a constant that is assigned once, as a plain literal on a line of its own. */
function constantIn(source: Source, name: string): string | undefined {
  const { code } = source;
  if (
    code.includes("{%") || count(code, new RegExp(`\\b${name}\\s*(?:\\|\\|)?=(?!=)`, "g")) !== 1
  ) {
    return undefined;
  }
  const line = new RegExp(`^ *${name} = ("[^"]*") *$(?!\\s*\\.)`, "dm").exec(code);
  return literalsIn(source, line?.indices?.[1])[0];
}

/** Null if it is not certain; undefined if the code names none. */
function channelIn(source: Source): string | null | undefined {
  const { code } = source;
  const named = count(code, /\bcluster\.channel\s*(?:\|\|)?=(?!=)|\bchannel:/g);
  if (named === 0) return undefined;
  const line = /^ {2}config\.cluster\.channel = ("[^"]*") *$(?!\s*\.)/dm.exec(code);
  if (named > 1 || line === null || code.includes("{%")) return null;
  return literalsIn(source, line.indices?.[1])[0] ?? null;
}

/** Offsets in the code. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * The body of the only class with such a base class. It ends at the `end` with the indentation of
 * the class.
 */
function classBody({ code }: Source, base: RegExp): Range | undefined {
  const heads = new RegExp(`^( *)class [\\w:]+(?:\\([\\w, ]*\\))? < ${base.source}`, "gm");
  const [head, another] = code.matchAll(heads);
  if (head === undefined || another !== undefined) return undefined;
  const from = head.index + head[0].length;
  const end = new RegExp(`^${head[1]}end\\b`, "m").exec(code.slice(from));
  return end === null ? undefined : { from, to: from + end.index };
}

/** The literals between two offsets: a text, or undefined if it is not plain. */
function literalsIn(
  { text, code }: Source,
  range: readonly [number, number] | undefined,
): (string | undefined)[] {
  if (range === undefined) return [];
  const [from, to] = range;
  return Array.from(
    code.slice(from, to).matchAll(/"[^"]*"/g),
    ({ 0: literal, index }) =>
      readCrystalString(text.slice(from + index, from + index + literal.length)),
  );
}

function known<Name extends string, Value>(name: Name, value: Value | undefined) {
  return value === undefined ? {} : { [name]: value };
}

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}
