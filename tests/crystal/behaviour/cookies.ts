/** The session cookie is what azu.config.ts says, for the environment that the app runs in. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import type { Answer } from "../client.ts";
import { startApp } from "../running_app.ts";
import { chosenVariants, COOKIE_NAME } from "../variants.ts";

const HOUR = 3_600_000;

/** What a cookie has to be like, and for how many milliseconds. */
interface Expected {
  readonly lifetime: number;
  readonly attributes: readonly string[];
}

const USUAL = ["httponly", "path=/", "samesite=lax"];
const EXPECTED: Readonly<Record<string, Expected>> = {
  production: { lifetime: 2 * HOUR, attributes: [...USUAL, "secure"] },
  development: { lifetime: 2 * HOUR, attributes: USUAL },
  branded: {
    lifetime: HOUR / 6,
    attributes: ["domain=shop.example", "path=/shop", "samesite=strict", "secure"],
  },
  // One that the config does not name is taken for a real one.
  staging: { lifetime: 2 * HOUR, attributes: [...USUAL, "secure"] },
};

for (const variant of chosenVariants()) {
  for (const [environment, expected] of Object.entries(EXPECTED)) {
    Deno.test(
      `${variant.name}: the cookie in ${environment}`,
      needs(...variant.needs),
      async () => {
        await using app = await startApp(variant, { AZU_ENV: environment });
        const visitor = app.visitor();
        for (const answer of [await visitor.get("/me"), await visitor.logIn(1)]) {
          check(answer, expected);
        }
        check(await visitor.post("/logout"), expected);
        // A login at the first visit: one cookie, though there were two ids.
        check(await app.visitor().logIn(2), expected);
      },
    );
  }
}

function check({ cookies, id }: Answer, { attributes, lifetime }: Expected): void {
  strictEqual(cookies.length, 1);
  const [pair, ...rest] = cookies.join().split("; ");
  deepStrictEqual(pair, `${COOKIE_NAME}=${id}`);
  const isExpiry = (attribute: string) => /^expires=/i.test(attribute);
  const others = rest.filter((attribute) => !isExpiry(attribute));
  deepStrictEqual(
    others.map((attribute) => attribute.toLowerCase()).sort(),
    [...attributes].sort(),
  );
  const expiry = rest.find(isExpiry)?.slice("expires=".length) ?? "";
  const off = Date.parse(expiry) - Date.now() - lifetime;
  ok(Math.abs(off) < 5000, `expires ${expiry}, ${off} ms off`);
}
