/** What a session holds comes back as it was, however it is packed. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { startApp } from "../running_app.ts";
import { chosenVariants, REMOTE } from "../variants.ts";

const PACKINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plainly: {},
  compressed: { TEST_COMPRESS: "1" },
  encrypted: { TEST_ENCRYPT: "1" },
  "compressed and encrypted": { TEST_COMPRESS: "1", TEST_ENCRYPT: "1" },
};

/** Values, and how often each is repeated; the last is a mebibyte. */
const VALUES: readonly (readonly [value: string, times: number])[] = [
  ["a", 1],
  ["'\"\\\n\r\t%s$1#{x}\u0001\u007f", 20],
  ["naïve 日本語 🍪 \u202e", 100],
  ["0123456789abcdef", 65_536],
];

for (const variant of chosenVariants()) {
  for (const [packing, env] of Object.entries(PACKINGS)) {
    Deno.test(`${variant.name}: values kept ${packing}`, needs(...variant.needs), async () => {
      await using app = await startApp(variant, env);
      const visitor = app.visitor();
      const { id } = await visitor.logIn(4);
      for (const [value, times] of VALUES) {
        const query = `value=${encodeURIComponent(value)}&times=${times}`;
        strictEqual((await visitor.post(`/touch?${query}`)).status, 200);
        const answer = await visitor.get("/me");
        strictEqual(answer.value === value.repeat(times), true, value);
        deepStrictEqual([answer.user, answer.id], [4, id]);
      }
    });
  }
}

/** What is looked for in the store: compressed, so often repeated, it takes little room. */
const MARK = "legible";
const TIMES = 5000;

for (const variant of chosenVariants(...REMOTE)) {
  Deno.test(`${variant.name}: values are packed as told`, needs(...variant.needs), async () => {
    for (const [packing, env] of Object.entries(PACKINGS)) {
      await using app = await startApp(variant, env);
      const { id } = await app.visitor().post(`/touch?value=${MARK}&times=${TIMES}`);
      const raw = await app.backing.raw?.(id) ?? "";
      const isLegible = raw.includes(MARK.repeat(3)) && raw.includes(id);
      const isShort = raw.length < MARK.length * TIMES / 5;
      const isCompressed = "TEST_COMPRESS" in env;
      deepStrictEqual([isLegible, isShort], [packing === "plainly", isCompressed], packing);
      ok(raw.length > 0);
    }
  });
}
