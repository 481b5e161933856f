/** Keys that look like sessions under another prefix. */
import { Buffer } from "node:buffer";
import type { LookAlike } from "../contract.ts";
import { SeenKeys } from "./seen_keys.ts";

/** Matches all keys that look like sessions. */
export const LOOK_ALIKES = Buffer.from("*session:*");

/** Prefixes that are counted; the keys of an app can have any number of them. */
const MOST_PREFIXES = 20;

/** Counts keys by the prefix that makes them look like sessions. */
export class LookAlikes {
  readonly #counts = new Map<string, number>();
  #seen = new SeenKeys();
  /** Whether a complete pass over all keys has filled it. */
  isComplete = false;
  readonly #prefix: Buffer;

  /** @param prefix The configured prefix. */
  constructor(prefix: Buffer) {
    this.#prefix = prefix;
  }

  add(keys: readonly Buffer[]): void {
    const counts = this.#counts;
    for (const key of keys) {
      if (this.#prefix.equals(key.subarray(0, this.#prefix.length))) continue;
      const prefix = sessionPrefixOf(key.toString());
      if (prefix === undefined || (counts.size >= MOST_PREFIXES && !counts.has(prefix))) continue;
      if (this.#seen.add(key, 0)) continue; // SCAN may return a key twice
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }

  clear(): void {
    this.#seen = new SeenKeys();
    this.#counts.clear();
  }

  /** The most frequent first. */
  list(): LookAlike[] {
    return [...this.#counts]
      .map(([prefix, count]) => ({ pattern: `${prefix}*`, count }))
      .sort((a, b) => b.count - a.count);
  }
}

/**
 * The `session:` or `<app>:session:` that a key starts with. It will be printed, so the app's part
 * must look like a name and not like an id.
 */
function sessionPrefixOf(key: string): string | undefined {
  const [prefix, name = ""] = /^(?:([A-Za-z_][\w.-]{0,40}):)?session:/.exec(key) ?? [];
  return isName(name) ? prefix : undefined;
}

/** About one of 100,000 random ids of 21 characters passes as a name. */
export function isName(text: string): boolean {
  if (UNLIKELY.test(text)) return false;
  const odd = text.split(/[._-]+/).filter((word) => !WORD.test(word));
  return odd.length <= 1 && odd.every((word) => /^[a-z\d]{1,5}$/.test(word)); // `k8s`
}

/** `shop`, `webShop2`, `SHOP` or `2024`. */
const WORD = /^(?:[A-Z]?[a-z]{0,15}(?:[A-Z][a-z]{2,15}){0,3}|[A-Z]{0,10})\d{0,4}$/;

/** A hexadecimal number, or six letters without a vowel. */
const UNLIKELY = /[0-9a-f]{12}|[^aeiouy\d._-]{6}/i;
