/** Which two stores commands operate on: what setup has written comes first, then the config. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

const SHARD = "name: shop\ndependencies:\n  pg:\n    github: will/crystal-pg\n";

async function appWith(config: string, files: Readonly<Record<string, string>> = {}) {
  const app = await tempDir();
  await writeTree(app.path, { "azu.config.ts": config, "shard.yml": SHARD, ...files });
  const env = {
    REDIS_URL: "redis://127.0.0.1:1",
    DATABASE_URL: "postgres://shop@127.0.0.1:1/new",
    OLD_DATABASE_URL: "postgres://shop@127.0.0.1:1/old",
  };
  const run = (...args: string[]) => runAzu(args, { cwd: app.path, env });
  return {
    path: app.path,
    run,
    /** The lines that say what a command operates on. */
    async stores(...args: string[]) {
      const { code, decision, stderr } = await run("session:list", ...args);
      strictEqual(code, 1, stderr); // nothing listens there
      const lines = [decision, ...stderr.split("\n").filter((line) => /^Backend: /.test(line))];
      return lines.map((line) => {
        const [, name, reason] = /^Backend: (\S+) \((?:selected by )?(.*?)\), env/.exec(line) ?? [];
        const [, place] = /(?:keys|table) (\S+?)(?:,|$)/.exec(line) ?? [];
        const [, address] = /target (\S+)/.exec(line) ?? [];
        return [name, reason, place, address];
      });
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

const MOVING = `import { defineConfig, fromEnv } from "azu";
export default defineConfig({ app: "shop", session: {
  backend: "database", migrateFrom: "old",
  backends: {
    old: { type: "database", url: fromEnv("OLD_DATABASE_URL"), table: "old_sessions" },
  },
} });`;

Deno.test("the config names both, and the flag selects one", async () => {
  await using app = await appWith(MOVING);
  const config = "session.backend in azu.config.ts";
  deepStrictEqual(await app.stores(), [
    ["database", config, "sessions", "postgres://shop@127.0.0.1:1/new"],
    [
      "old",
      "session.migrateFrom in azu.config.ts",
      "old_sessions",
      "postgres://shop@127.0.0.1:1/old",
    ],
  ]);
  deepStrictEqual(await app.stores("--backend", "old"), [
    ["old", "--backend", "old_sessions", "postgres://shop@127.0.0.1:1/old"],
  ]);
});

Deno.test("what setup has written names both, too, and is used without the config", async () => {
  await using app = await appWith(MOVING);
  const setup = await app.run("session:setup");
  strictEqual(setup.code, 0, setup.stderr);
  const inSource = "src/initializers/session.cr";
  const both = [
    ["database", inSource, "sessions", "postgres://shop@127.0.0.1:1/new"],
    ["old", inSource, "old_sessions", "postgres://shop@127.0.0.1:1/old"],
  ];
  deepStrictEqual(await app.stores(), both);
  // After the move: the config names one store, and the app that is deployed still uses both.
  const old = MOVING.replace('migrateFrom: "old",', "");
  await Deno.writeTextFile(`${app.path}/azu.config.ts`, old);
  deepStrictEqual(await app.stores(), both);
  strictEqual((await app.run("session:setup", "--force")).code, 0);
  deepStrictEqual(await app.stores(), both.slice(0, 1));
});

Deno.test("environments that differ in the second store are told apart", async () => {
  const config = `export default { environments: { staging: {} }, session: { backend: "database",
    migrateFrom: "redis" } };`;
  await using app = await appWith(config.replace(
    "staging: {}",
    `staging: { session: {
    backends: { redis: { keyPrefix: "staging:" } } } }`,
  ));
  const { code, stderr } = await app.run("session:list");
  strictEqual(code, 2);
  match(
    stderr,
    /No environment is named[^]*production: database.*; and redis.*\n.*staging: .*staging:/,
  );
  ok((await app.stores("--env", "staging"))[1]?.includes("staging:*"));
});
