/** A session id is taken up only where the app itself has given it out, to the same visitor. */
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { send, sessionCookie } from "../client.ts";
import { startApp } from "../running_app.ts";
import { chosenVariants, COOKIE_NAME } from "../variants.ts";

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** What nobody was given by the app. */
const FORGED = [
  ...["", "*", "?", "[a-f]*", '"', '""', "'", "' OR 1=1 --", "\\", "null", "0", "-1", "../../x"],
  ...["%00%ff%fe%01", "%0d%0aX-Injected:1", "é日本", "a".repeat(8000), "00000000-0000-0000-0000"],
  ...["my_app:s:*", `${crypto.randomUUID()}*`, `*${crypto.randomUUID()}`, "{}", "[]", " "],
  ...[crypto.randomUUID(), crypto.randomUUID().toUpperCase(), `"${crypto.randomUUID()}"`],
  ...[crypto.randomUUID().replaceAll("-", () => ""), `urn:uuid:${crypto.randomUUID()}`],
];

for (const variant of chosenVariants()) {
  const of = (what: string) => `${variant.name}: ${what}`;

  Deno.test(of("an invented id is never adopted"), needs(...variant.needs), async () => {
    await using app = await startApp(variant);
    for (const forged of FORGED) {
      // As its bytes: what is not ASCII reaches the app as UTF-8.
      const header = String.fromCharCode(...new TextEncoder().encode(`${COOKIE_NAME}=${forged}`));
      const answer = await send(app.url, "GET", "/me", header);
      deepStrictEqual([answer.status, answer.user], [200, null], forged);
      match(answer.id, UUID, forged);
      notStrictEqual(answer.id, forged);
      strictEqual(sessionCookie(answer.cookies), answer.id, forged);
      const left = await app.backing.ids();
      ok(!left.includes(forged), forged);
    }
  });

  Deno.test(of("another spelling of an id is no id"), needs(...variant.needs), async () => {
    await using app = await startApp(variant);
    const { id } = await app.visitor().logIn(5);
    const others = [id.toUpperCase(), id.replaceAll("-", () => ""), `urn:uuid:${id}`];
    for (const other of others) {
      const answer = await send(app.url, "GET", "/me", `${COOKIE_NAME}=${other}`);
      deepStrictEqual([answer.user, answer.id === other], [null, false], other);
    }
    strictEqual((await app.visitor(id).get("/me")).user, 5);
  });

  Deno.test(
    of("of several cookies at most a real one counts"),
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      const { id } = await app.visitor().logIn(5);
      const forged = crypto.randomUUID();
      for (const [first, second] of [[id, forged], [forged, id], [forged, forged]]) {
        const header = `a=b; ${COOKIE_NAME}=${first}; ${COOKIE_NAME}=${second}; c=d`;
        const answer = await send(app.url, "GET", "/me", header);
        notStrictEqual(answer.id, forged);
        strictEqual(answer.user, answer.id === id ? 5 : null);
      }
    },
  );

  Deno.test(
    of("a login is under a new id, and the old one is dead"),
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      const visitor = app.visitor();
      const planted = (await visitor.post("/touch?value=basket")).id;
      const login = await visitor.logIn(9);
      deepStrictEqual([login.user, visitor.id], [9, login.id]);
      notStrictEqual(login.id, planted);
      ok(!(await app.backing.ids()).includes(planted));
      const old = await app.visitor(planted).get("/me");
      deepStrictEqual([old.user, old.value, old.id === planted], [null, "", false]);
      const now = await visitor.get("/me");
      deepStrictEqual([now.user, now.value, now.id], [9, "basket", login.id]);
      const again = await visitor.logIn(10);
      strictEqual((await app.visitor(login.id).get("/me")).user, null);
      strictEqual((await app.visitor(again.id).get("/me")).user, 10);
    },
  );

  Deno.test(of("after a logout the old id is dead"), needs(...variant.needs), async () => {
    await using app = await startApp(variant);
    const visitor = app.visitor();
    await visitor.post("/touch?value=secret");
    const { id } = await visitor.logIn(9);
    const logout = await visitor.post("/logout");
    deepStrictEqual([logout.user, logout.id, visitor.id === id], [null, visitor.id, false]);
    ok(!(await app.backing.ids()).includes(id));
    const now = await visitor.get("/me");
    deepStrictEqual([now.user, now.value, now.id], [null, "", visitor.id]);
    const old = await app.visitor(id).get("/me");
    deepStrictEqual([old.user, old.value, old.id === id], [null, "", false]);
  });

  Deno.test(
    of("a renewal keeps the user, and only who is still there"),
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      const visitor = app.visitor();
      const { id } = await visitor.logIn(9);
      const renewal = await visitor.post("/renew");
      deepStrictEqual([renewal.user, renewal.id, visitor.id === id], [9, visitor.id, false]);
      strictEqual((await app.visitor(id).get("/me")).user, null);
      const waiting = app.visitor(renewal.id).post("/renew?ms=300");
      await app.visitor(renewal.id).get("/slow?ms=100");
      await visitor.post("/logout");
      const late = await waiting;
      strictEqual(late.user, null);
      strictEqual((await app.visitor(late.id).get("/me")).user, null);
    },
  );
}
