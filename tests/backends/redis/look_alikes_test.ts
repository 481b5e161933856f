/** Look-alike keys are reported by the app name that they start with, never by an id. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { DistinctKeys } from "../../../src/backends/redis/seen_keys.ts";
import { LookAlikes } from "../../../src/backends/redis/look_alikes.ts";

/** The patterns that these keys are reported as. */
function reported(...keys: readonly string[]): string[] {
  const others = new LookAlikes(Buffer.from("app:session:"));
  others.add(keys.map((key) => Buffer.from(key)));
  return others.list().map(({ pattern }) => pattern);
}

for (
  const name of [
    ...["shop", "my_shop", "web-shop.production", "webShop", "WebShop", "SHOP"],
    ...["shop2", "k8s", "b2b-shop", "i18n", "shop-2024", "_shop", "eu-west-1", "authentication"],
  ]
) {
  Deno.test(`look-alikes: ${name} is a name`, () => {
    deepStrictEqual(reported(`${name}:session:1`), [`${name}:session:*`]);
  });
}

for (
  const id of [
    ...["V1StGXR8_Z5jdHi6B-myT", "b_KvX3mNqTzLw8YpR2dF5", "dGhpcyBpcyBhIHRva2Vu"],
    ...["cjld2cjxh0000qzrmn831i7rn", "ckopqwooh000001la8mbi2im9", "aWQxMjM0NTY3ODkw"],
    ...["A01ARZ3NDEKTSV4RRFFQ69G5FAV", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "deadbeefcafe"],
    ...["d41d8cd98f00b204", "user1234567890", "xKjQzRtYwVbN", "a1b2c3d4e5f6", "ab12c-d34ef-5gh6i"],
  ]
) {
  Deno.test(`look-alikes: ${id} is an id`, () => {
    deepStrictEqual(reported(`${id}:session:cart`), []);
  });
}

Deno.test("look-alikes: hardly any random id passes as a name", () => {
  const keys = Array.from({ length: 2000 }, () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const id = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
    return `s${id.slice(0, 21)}:session:cart`;
  });
  strictEqual(reported(...keys).length <= 2, true, reported(...keys).join(" "));
});

Deno.test("a key that SCAN returns twice counts once", () => {
  const keys = ["a", "b", "c"].map((id) => Buffer.from(`session:${id}`));
  const distinct = new DistinctKeys("session:".length);
  for (const batch of [keys, keys.slice(1), keys]) distinct.addAll(batch);
  strictEqual(distinct.count, 3);
  const others = new LookAlikes(Buffer.from("app:session:"));
  for (const batch of [keys, keys.slice(1)]) others.add(batch);
  deepStrictEqual(others.list(), [{ pattern: "session:*", count: 3 }]);
});
