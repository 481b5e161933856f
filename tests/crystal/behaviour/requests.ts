/** What a request does to the session on its way: large answers, failures, changes that overlap. */
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { sessionCookie } from "../client.ts";
import { startApp } from "../running_app.ts";
import { chosenVariants } from "../variants.ts";

for (const variant of chosenVariants()) {
  const of = (what: string) => `${variant.name}: ${what}`;

  Deno.test(of("a large answer has its cookie and saves"), needs(...variant.needs), async () => {
    await using app = await startApp(variant);
    const visitor = app.visitor();
    const answer = await visitor.get("/big");
    strictEqual(answer.text.length, 1_048_576);
    ok(sessionCookie(answer.cookies));
    const next = await visitor.get("/me");
    deepStrictEqual([next.id, next.value], [visitor.id, "big"]);
  });

  Deno.test(of("a request that fails changes nothing"), needs(...variant.needs), async () => {
    await using app = await startApp(variant);
    const visitor = app.visitor();
    const { id } = await visitor.logIn(3);
    strictEqual((await visitor.get("/raise")).status, 500);
    const next = await visitor.get("/me");
    deepStrictEqual([next.user, next.id, next.value, visitor.id], [3, id, "", id]);
  });

  Deno.test(of("pages without sessions work"), needs(...variant.needs), async () => {
    await using app = await startApp(variant);
    strictEqual((await app.visitor().get("/plain")).text, "plain");
    strictEqual((await app.visitor().get("/none")).status, 404);
  });

  Deno.test(
    of("a logout ends what another request is about to save"),
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      const visitor = app.visitor();
      const { id } = await visitor.logIn(3);
      const saving = app.visitor(id).post("/touch?value=late&ms=400");
      await app.visitor(id).get("/slow?ms=100");
      await visitor.post("/logout");
      await saving;
      ok(!(await app.backing.ids()).includes(id));
      const answer = await app.visitor(id).get("/me");
      strictEqual(answer.user, null);
      notStrictEqual(answer.id, id);
    },
  );

  Deno.test(of("a login is not that of a request under way"), needs(...variant.needs), async () => {
    await using app = await startApp(variant);
    const visitor = app.visitor();
    const planted = (await visitor.get("/me")).id;
    // Whoever planted the id holds a request open with it, for the victim to log in meanwhile.
    const waiting = app.visitor(planted).get("/slow?ms=500");
    await app.visitor(planted).get("/slow?ms=100");
    const login = await visitor.logIn(3);
    const { user, id, cookies } = await waiting;
    deepStrictEqual([user, id, cookies], [null, planted, []]);
    strictEqual((await app.visitor(login.id).get("/me")).user, 3);
  });
}
