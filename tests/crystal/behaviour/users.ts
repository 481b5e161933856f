/** The sessions of users: found and revoked from outside, by what the app records of them. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { handleOf } from "../../../src/backends/handle.ts";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { pollUntil } from "../../support/poll.ts";
import { appFolder } from "../app.ts";
import { COOKIE_NAME } from "../variants.ts";
import { type RunningApp, startApp, startNode } from "../running_app.ts";
import { chosenVariants, environmentOf, REMOTE, type Variant } from "../variants.ts";

/** How long word may take from node to node. */
const SOON = 1000;

async function azu(variant: Variant, app: RunningApp, ...args: string[]): Promise<string> {
  const env = { AZU_ENV: environmentOf(variant), ...app.backing.env };
  const { code, stdout, stderr } = await runAzu(args, { cwd: appFolder(variant), env });
  strictEqual(code, 0, stdout + stderr);
  strictEqual(stderr.includes("slower"), false, stderr);
  return stdout;
}

for (const variant of chosenVariants(...REMOTE)) {
  Deno.test(
    `${variant.name}: a user is logged out by handle and by name, and nobody else`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      await using other = await startNode(variant, app.backing.env);
      const nodes = [app, other];
      const mine = [];
      for (const node of [app, other, app]) mine.push((await node.visitor().logIn(7)).id);
      const neighbour = (await other.visitor().logIn(77)).id;
      const anonymous = (await app.visitor().get("/me")).id;
      const userAt = async (id: string) => {
        return await Promise.all(
          nodes.map(async (node) => (await node.visitor(id).get("/me")).user),
        );
      };
      // Twice, so that a cache of a node's own has it.
      for (let visit = 0; visit < 2; visit++) {
        for (const id of mine) deepStrictEqual(await userAt(id), [7, 7]);
      }
      const listed = JSON.parse(await azu(variant, app, "session:list", "--user", "7", "--json"));
      const found: { handle: string; ip: string; agent: string }[] = listed.sessions;
      deepStrictEqual(found.map(({ handle }) => handle).sort(), mine.map(handleOf).sort());
      for (const { ip, agent } of found) {
        strictEqual(ip, "127.0.0.1");
        match(agent, /^Deno/);
      }
      const [first = "", ...others] = mine;
      await azu(variant, app, "session:revoke", "--force", "--handle", handleOf(first));
      const isGone = async (id: string) => (await userAt(id)).every((user) => user === null);
      await pollUntil("the logout", () => isGone(first), SOON);
      for (const id of others) deepStrictEqual(await userAt(id), [7, 7]);
      await azu(variant, app, "session:revoke", "--force", "--user", "7");
      for (const id of others) await pollUntil("the logout", () => isGone(id), SOON);
      deepStrictEqual(await userAt(neighbour), [77, 77]);
      strictEqual((await other.visitor(anonymous).get("/me")).id, anonymous);
    },
  );
}

for (const variant of chosenVariants("postgres", "sqlite", "mysql")) {
  Deno.test(
    `${variant.name}: the columns are filled at login and set back at logout`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      const recorded = async (id: string) => await app.backing.recorded?.(id);
      const visitor = app.visitor();
      const before = await visitor.get("/me");
      const [user, ip, agent = ""] = await recorded(before.id) ?? [];
      deepStrictEqual([user, ip], ["0", "127.0.0.1"]);
      match(agent, /^Deno/);
      const login = await visitor.logIn(42);
      deepStrictEqual(await recorded(login.id), ["42", "127.0.0.1", agent]);
      await visitor.post("/touch?value=a");
      deepStrictEqual(await recorded(login.id), ["42", "127.0.0.1", agent]);
      const after = await visitor.post("/logout");
      deepStrictEqual(await recorded(after.id), ["0", "127.0.0.1", agent]);
      strictEqual(await recorded(login.id), undefined);
      // What means nobody is left to the payload.
      const zero = await visitor.logIn(0);
      deepStrictEqual(await recorded(zero.id), ["", "127.0.0.1", agent]);
    },
  );

  Deno.test(
    `${variant.name}: no agent keeps a session from being saved`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      const agents = ["a".repeat(5000), "🍪".repeat(300), " ", "'\"; DROP TABLE x"];
      const bytes = agents.map((agent) => new TextEncoder().encode(agent));
      for (const agent of [...bytes, new Uint8Array([0xff, 0xfe, 0x41])]) {
        const id = await idFor(app, agent);
        const [user, , saved = ""] = await app.backing.recorded?.(id) ?? [];
        strictEqual(user, "0");
        ok([...saved].length <= 255, saved);
      }
      const long = await idFor(app, new TextEncoder().encode("é".repeat(300)));
      strictEqual((await app.backing.recorded?.(long))?.[2], "é".repeat(255));
    },
  );
}

/** The id of the session that a visitor with this agent gets. `fetch` would refuse most of them. */
async function idFor(app: RunningApp, agent: Uint8Array): Promise<string> {
  const { hostname, port } = new URL(app.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const encoder = new TextEncoder();
  const head = encoder.encode(`GET /me HTTP/1.1\r\nHost: ${hostname}\r\nUser-Agent: `);
  const end = encoder.encode("\r\nConnection: close\r\n\r\n");
  const writer = connection.writable.getWriter();
  await writer.write(new Uint8Array([...head, ...agent, ...end]));
  const answer = await new Response(connection.readable).text();
  match(answer, /^HTTP\/1\.1 200 /);
  return new RegExp(`${COOKIE_NAME}=([^;]+)`).exec(answer)?.[1] ?? "";
}
