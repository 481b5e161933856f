/** The app understands REDIS_URL as the tool does: passwords, databases, hosts by their names. */
import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { appFolder } from "../app.ts";
import { spawnNode, startNode } from "../running_app.ts";
import { chosenVariants, environmentOf } from "../variants.ts";

const PASSWORD = "p@ss:w/o?rd#%41 é";

for (const variant of chosenVariants("redis", "cluster")) {
  const of = (what: string) => `${variant.name}: ${what}`;

  Deno.test(of("a password and a database in REDIS_URL"), needs(...variant.needs), async () => {
    await using server = await startRedis({ password: PASSWORD });
    const urls = [
      `${server.url}/3`,
      `${server.url}/`,
      `${server.url.replace("://:", () => "://default:")}/4`,
      `${server.url.replace("127.0.0.1", () => "localhost")}/5`,
    ];
    for (const url of urls) {
      await using node = await startNode(variant, { REDIS_URL: url });
      const visitor = node.visitor();
      await visitor.logIn(1);
      deepStrictEqual([(await visitor.get("/me")).user, (await visitor.get("/me")).user], [1, 1]);
      const { code, stdout, stderr } = await runAzu(["session:clear", "--force", "--json"], {
        cwd: appFolder(variant),
        env: { REDIS_URL: url, AZU_ENV: "production" },
      });
      strictEqual(code, 0, stdout + stderr);
      match(stdout, /"cleared": ?1\b/);
      strictEqual((await visitor.get("/me")).user, null);
    }
  });

  Deno.test(
    of("a user in REDIS_URL is refused, by a sentence"),
    needs(...variant.needs),
    async () => {
      const env = {
        REDIS_URL: "redis://somebody:secret@127.0.0.1:1",
        AZU_ENV: environmentOf(variant),
      };
      await using process = await spawnNode(variant, { ...env, SESSION_SECRET: "x".repeat(32) });
      const { code, stderr } = await process.finished();
      notStrictEqual(code, 0);
      match(stderr, /^REDIS_URL [^\n]*\n$/);
      strictEqual(stderr.includes("secret"), false);
    },
  );
}
