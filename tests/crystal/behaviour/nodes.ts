/** What one node of an app does, the others know. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { openBacking } from "../backing.ts";
import { needs } from "../../support/env.ts";
import { pollUntil } from "../../support/poll.ts";
import { throughProxy } from "../proxy.ts";
import { openRedis } from "../redis_client.ts";
import { startApp, startNode } from "../running_app.ts";
import { chosenVariants, KEY_PREFIX, REMOTE } from "../variants.ts";

/** How long word may take from node to node. */
const SOON = 1000;

for (const variant of chosenVariants(...REMOTE)) {
  Deno.test(
    `${variant.name}: nodes see each other's changes`,
    needs(...variant.needs),
    async () => {
      await using app = await startApp(variant);
      await using other = await startNode(variant, app.backing.env);
      const visitor = app.visitor();
      const { id } = await visitor.logIn(1);
      const there = () => other.visitor(id).get("/me");
      // Twice, so that a cache of the node's own has it.
      deepStrictEqual([(await there()).user, (await there()).user], [1, 1]);
      for (const value of ["a", "b"]) {
        await visitor.post(`/touch?value=${value}`);
        await pollUntil("the change", async () => (await there()).value === value, SOON);
        await other.visitor(id).post(`/touch?value=${value}${value}`);
        const isBack = async () => (await visitor.get("/me")).value === `${value}${value}`;
        await pollUntil("the change back", isBack, SOON);
      }
      await visitor.post("/logout");
      await pollUntil("the logout", async () => (await there()).user === null, SOON);
      strictEqual((await app.visitor(id).get("/me")).user, null);
    },
  );
}

for (const variant of chosenVariants("cluster")) {
  Deno.test(
    "cluster: what a node was not told while cut off, it forgets",
    needs("redis-server"),
    async () => {
      await using backing = await openBacking(variant);
      const { proxy, env } = throughProxy(backing.env);
      await using _proxy = proxy;
      await using node = await startNode(variant, env);
      const { id } = await node.visitor().logIn(1);
      const visit = () => node.visitor(id).get("/me");
      deepStrictEqual([(await visit()).user, (await visit()).user], [1, 1]);
      proxy.stop();
      await using redis = await openRedis(Number(new URL(backing.env["REDIS_URL"] ?? "").port));
      strictEqual(await redis.del(`${KEY_PREFIX}${id}`), 1);
      await proxy.resume();
      const isForgotten = async () => {
        const { status, user } = await visit();
        return status === 200 && user === null;
      };
      // Long before the cache's own 30 seconds are over.
      await pollUntil("the session to be forgotten", isForgotten, 5 * SOON);
    },
  );
}
