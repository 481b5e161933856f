/** A store that cannot be reached logs nobody out. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { pollUntil } from "../../support/poll.ts";
import { openBacking } from "../backing.ts";
import { type Proxy, throughProxy } from "../proxy.ts";
import { startNode } from "../running_app.ts";
import { chosenVariants, type VariantName } from "../variants.ts";

const FAULTS: Readonly<Record<string, (proxy: Proxy) => void>> = {
  "goes away": (proxy) => proxy.stop(),
  "falls silent": (proxy) => proxy.hang(),
};

/** The drivers of databases wait for an answer without end, and have no option for another way. */
const WAITS_FOR_EVER = new Set<VariantName>(["postgres", "mysql"]);

for (const variant of chosenVariants("redis", "cluster", "postgres", "mysql")) {
  for (const [what, fail] of Object.entries(FAULTS)) {
    if (what === "falls silent" && WAITS_FOR_EVER.has(variant.name)) continue;
    Deno.test(
      `${variant.name}: the store ${what} and comes back`,
      needs(...variant.needs),
      async () => {
        await using backing = await openBacking(variant);
        const { proxy, env } = throughProxy(backing.env);
        await using _proxy = proxy;
        await using node = await startNode(variant, env);
        const visitor = node.visitor();
        const { id } = await visitor.logIn(8);
        // More connections than one are in use by then.
        await Promise.all(Array.from({ length: 8 }, () => visitor.get("/slow?ms=50")));
        const saving = node.visitor(id).post("/touch?value=lost&ms=300");
        await node.visitor(id).get("/slow?ms=100");
        fail(proxy);
        const { status, cookies } = await saving;
        deepStrictEqual([status, cookies], [500, []]);
        const paths = ["/me", "/slow?ms=1", "/me"];
        const during = await Promise.all(paths.map((path) => node.visitor(id).get(path)));
        // What a node of a cluster remembers, it may go on answering from.
        const remembered = variant.name === "cluster" ? 8 : null;
        const failed = during.filter(({ status, user }) => status === 500 || user === remembered);
        strictEqual(failed.length, paths.length);
        deepStrictEqual(during.flatMap(({ cookies }) => cookies), []);
        strictEqual((await node.visitor().get("/me")).status, 500);
        await proxy.resume();
        const back = await pollUntil("the app to answer again", async () => {
          const answer = await node.visitor(id).get("/me");
          deepStrictEqual(answer.cookies, []);
          return answer.status === 200 && answer;
        });
        deepStrictEqual([back.user, back.id], [8, id]);
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => node.visitor(id).get("/me")),
        );
        ok(answers.every(({ user }) => user === 8));
        ok(!node.process.stderr.text.includes(id), "the log has a session id");
      },
    );
  }
}
