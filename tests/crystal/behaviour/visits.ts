/** What a session records about its visitor. */
import { match, ok, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { startApp } from "../running_app.ts";
import { chosenVariants, REMOTE } from "../variants.ts";

for (const variant of chosenVariants(...REMOTE)) {
  Deno.test(
    `${variant.name}: address, agent and time of a visit`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      const begin = Date.now();
      const visitor = app.visitor();
      const first = await visitor.get("/me");
      const { id } = await visitor.logIn(42);
      ok(id !== first.id);
      const session: unknown = JSON.parse(await app.backing.raw?.(id) ?? "");
      const told = (name: string) => String(Object(session)[name]);
      strictEqual(told("user_id"), "42");
      strictEqual(told("ip"), "127.0.0.1");
      match(told("user_agent"), /Deno/);
      const visited = Date.parse(told("visited_at"));
      ok(visited > begin - 1000 && visited < Date.now() + 1000, told("visited_at"));
    },
  );

  Deno.test(
    `${variant.name}: no address where none is wanted`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant, { AZU_ENV: "branded" });
      const { id } = await app.visitor().get("/me");
      const raw = await app.backing.raw?.(id) ?? "";
      match(raw, /"user_agent":"Deno/);
      ok(!raw.includes("127.0.0.1"));
    },
  );
}
