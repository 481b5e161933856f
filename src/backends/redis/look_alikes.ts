/** Counts keys that look like sessions but are not under the configured prefix. */
import type { LookAlike } from "../contract.ts";
import { forEachKey, type RawKeys } from "./resp/scan.ts";

/** Different prefixes that are told apart; there is no end to what keys can be. */
const LIMIT = 20;

const decoder = new TextDecoder();

export class LookAlikes {
  readonly #counts = new Map<string, number>();
  readonly #prefix: Uint8Array;

  /** @param prefix The configured one. */
  constructor(prefix: Uint8Array) {
    this.#prefix = prefix;
  }

  add(keys: RawKeys): void {
    const counts = this.#counts;
    forEachKey(keys, (start, end) => {
      const key = keys.bytes.subarray(start, end);
      if (startsWith(key, this.#prefix)) return;
      const prefix = sessionPrefixOf(decoder.decode(key));
      if (prefix === undefined || (counts.size >= LIMIT && !counts.has(prefix))) return;
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    });
  }

  clear(): void {
    this.#counts.clear();
  }

  /** The most frequent first. */
  list(): LookAlike[] {
    return [...this.#counts]
      .map(([prefix, count]) => ({ pattern: `${prefix}*`, count }))
      .sort((a, b) => b.count - a.count);
  }
}

function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  return key.length >= prefix.length && prefix.every((byte, index) => key[index] === byte);
}

/**
 * `session:` or `<app>:session:`, where a key starts like one of them. What stands in the app's
 * place must look like a name and not like an id, for it will be printed.
 */
function sessionPrefixOf(key: string): string | undefined {
  const [prefix, name = ""] = /^(?:([A-Za-z_][\w.-]{0,40}):)?session:/.exec(key) ?? [];
  return isName(name) ? prefix : undefined;
}

/** Few random ids of 21 characters pass for a name: some in 100,000. */
function isName(text: string): boolean {
  if (UNLIKELY.test(text)) return false;
  const odd = text.split(/[._-]+/).filter((word) => !WORD.test(word));
  return odd.length <= 1 && odd.every((word) => /^[a-z\d]{1,5}$/.test(word)); // `k8s`
}

/** `shop`, `webShop2`, `SHOP` or `2024`. */
const WORD = /^(?:[A-Z]?[a-z]{0,15}(?:[A-Z][a-z]{2,15}){0,3}|[A-Z]{0,10})\d{0,4}$/;

/** A hexadecimal number, or what nobody can say. */
const UNLIKELY = /[0-9a-f]{12}|[^aeiouy\d._-]{6}/i;
