/** A clear ends every session that there was, at once and for good, whatever the app is doing. */
import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { appFolder } from "../app.ts";
import type { Visitor } from "../client.ts";
import { type Node, type RunningApp, startApp, startNode } from "../running_app.ts";
import { chosenVariants, environmentOf, type Variant } from "../variants.ts";

const CLIENTS = 50;
const CLEARED_BY_THE_TOOL = ["redis", "cluster", "postgres", "sqlite", "mysql"] as const;

/** Runs the tool in the app's folder, with what the app itself is told of its store. */
function clear(variant: Variant, app: RunningApp) {
  const env = { AZU_ENV: environmentOf(variant), ...app.backing.env };
  return runAzu(["session:clear", "--force"], { cwd: appFolder(variant), env });
}

/** Visits until it is told to stop, in ways that leave something to save at their end. */
async function visitOn(visitor: Visitor, stopped: AbortSignal): Promise<void> {
  const paths = ["/touch?value=a&ms=60", "/touch?value=b&ms=5"];
  for (let turn = 0; !stopped.aborted; turn++) {
    await visitor.get("/slow?ms=10");
    await visitor.post(paths[turn % paths.length] ?? "/touch?value=c");
  }
}

/** Has the visitors visit until it is disposed of, when the last of their visits has ended. */
function keepVisiting(visitors: readonly Visitor[]): AsyncDisposable {
  const stop = new AbortController();
  const visits = Promise.all(visitors.map((visitor) => visitOn(visitor, stop.signal)));
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await visits;
    },
  };
}

async function loggedIn(nodes: readonly Node[]): Promise<{ visitors: Visitor[]; ids: string[] }> {
  const visitors = Array.from({ length: CLIENTS }, (_, index) => {
    return (nodes[index % nodes.length] ?? nodes[0])?.visitor();
  }).filter((visitor) => visitor !== undefined);
  const answers = await Promise.all(visitors.map((visitor, user) => visitor.logIn(user)));
  const ids = answers.map(({ id }) => id);
  // Every node has seen every session, so a cache of its own is warm.
  for (const node of nodes) {
    const seen = await Promise.all(ids.map((id) => node.visitor(id).get("/me")));
    deepStrictEqual(seen.map(({ user }) => user), ids.map((_, user) => user));
  }
  return { visitors, ids };
}

async function expectDead(node: Node, ids: readonly string[]): Promise<void> {
  const answers = await Promise.all(ids.map((id) => node.visitor(id).get("/me")));
  strictEqual(answers.filter(({ user }) => user !== null).length, 0);
  strictEqual(answers.filter(({ id }) => ids.includes(id)).length, 0);
}

async function clearWhileVisited(variant: Variant, app: RunningApp, nodes: readonly Node[]) {
  const { visitors, ids } = await loggedIn(nodes);
  {
    await using _visits = keepVisiting(visitors);
    const { code, stdout, stderr } = await clear(variant, app);
    // Visitors who come meanwhile get sessions: those are new, and no failure of the clear.
    strictEqual(code, 0, stdout + stderr);
    const left = new Set(await app.backing.ids());
    deepStrictEqual(ids.filter((id) => left.has(id)), []);
    for (const node of nodes) await expectDead(node, ids);
  }
  // What was under way as the clear ended has ended too, and has brought nothing back.
  const after = new Set(await app.backing.ids());
  deepStrictEqual(ids.filter((id) => after.has(id)), []);
  const answers = await Promise.all(visitors.map((visitor) => visitor.get("/me")));
  deepStrictEqual(answers.filter(({ user }) => user !== null), []);
}

for (const variant of chosenVariants(...CLEARED_BY_THE_TOOL)) {
  Deno.test(
    `${variant.name}: a clear amid visits is for good`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      await clearWhileVisited(variant, app, [app]);
    },
  );
}

for (const variant of chosenVariants("cluster", "postgres")) {
  Deno.test(
    `${variant.name}: a clear is known to every node`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      await using second = await startNode(variant, app.backing.env);
      await clearWhileVisited(variant, app, [app, second]);
    },
  );
}

for (const variant of chosenVariants("memory")) {
  Deno.test("memory: a clear says that it cannot, and a restart does it", async () => {
    const visitor = await (async () => {
      await using app = await startApp(variant);
      const visitor = app.visitor();
      await visitor.logIn(1);
      const { code, stdout, stderr } = await clear(variant, app);
      strictEqual(code, 3, stdout + stderr);
      match(stdout + stderr, /restart/i);
      strictEqual((await visitor.get("/me")).user, 1);
      return visitor;
    })();
    await using app = await startApp(variant);
    const answer = await app.visitor(visitor.id).get("/me");
    strictEqual(answer.user, null);
    notStrictEqual(answer.id, visitor.id);
  });
}
