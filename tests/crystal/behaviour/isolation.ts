/** Nobody is taken for somebody else. */
import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { startApp } from "../running_app.ts";
import { chosenVariants } from "../variants.ts";

const CLIENTS = 200;

for (const variant of chosenVariants()) {
  Deno.test(
    `${variant.name}: a visitor without a cookie is nobody`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      const [ann, bob] = [app.visitor(), app.visitor()];
      await ann.logIn(7);
      const other = await bob.get("/me");
      strictEqual(other.user, null);
      match(other.id, /^[\da-f-]{36}$/);
      notStrictEqual(other.id, ann.id);
      const own = await ann.get("/me");
      deepStrictEqual([own.user, own.id], [7, ann.id]);
    },
  );

  Deno.test(
    `${variant.name}: ${CLIENTS} visitors at once keep apart`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      const visitors = Array.from({ length: CLIENTS }, () => app.visitor());
      await Promise.all(visitors.map((visitor, user) => visitor.logIn(user)));
      strictEqual(new Set(visitors.map(({ id }) => id)).size, CLIENTS);
      for (let round = 0; round < 3; round++) {
        const answers = await Promise.all(visitors.map((visitor) => visitor.get("/slow?ms=100")));
        deepStrictEqual(
          answers.map(({ before, user, id }) => [before, user, id]),
          visitors.map(({ id }, user) => [user, user, id]),
        );
      }
    },
  );
}
