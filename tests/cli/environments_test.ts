/** Environments whose sessions are in different places: which one a command works on. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu } from "../support/cli.ts";
import { needs } from "../support/env.ts";
import { freshPostgres, sqlite, sqliteCount } from "../support/servers/database.ts";
import { startRedis } from "../support/servers/redis.ts";
import { readTree, tempDir, writeTree } from "../support/temp.ts";

const CLEAR = ["session:clear", "--force"];
const NOWHERE = { REDIS_URL: "redis://127.0.0.1:1", DATABASE_URL: "sqlite3://./none.db" };

/** Development on memory, test on SQLite, staging on PostgreSQL, all others on Redis. */
const CONFIG = `import { defineConfig, fromEnv } from "azu";

export default defineConfig({
  app: "shop",
  session: {
    backend: "redis",
    backends: {
      redis: { keyPrefix: fromEnv("APP_NAME", "shop") + ":session:", cluster: true },
      database: { engine: "postgres" },
    },
  },
  environments: {
    development: { session: { backend: "memory", cookie: { secure: false } } },
    test: {
      session: { backend: "database", backends: { database: { engine: "sqlite", table: "t" } } },
    },
    staging: {
      session: {
        backend: "database",
        backends: { database: { table: fromEnv("TENANT") + "_sessions" } },
      },
    },
  },
});
`;

