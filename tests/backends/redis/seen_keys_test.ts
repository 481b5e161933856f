/** The memory of removed keys: never forgets, and seldom errs. */
import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { SeenKeys } from "../../../src/backends/redis/seen_keys.ts";

const encoder = new TextEncoder();

Deno.test("property: a key that was added is known, wherever its bytes lie", () => {
  const seen = new SeenKeys();
  const keys = fc.uint8Array({ maxLength: 40 });
  fc.assert(fc.property(keys, fc.uint8Array({ maxLength: 5 }), (key, before) => {
    seen.add(key, 0, key.length);
    const bytes = new Uint8Array([...before, ...key, 0, 1]);
    strictEqual(seen.has(bytes, before.length, before.length + key.length), true);
    strictEqual(seen.add(key, 0, key.length), true);
  }));
});

Deno.test("nothing is known from the start, and adding tells what is new", () => {
  const seen = new SeenKeys();
  const key = encoder.encode("abc");
  strictEqual(seen.has(key, 0, 3), false);
  strictEqual(seen.add(key, 0, 3), false);
  strictEqual(seen.has(key, 0, 3), true);
  strictEqual(seen.has(key, 0, 2), false);
  strictEqual(seen.has(key, 1, 3), false);
});

/** Ids as apps make them: random ones, and ones that differ in little. */
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
    let [collisions, mistaken] = [0, 0];
    for (const key of ids.slice(0, HALF)) if (seen.add(key, 0, key.length)) collisions++;
    for (const key of ids.slice(HALF)) if (seen.has(key, 0, key.length)) mistaken++;
    // By chance alone, it is one in 10^15.
    strictEqual(collisions, 0);
    strictEqual(mistaken, 0);
  });
}
