/**
 * What an initializer says about nodes of the app that share one Redis, cache sessions, and tell
 * each other about changes on a channel. This is not about Redis Cluster.
 */
import type { Token } from "../crystal/lexer.ts";
import { codeAt } from "../crystal/names.ts";
import { literalAt, onlyOne } from "../crystal/names.ts";

/**
 * Whether the code enables the caches. A computed value may enable them, and telling nodes without
 * caches does no harm.
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