async function appOf(files: Record<string, string> = {}) {
  const app = await tempDir();
  await writeTree(app.path, { "azu.config.ts": CONFIG, ...files });
  return {
    path: app.path,
    files: () => readTree(app.path),
    azu: (args: string[], env: Record<string, string> = {}) => runAzu(args, { cwd: app.path, env }),
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

Deno.test("--env names the environment, before AZU_ENV", async () => {
  await using app = await appOf();
  const run = async (args: string[], env: Record<string, string>) => {
    const all = ["session:clear", "--dry-run", "--json", ...args];
    const { stdout, decision, code } = await app.azu(all, { ...NOWHERE, ...env });
    const { backend, environment, environmentFrom, pattern, table } = JSON.parse(stdout);
    return { code, decision, facts: [backend, environment, environmentFrom, pattern ?? table] };
  };
  const named = await run(["--env", "test"], { AZU_ENV: "production" });
  deepStrictEqual(named.facts, ["database", "test", "--env", "t"]);
  match(named.decision, /, environment test \(--env\), target sqlite3:\/\/\.\/none\.db /);
  const byVariable = await run([], { AZU_ENV: "production", CRYSTAL_ENV: "test" });
  deepStrictEqual(byVariable.facts, ["redis", "production", "AZU_ENV", "shop:session:*"]);
  const memory = await run(["--env", "development"], {});
  deepStrictEqual([memory.code, memory.facts[0]], [3, "memory"]);
});

Deno.test("an environment that nothing knows is refused", async () => {
  await using app = await appOf();
  const { code, stderr } = await app.azu([...CLEAR, "--env", "stagin"], NOWHERE);
  strictEqual(code, 2);
  match(
    stderr,
    /^error: --env: unknown environment "stagin"\nKnown environments: development, test, staging, production; did you mean staging\?$/m,
  );
  strictEqual((await app.azu([...CLEAR, "--env", ""], NOWHERE)).code, 2);
  // The config's own code may know more.
  await writeTree(app.path, { "azu.config.ts": "export default ({ env }) => ({ app: env });" });
  match((await app.azu([...CLEAR, "--env", "qa"], NOWHERE)).decision, /keys qa:session:\*$/);
});

Deno.test("without a name, the places are listed: by the config, or by the source alone", async () => {
  await using app = await appOf();
  const refused = async () => {
    const { code, stderr } = await app.azu(CLEAR, { ...NOWHERE, TENANT: "acme" });
    strictEqual(code, 2);
    match(
      stderr,
      /different places:\n {2}production: redis redis:\/\/127\.0\.0\.1:1 shop:session:\* session:cluster:invalidate\n {2}development: memory\n {2}test: database sqlite3:\/\/\.\/none\.db t\n {2}staging: database acme_sessions \(not usable here: The sessions of this environment are in PostgreSQL, but the URL is sqlite3:\/\/\.\/none\.db \(from DATABASE_URL\)\)\nName the one that you mean with --env, or set AZU_ENV$/m,
    );
  };
  await refused();
  strictEqual((await app.azu(["session:setup"])).code, 0);
  const { stdout } = await app.azu([...CLEAR, "--json"], { ...NOWHERE, TENANT: "acme" });
  strictEqual(JSON.parse(stdout).error.details[1], "development: memory");
  await refused();
  await Deno.remove(`${app.path}/azu.config.ts`);
  await refused();
  const { decision } = await app.azu(["session:clear", "--dry-run", "--env", "test"], NOWHERE);
  match(decision, /^Backend: database \(selected by src\/initializers\/session\.cr\), .* table t$/);
});

Deno.test(
  "a clear of each environment removes its sessions, and no others",
  { ...needs("redis-server"), ignore: needs("redis-server").ignore || needs("postgres").ignore },
  async () => {
    await using server = await startRedis();
    await using database = await freshPostgres();
    await database.query(`CREATE TABLE acme_sessions (session_id text, expires_at timestamptz);
      INSERT INTO acme_sessions VALUES ('a', now()), ('b', now());
      CREATE TABLE other_sessions (session_id text);
      INSERT INTO other_sessions VALUES ('c')`);
    const redis = new Redis(server.url);
    await redis.mset("shop:session:1", "x", "blog:session:2", "x", "shop:cart:3", "x");
    const urls = {
      test: "sqlite3://./test.db",
      staging: database.url,
      production: "sqlite3://./test.db",
    };
    // With the app's source, and in a container that has the config alone.
    for (const isSetUp of [false, true]) {
      await using app = await appOf();
      if (isSetUp) strictEqual((await app.azu(["session:setup"])).code, 0);
      sqlite(app.path, "test.db", "CREATE TABLE t (session_id text, expires_at text)");
      sqlite(app.path, "test.db", "INSERT INTO t VALUES ('a', 'x'), ('b', 'x'), ('c', 'x')");
      const counts = async () => [
        sqliteCount(app.path, "test.db", "t"),
        Number((await database.query("SELECT count(*) AS n FROM acme_sessions"))[0]?.["n"]),
        await redis.exists("shop:session:1"),
      ];
      const clear = async (name: keyof typeof urls, ...more: string[]) => {
        const env = { REDIS_URL: server.url, DATABASE_URL: urls[name], TENANT: "acme" };
        const result = await app.azu([...CLEAR, "--env", name, ...more], env);
        strictEqual(result.code, 0, result.stderr);
        return result.stdout;
      };
      for (const name of ["test", "staging", "production"] as const) {
        const before = await counts();
        match(await clear(name, "--dry-run"), /^Would clear \d session/m);
        deepStrictEqual(await counts(), before);
      }
      match(await clear("test"), /^Cleared 3 session/m);
      deepStrictEqual(await counts(), [0, 2, 1]);
      match(await clear("staging"), /^Cleared 2 session/m);
      deepStrictEqual(await counts(), [0, 0, 1]);
      match(await clear("production"), /^Cleared 1 session/m);
      deepStrictEqual(await counts(), [0, 0, 0]);
      deepStrictEqual((await redis.keys("*")).sort(), ["blog:session:2", "shop:cart:3"]);
      const other = await database.query("SELECT count(*) AS n FROM other_sessions");
      strictEqual(Number(other[0]?.["n"]), 1);
      await redis.set("shop:session:1", "x");
      await database.query("INSERT INTO acme_sessions VALUES ('a', now()), ('b', now())");
    }
    redis.disconnect();
  },
);

Deno.test("a variable in a prefix or a table has its value, its default, or is missing", async () => {
  await using app = await appOf();
  const run = (name: string, env: Record<string, string>) =>
    app.azu(["session:clear", "--dry-run", "--env", name], { ...NOWHERE, ...env });
  match((await run("production", {})).decision, /keys shop:session:\*/);
  match((await run("production", { APP_NAME: "blog" })).decision, /keys blog:session:\*/);
  match((await run("production", { APP_NAME: "" })).decision, /keys shop:session:\*/);
  const missing = await run("staging", {});
  strictEqual(missing.code, 2);
  match(missing.stderr, /^error: TENANT is not set, and the table's name contains it$/m);
  await writeTree(app.path, { ".env": "APP_NAME=dotenv\n" });
  match((await run("production", {})).decision, /keys dotenv:session:\*/);
});

Deno.test("fromEnv: what it can be used for, and what not", async () => {
  const cases: [config: string, problem: RegExp][] = [
    [
      '{ app: fromEnv("A") }',
      /app: expected a name: fromEnv is for keyPrefix, table and url only/,
    ],
    [
      '{ session: { backends: { redis: { keyPrefix: fromEnv("A", "b").toUpperCase() } } } }',
      /what fromEnv returns may be added to a text, and not be changed/,
    ],
    ['{ app: fromEnv("not a name") }', /fromEnv: expected the name of a variable/],
    ['{ app: fromEnv("A", "") }', /fromEnv: expected a text of at least one character/],
    [
      '{ environments: { [fromEnv("A")]: {} } }',
      /environments: expected names without fromEnv/,
    ],
  ];
  for (const [config, problem] of cases) {
    await using app = await appOf({
      "azu.config.ts": `import { fromEnv } from "azu";\nexport default ${config};\n`,
    });
    const { code, stderr } = await app.azu(CLEAR, NOWHERE);
    strictEqual(code, 2, stderr);
    match(stderr, problem);
    doesNotMatch(stderr, /[\ue000-\ue002]/);
  }
});

Deno.test("a URL of another database than the config says is refused", async () => {
  await using app = await appOf();
  const env = { DATABASE_URL: "postgres://app:hunter2@127.0.0.1:1/shop" };
  for (const args of [CLEAR, ["session:setup", "--apply"]]) {
    const { code, stderr } = await app.azu([...args, "--env", "test"], env);
    strictEqual(code, 2);
    match(
      stderr,
      /^error: The sessions of this environment are in SQLite, but the URL is postgres:\/\/app:\*\*\*@127\.0\.0\.1:1\/shop \(from DATABASE_URL\)$/m,
    );
    doesNotMatch(stderr, /hunter2/);
  }
});

Deno.test(
  "environments whose keys begin alike: those of the other are not cleared by mistake",
  needs("redis-server"),
  async () => {
    await using server = await startRedis();
    const keys = (prefix: string) => Array.from({ length: 3 }, () => prefix + crypto.randomUUID());
    const redis = new Redis(server.url);
    for (const key of [...keys("shop:s:"), ...keys("shop:s:qa-")]) await redis.set(key, "x");
    await using app = await appOf({
      "azu.config.ts": `export default {
        session: { backends: { redis: { keyPrefix: "shop:s:" } } },
        environments: { qa: { session: { backends: { redis: { keyPrefix: "shop:s:qa-" } } } } },
      };`,
    });
    const env = { REDIS_URL: server.url };
    const refused = await app.azu([...CLEAR, "--env", "production"], env);
    strictEqual(refused.code, 1);
    match(
      refused.stderr,
      /^warning: A clear removes the sessions of qa \(keys shop:s:qa-\*\) too$/m,
    );
    match(refused.stderr, /^error: Nothing was cleared, .*\n.* pass --anything$/m);
    strictEqual(await redis.dbsize(), 6);
    match((await app.azu([...CLEAR, "--env", "qa"], env)).stdout, /^Cleared 3 session/m);
    const { stdout } = await app.azu([...CLEAR, "--env", "production", "--anything"], env);
    match(stdout, /^Cleared 3 session/m);
    redis.disconnect();
  },
);

Deno.test("the source says how long a node caches", needs("redis-server"), async () => {
  await using server = await startRedis();
  await using app = await appOf({
    "azu.config.ts": `export default { app: "shop", session: {
      backend: "redis", backends: { redis: { cluster: { cacheTtl: "10m" } } } } };`,
  });
  await app.azu(["session:setup"]);
  await Deno.remove(`${app.path}/azu.config.ts`);
  const { code, stderr } = await app.azu(CLEAR, { REDIS_URL: server.url });
  strictEqual(code, 0, stderr);
  match(stderr, /No app node listens .* for up to 600 s: /);
});

Deno.test("--backend of another store than the app's: a warning", async () => {
  await using app = await appOf();
  await app.azu(["session:setup"]);
  const args = ["session:clear", "--dry-run", "--env", "development", "-b", "redis"];
  const { stderr } = await app.azu(args, NOWHERE);
  match(
    stderr,
    /^warning: In this environment, .*session\.cr uses the store memory, and not redis, which /m,
  );
});

Deno.test("a default that differs from production is a place of its own", async () => {
  await using app = await appOf({
    "azu.config.ts": `export default { session: { backend: "memory" },
      environments: { production: { session: { backend: "redis" } } } };`,
  });
  const { code, stderr } = await app.azu(CLEAR, NOWHERE);
  strictEqual(code, 2);
  match(stderr, /:\n {2}production: redis redis:.*\n {2}all others: memory\nName/);
});

Deno.test("tables that differ by environment are created one by one", async () => {
  await using app = await appOf({
    "azu.config.ts": `export default {
      session: { backend: "database", backends: { database: { engine: "sqlite" } } },
      environments: { test: { session: { backends: { database: { table: "t" } } } } },
    };`,
  });
  const env = { DATABASE_URL: "sqlite3://./a.db" };
  const setup = async (...args: string[]) => await app.azu(["session:setup", ...args], env);
  match((await setup()).stdout, /Create the table: run .* --env <name> --apply for each, or/);
  const { stdout, decision } = await setup("--apply", "--env", "test");
  match(decision, /^Backend: database .*, environment test \(--env\), target sqlite3:.*, table t$/);
  match(stdout, /Create the table \(production\): run/);
});

Deno.test("a variable is one part of a table's name", async () => {
  await using app = await appOf();
  const env = { ...NOWHERE, TENANT: "auth.acme" };
  const { code, stderr } = await app.azu([...CLEAR, "--env", "staging"], env);
  strictEqual(code, 2);
  match(stderr, /^error: TENANT: a part of a table's name may not contain/m);
});

Deno.test("setup writes one source for all environments", async () => {
  await using app = await appOf({ "shard.yml": "name: shop\n" });
  const { code, stdout, stderr } = await app.azu(["session:setup"]);
  deepStrictEqual([code, stderr], [0, ""]);
  match(stdout, /^Backend: redis; memory \(development\); database \(test, staging\)$/m);
  for (
    const step of [
      /Set SESSION_SECRET in the environment \(production and staging\): at least 32/,
      /Set REDIS_URL in the environment \(production\): redis:/,
      /Set DATABASE_URL in the environment \(test and staging\): sqlite3:.* or postgres:/,
      /Set TENANT in the environment \(staging\): a part of the table's name/,
      /Create the table \(test and staging\): run this command with --env <name> --apply for each/,
    ]
  ) match(stdout, step);
  doesNotMatch(stdout, /APP_NAME/);
  const files = await app.files();
  for (const shard of ["session", "redis", "cql", "sqlite3", "pg"]) {
    match(files["shard.yml"] ?? "", new RegExp(`^  ${shard}:$`, "m"));
  }
  match(files[".env.example"] ?? "", /^# APP_NAME: a part of the key prefix; default: shop$/m);
  match((await app.azu(["session:setup"])).stdout, /Nothing to change/);
});

Deno.test("--apply creates the table of the environment that is named", async () => {
  await using app = await appOf();
  const apply = (args: string[]) =>
    app.azu(["session:setup", "--apply", ...args], { DATABASE_URL: "sqlite3://./app.db" });
  const unnamed = await apply([]);
  strictEqual(unnamed.code, 2);
  match(unnamed.stderr, /different places:\n/);
  const none = await apply(["--env", "production"]);
  strictEqual(none.code, 3);
  match(
    none.stderr,
    /redis backend has no table .* \(environment production\)\n.*: test or staging/,
  );
  const made = await apply(["--env", "test"]);
  strictEqual(made.code, 0, made.stderr);
  match(made.stdout, /^Created the table t in sqlite3:\/\/\.\/app\.db, with its indexes$/m);
  strictEqual(sqliteCount(app.path, "app.db", "t"), 0);
});

Deno.test("one backend in all environments: --backend and SESSION_BACKEND", async () => {
  await using app = await appOf();
  for (
    const [args, env] of [[["-b", "memory"], {}], [[], { SESSION_BACKEND: "memory" }]] as const
  ) {
    const { stdout, stderr, code } = await app.azu(["session:setup", "--force", ...args], {
      ...env,
    });
    strictEqual(code, 0);
    match(stdout, /^Backend: memory$/m);
    match(stderr, /selects memory in every environment, instead of redis and database as in the /);
    doesNotMatch((await app.files())["src/initializers/session.cr"] ?? "", /case|Redis|Database/);
  }
});
