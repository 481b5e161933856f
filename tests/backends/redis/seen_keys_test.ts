/** The filter of removed keys: it forgets none, and rarely mistakes a new key for a known one. */
import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { SeenKeys } from "../../../src/backends/redis/seen_keys.ts";

const encoder = new TextEncoder();

Deno.test("property: a key that was added is known, whatever its prefix", () => {
  const seen = new SeenKeys();
  const keys = fc.uint8Array({ maxLength: 40 });
  fc.assert(fc.property(keys, fc.uint8Array({ maxLength: 5 }), (key, before) => {
    seen.add(key, 0);
    strictEqual(seen.has(new Uint8Array([...before, ...key]), before.length), true);
    strictEqual(seen.add(key, 0), true);
  }));
});

Deno.test("an empty filter knows no key, and add() returns whether the key was known", () => {
  const seen = new SeenKeys();
  const key = encoder.encode("abc");
  strictEqual(seen.has(key, 0), false);
  strictEqual(seen.add(key, 0), false);
  strictEqual(seen.has(key, 0), true);
  strictEqual(seen.has(encoder.encode("ab"), 0), false);
  strictEqual(seen.has(key, 1), false);
});

/** Ids as apps make them: random ones, and ones that differ only a little. */
const kinds: Record<string, (index: number) => string> = {
  "numbers": (index) => `${index}`,
  "numbers of one length": (index) => `${index}`.padStart(12, "0"),
  "hexadecimal": () => crypto.randomUUID().replaceAll("-", ""),
  "one long beginning": (index) => `${"a".repeat(100)}${index.toString(36)}`,
  "one long end": (index) => `${index.toString(36)}${"b".repeat(100)}`,
  "two characters in turn": (index) => index.toString(2).padStart(40, "0").replaceAll("0", "a"),
};

const HALF = 200_000;

for (const [kind, id] of Object.entries(kinds)) {
  Deno.test(`keys that were not added are not known: ${kind}`, () => {
    const seen = new SeenKeys();
    const ids = Array.from({ length: 2 * HALF }, (_, index) => encoder.encode(id(index)));
    let collisions = 0;
    let mistaken = 0;
    for (const key of ids.slice(0, HALF)) if (seen.add(key, 0)) collisions++;
    for (const key of ids.slice(HALF)) if (seen.has(key, 0)) mistaken++;
    // By chance, this happens once in 10^15 keys.
    strictEqual(collisions, 0);
    strictEqual(mistaken, 0);
  });
}
