/** The store's own methods are about the app's sessions, and about no one else's. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { startApp } from "../running_app.ts";
import { chosenVariants } from "../variants.ts";

for (const variant of chosenVariants()) {
  Deno.test(
    `${variant.name}: the store counts and ends sessions`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      const visitors = [app.visitor(), app.visitor(), app.visitor()];
      const logins = await Promise.all(visitors.map((visitor, index) => visitor.logIn(index % 2)));
      const [first] = visitors;
      const known = { size: 3, users: [0, 0, 1], ids: logins.map(({ id }) => id).sort() };
      deepStrictEqual(JSON.parse((await first?.get("/store"))?.text ?? ""), known);
      await first?.post("/store/end?user=1");
      const users = await Promise.all(visitors.map((visitor) => visitor.get("/me")));
      deepStrictEqual(users.map(({ user }) => user), [0, null, 0]);
      await first?.post("/store/end");
      const after = await Promise.all(logins.map(({ id }) => app.visitor(id).get("/me")));
      deepStrictEqual(after.map(({ user }) => user), [null, null, null]);
    },
  );

  Deno.test(
    `${variant.name}: a session saved by hand is one`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      const visitor = app.visitor();
      strictEqual((await visitor.get("/by_hand")).status, 200);
      const answer = await visitor.get("/me");
      deepStrictEqual([answer.value, answer.id], ["by hand", visitor.id]);
    },
  );
}
