/** Reads which session store an Azu app was built with, from its `src/initializers/session.cr`. */

import { type Token, tokenize } from "./crystal.ts";
import {
  afterParentheses,
  codeAt,
  type Definitions,
  isAssigned,
  isKeyword,
  readDefinitions,
} from "./crystal_names.ts";
import { findStores, kindOf, type StoreKind, type UsedStore } from "./initializer_stores.ts";

export type { StoreKind } from "./initializer_stores.ts";

/** What the code of an initializer says about where the sessions are. */
export interface Initializer {
  /** Which stores the code can be using: none when none is recognised, several when in doubt. */
  readonly stores: readonly StoreKind[];
  /** True when the store is the clustered Redis one. */
  readonly clustered: boolean;
  /** The Redis key prefix that the code states, when it is a plain literal. */
  readonly keyPrefix?: string;
  /** The table that the code states, when it is a plain literal. */
  readonly table?: string;
}

/** The prefix that the session shard itself puts before every key, in `RedisStore#prefixed`. */
const SHARD_PREFIX = "session:";

/** Reads the initializer `source`: comments and texts that name a store do not count. */
export function readInitializer(source: string): Initializer {
  const tokens = tokenize(source);
  const definitions = readDefinitions(tokens);
  const used = findStores(tokens, definitions);
  const stores = [...new Set(used.map((store) => store.kind))];
  const keyPrefix = stores.includes("redis") ? keyPrefixOf(tokens, used, definitions) : undefined;
  const table = stores.includes("database") ? tableOf(tokens) : undefined;
  return {
    stores,
    clustered: used.some((store) => store.last === "ClusteredRedisStore"),
    ...(keyPrefix ? { keyPrefix } : {}),
    ...(table ? { table } : {}),
  };
}

/** The files that `require "…"` statements of the Crystal `source` name, in order. */
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

function keyPrefixOf(
  tokens: readonly Token[],
  used: readonly UsedStore[],
  definitions: Definitions,
): string | undefined {
  const constant = literalsOf(tokens, "KEY_PREFIX");
  const methods = [...tokens.keys()].filter((index) =>
    codeAt(tokens, index) === "prefixed" && isKeyword(tokens, index - 1, "def")
  );
  if (constant.length > 0) {
    const stated = onlyOne(constant);
    const tail = onlyOne(methods.map((index) => textAfterConstant(tokens, index)));
    return stated && methods.length > 0 ? stated + (tail ?? "") : stated;
  }
  if (methods.length > 0) return onlyOne(methods.map((index) => textBeforeKey(tokens, index)));
  return used.every((store) => isShards(store, definitions)) ? SHARD_PREFIX : undefined;
}

function tableOf(tokens: readonly Token[]): string | undefined {
  const table = literalsOf(tokens, "TABLE");
  return onlyOne(table.length > 0 ? table : literalsOf(tokens, "TABLE_NAME"));
}

/** Whether the store is one of the shard's Redis stores, not one of the app's with such a name. */
function isShards(store: UsedStore, definitions: Definitions): boolean {
  if (store.kind !== "redis") return false;
  const bases = definitions.get(store.last);
  if (bases !== undefined) return bases.every((base) => kindOf(base) === "redis");
  return store.path === store.last || store.path === `Session::${store.last}`;
}

/** The value in all of `values`, when they agree. */
function onlyOne(values: readonly (string | undefined)[]): string | undefined {
  const distinct = new Set(values);
  return distinct.size === 1 ? values[0] : undefined;
}

/** What the constant is assigned each time: a text, or undefined when it is no plain literal. */
function literalsOf(tokens: readonly Token[], constant: string): (string | undefined)[] {
  return tokens.flatMap((token, index) => {
    if (token.kind !== "constant" || token.text !== constant) return [];
    return isAssigned(tokens, index) ? [literalAt(tokens, index + 2)] : [];
  });
}

function literalAt(tokens: readonly Token[], index: number): string | undefined {
  const token = tokens[index];
  if (token?.kind !== "string" || !token.literal) return undefined;
  let next = index + 1;
  while (tokens[next]?.kind === "newline") next++;
  // On a line of its own a method call still belongs to the text before it.
  if (codeAt(tokens, next) === ".") return undefined;
  const ends = next > index + 1 || next >= tokens.length ||
    [";", "end", "}"].includes(codeAt(tokens, next));
  return ends ? token.value : undefined;
}

/** The text that the method named at `index` puts before its own argument. */
function textBeforeKey(tokens: readonly Token[], index: number): string | undefined {
  const at = firstString(tokens, index);
  const text = tokens[at];
  const argument = codeAt(tokens, index + 2);
  if (text?.kind !== "string" || codeAt(tokens, at + 1) !== "#{") return undefined;
  return argument !== "" && codeAt(tokens, at + 2) === argument ? text.value : undefined;
}

/** The text that the method named at `index` puts between the constant and what comes next. */
function textAfterConstant(tokens: readonly Token[], index: number): string | undefined {
  const at = firstString(tokens, index);
  const before = tokens[at];
  if (before?.kind !== "string" || before.value !== "") return undefined;
  if (codeAt(tokens, at + 2) !== "KEY_PREFIX" || codeAt(tokens, at + 3) !== "}") return undefined;
  const text = tokens[at + 4];
  return text?.kind === "text" ? text.value : undefined;
}

/** The index of the first text in the body of the method named at `index`; past all if none. */
function firstString(tokens: readonly Token[], index: number): number {
  for (let at = afterParentheses(tokens, index + 1); at < tokens.length; at++) {
    if (tokens[at]?.kind === "string") return at;
    if (isKeyword(tokens, at, "end") || isKeyword(tokens, at, "def")) break;
  }
  return tokens.length;
}
