/** Reads which session store an Azu app was built with, from its `src/initializers/session.cr`. */
import { type Token, tokenize } from "../crystal/lexer.ts";
import {
  afterParentheses,
  codeAt,
  type Definitions,
  insideClasses,
  isKeyword,
  literalAt,
  literalsOf,
  onlyOne,
  readDefinitions,
} from "../crystal/names.ts";
import { findStores, kindOf, type StoreKind, type UsedStore } from "./stores.ts";

export type { StoreKind } from "./stores.ts";

/** The session settings found in an initializer. */
export interface Initializer {
  /** The stores that the code may use: empty if none is recognised, several if unclear. */
  readonly stores: readonly StoreKind[];
  /** Whether the app's nodes cache the sessions of Redis. */
  readonly clustered: boolean;
  /** The channel on which such nodes listen; null if it cannot be read. */
  readonly clusterChannel?: string | null;
  /** The Redis key prefix, if it is a plain literal. */
  readonly keyPrefix?: string;
  /** The table, if it is a plain literal. */
  readonly table?: string;
}

/** The prefix that the session shard puts before every key, in `RedisStore#prefixed`. */
const SHARD_PREFIX = "session:";

/** Reads an initializer. Comments and strings that name a store do not count. */
export function readInitializer(source: string): Initializer {
  const tokens = tokenize(source);
  const definitions = readDefinitions(tokens);
  const { used, classes } = findStores(tokens, definitions);
  const inStore = insideClasses(source, tokens, classes);
  const stores = [...new Set(used.map((store) => store.kind))];
  const isRedis = stores.includes("redis");
  const keyPrefix = isRedis ? keyPrefixOf(tokens, inStore, used, definitions) : undefined;
  const clustered = isRedis &&
    (used.some(({ last }) => last === "ClusteredRedisStore") || isClusterEnabled(tokens));
  const clusterChannel = clustered ? clusterChannelOf(tokens) : undefined;
  const table = stores.includes("database") ? tableOf(tokens, inStore) : undefined;
  return {
    stores,
    clustered,
    ...(clusterChannel === undefined ? {} : { clusterChannel }),
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    ...(table === undefined ? {} : { table }),
  };
}

/** The files that a Crystal source requires, in order. */
export function requiresOf(source: string): string[] {
  const tokens = tokenize(source);
  return tokens.flatMap((token, index) => {
    const file = tokens[index + 1];
    if (token.kind !== "identifier" || token.text !== "require") return [];
    if (!beginsStatement(tokens, index) || file?.kind !== "string" || !file.literal) return [];
    return [file.value];
  });
}

function beginsStatement(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  return before === undefined || before.kind === "newline" ||
    [";", "%}"].includes(codeAt(tokens, index - 1));
}

/** The prefix in the store's class. In other classes, these names mean something else. */
function keyPrefixOf(
  tokens: readonly Token[],
  inStore: readonly number[],
  used: readonly UsedStore[],
  definitions: Definitions,
): string | undefined {
  const isPrefixed = (index: number) =>
    codeAt(tokens, index) === "prefixed" && isKeyword(tokens, index - 1, "def");
  const methods = inStore.filter(isPrefixed);
  if (methods.length > 0) return onlyOne(methods.map((index) => prefixIn(tokens, index)));
  const constants = literalsOf(tokens, inStore, "KEY_PREFIX");
  if (constants.length > 0) return onlyOne(constants);
  // The end of a class is guessed from indentation, so a method after it may belong to the store.
  if ([...tokens.keys()].some(isPrefixed)) return undefined;
  return used.every((store) => isShards(store, definitions)) ? SHARD_PREFIX : undefined;
}

function tableOf(tokens: readonly Token[], inStore: readonly number[]): string | undefined {
  const table = literalsOf(tokens, inStore, "TABLE");
  return onlyOne(table.length > 0 ? table : literalsOf(tokens, inStore, "TABLE_NAME"));
}

/** Whether the store is the shard's own Redis store, and not a class of the app with that name. */
function isShards(store: UsedStore, definitions: Definitions): boolean {
  if (store.kind !== "redis") return false;
  const bases = definitions.get(store.last);
  if (bases !== undefined) return bases.every((base) => kindOf(base) === "redis");
  return store.path === store.last || store.path === `Session::${store.last}`;
}

/**
 * The string that the method at `index` puts before its argument. Undefined if the method is anything
 * but one such string.
 */
