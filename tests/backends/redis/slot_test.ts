/** In which slot of a Redis Cluster a key lies, by the cluster specification. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { slotOf, SLOTS } from "../../../src/backends/redis/slots.ts";

function slot(key: string): number {
  const bytes = new TextEncoder().encode(key);
  return slotOf(bytes, 0, bytes.length);
}

Deno.test("the specification's own value, and what Redis 7 answers to CLUSTER KEYSLOT", () => {
  strictEqual(slot("123456789"), 0x31c3);
  const answered = {
    "a": 15_495,
    "foo": 12_182,
    "foobar": 12_325,
    "session:1": 9436,
    "foo{}{bar}": 8363,
    "foo{{bar}}zap": 4015,
    "foo{bar": 15_278,
    "foo}bar{": 11_073,
    "{}": 15_257,
    "}{": 12_793,
  };
  const ours = Object.keys(answered).map((key) => [key, slot(key)]);
  deepStrictEqual(Object.fromEntries(ours), answered);
  strictEqual(slot(""), 0);
});

Deno.test("what stands between the first { and the next } decides, where it is anything", () => {
  strictEqual(slot("{user1000}.following"), slot("{user1000}.followers"));
  strictEqual(slot("{user1000}.following"), slot("user1000"));
  strictEqual(slot("foo{{bar}}zap"), slot("{bar"));
  strictEqual(slot("foo{bar}{zap}"), slot("bar"));
  strictEqual(slot("}{a}"), slot("a"));
});

Deno.test("property: a slot is one of the cluster's, wherever the bytes lie", () => {
  fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), fc.uint8Array(), (before, key, after) => {
    const bytes = new Uint8Array([...before, ...key, ...after]);
    const found = slotOf(bytes, before.length, before.length + key.length);
    strictEqual(found, slotOf(key, 0, key.length));
    strictEqual(Number.isInteger(found) && found >= 0 && found < SLOTS, true);
  }));
});
