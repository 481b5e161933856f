/** A session ends when its time is up; where the config says so, every visit begins that time anew. */
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { pollUntil } from "../../support/poll.ts";
import { startApp } from "../running_app.ts";
import { chosenVariants, SHORT_TTL } from "../variants.ts";

/** How long to wait until what is over is removed, by sweeps of one a second. */
const REMOVAL = 5000;
const STEP = 300;
/** How early a session may end: as JSON, the shard keeps its end in whole seconds. */
const ROUNDING = 1000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (const variant of chosenVariants()) {
  const of = (what: string) => `${variant.name}: ${what}`;

  Deno.test(of("a session ends on time, visited or not"), needs(...variant.needs), async () => {
    await using app = await startApp(variant, { AZU_ENV: "short" });
    const [visited, changed, quiet] = [app.visitor(), app.visitor(), app.visitor()];
    const begin = performance.now();
    const logins = await Promise.all([visited.logIn(1), changed.logIn(2), quiet.logIn(3)]);
    const ids = logins.map(({ id }) => id);
    const [, changedId = "", quietId = ""] = ids;
    const end = await pollUntil("the visited session to end", async () => {
      await pause(STEP);
      await changed.post("/touch?value=again");
      const { user } = await visited.get("/me");
      return user === null && performance.now() - begin;
    });
    ok(end > SHORT_TTL - ROUNDING && end < SHORT_TTL + 4 * STEP, `ended after ${end} ms`);
    await pause(Math.max(0, SHORT_TTL + 200 - (performance.now() - begin)));
    for (const id of [changedId, quietId]) {
      const answer = await app.visitor(id).get("/me");
      strictEqual(answer.user, null);
      notStrictEqual(answer.id, id);
    }
    const isGone = async () => !(await app.backing.ids()).some((id) => ids.includes(id));
    await pollUntil("the sessions to be removed", isGone, REMOVAL);
  });

  Deno.test(of("visits move the end where it slides"), needs(...variant.needs), async () => {
    await using app = await startApp(variant, { AZU_ENV: "sliding" });
    const [visited, quiet] = [app.visitor(), app.visitor()];
    const begin = performance.now();
    const [{ id }, { id: quietId }] = [await visited.logIn(1), await quiet.logIn(2)];
    const expiries: string[] = [];
    while (performance.now() - begin < 2.5 * SHORT_TTL) {
      await pause(STEP);
      const answer = await visited.get("/me");
      const since = Math.round(performance.now() - begin);
      deepStrictEqual([answer.user, answer.id], [1, id], `after ${since} ms`);
      expiries.push(...answer.cookies.map((cookie) => /expires=([^;]*)/i.exec(cookie)?.[1] ?? ""));
    }
    const times = expiries.map((expiry) => Date.parse(expiry));
    ok((times.at(-1) ?? 0) > Date.now() + SHORT_TTL / 2, "the cookie's end moves too");
    strictEqual((await app.visitor(quietId).get("/me")).user, null);
    await pause(SHORT_TTL + 200);
    strictEqual((await app.visitor(id).get("/me")).user, null);
    const isGone = async () => !(await app.backing.ids()).includes(id);
    await pollUntil("the session to be removed", isGone, REMOVAL);
  });
}