function prefixIn(tokens: readonly Token[], index: number): string | undefined {
  const at = bodyOf(tokens, index);
  const text = tokens[at];
  const argument = codeAt(tokens, index + 2);
  if (text?.kind !== "string" || codeAt(tokens, at + 1) !== "#{" || argument === "") {
    return undefined;
  }
  if (codeAt(tokens, at + 2) === argument) {
    return endsMethod(tokens, at + 3) ? text.value : undefined;
  }
  // `"#{KEY_PREFIX}#{key}"`: a constant first, then perhaps a text, then the argument.
  const constant = tokens[at + 2];
  if (constant?.kind !== "constant" || codeAt(tokens, at + 3) !== "}") return undefined;
  const value = onlyOne(literalsOf(tokens, tokens.keys(), constant.text));
  const between = tokens[at + 4];
  const next = between?.kind === "text" ? at + 5 : at + 4;
  if (value === undefined || codeAt(tokens, next) !== "#{") return undefined;
  if (codeAt(tokens, next + 1) !== argument || !endsMethod(tokens, next + 2)) return undefined;
  return text.value + value + (between?.kind === "text" ? between.value : "");
}

/** The index of the first token in the body of the method at `index`. */
function bodyOf(tokens: readonly Token[], index: number): number {
  let at = afterParentheses(tokens, index + 1);
  if (codeAt(tokens, at) === ":") at += 2; // the type that it returns
  const begin = afterBreaks(tokens, at);
  return codeAt(tokens, begin) === "return" ? begin + 1 : begin;
}

/** Whether nothing follows the argument that ends before `index`, but perhaps a text. */
function endsMethod(tokens: readonly Token[], index: number): boolean {
  const isText = codeAt(tokens, index) === "." && codeAt(tokens, index + 1) === "to_s";
  const close = isText ? index + 2 : index;
  if (codeAt(tokens, close) !== "}") return false;
  const next = tokens[close + 1]?.kind === "text" ? close + 2 : close + 1;
  const end = afterBreaks(tokens, next);
  return end > next && isKeyword(tokens, end, "end");
}

function afterBreaks(tokens: readonly Token[], index: number): number {
  let at = index;
  while (tokens[at]?.kind === "newline" || codeAt(tokens, at) === ";") at++;
  return at;
}

/**
 * Whether the code enables the caches. A computed value counts as enabling them: telling nodes
 * without caches does no harm.
 */
export function isClusterEnabled(tokens: readonly Token[]): boolean {
  return settingsOf(tokens, "enabled").some(({ value }) => codeAt(tokens, value) !== "false");
}

/** The channel in the code: null if it cannot be read, undefined if none is set. */
export function clusterChannelOf(tokens: readonly Token[]): string | null | undefined {
  const found = settingsOf(tokens, "channel");
  if (found.length === 0) return undefined;
  return onlyOne(found.map(({ value, ends }) => literalAt(tokens, value, ends))) ?? null;
}

interface Setting {
  /** The index of the first token of its value. */
  readonly value: number;
  /** The code that can end that value. */
  readonly ends?: string[];
}

/** Each `….cluster.name = value`, and each `name: value` among a `ClusterConfig`'s arguments. */
function settingsOf(tokens: readonly Token[], name: string): Setting[] {
  return [...tokens.keys()].flatMap((index) => {
    if (codeAt(tokens, index) === "ClusterConfig") return argumentsOf(tokens, index + 1, name);
    if (codeAt(tokens, index) !== "cluster" || codeAt(tokens, index + 1) !== ".") return [];
    const isSet = codeAt(tokens, index + 2) === name &&
      /^(?:\|\|)?=$/.test(codeAt(tokens, index + 3));
    return isSet ? [{ value: afterNewlines(tokens, index + 4) }] : [];
  });
}

/** The value of the named argument in the `.new(…)` at `index`. */
function argumentsOf(tokens: readonly Token[], index: number, name: string): Setting[] {
  if (codeAt(tokens, index) !== "." || codeAt(tokens, index + 1) !== "new") return [];
  let depth = 0;
  for (let at = index + 2; at < tokens.length; at++) {
    const code = codeAt(tokens, at);
    if (code === "(") depth++;
    else if (code === ")") depth--;
    if (depth === 0 || code === "ClusterConfig") break;
    if (depth !== 1 || code !== name || codeAt(tokens, at + 1) !== ":") continue;
    return [{ value: afterNewlines(tokens, at + 2), ends: [",", ")"] }];
  }
  return [];
}

function afterNewlines(tokens: readonly Token[], index: number): number {
  let at = index;
  while (tokens[at]?.kind === "newline") at++;
  return at;
}
