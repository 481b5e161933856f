/** Which backend is meant, and who decides: asked of the tool itself, by a dry run's JSON. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../support/cli.ts";
import { tempDir, writeTree } from "../support/temp.ts";

interface Sources {
  readonly flag?: string;
  readonly initializer?: string;
  readonly variable?: string;
  readonly dotenv?: string;
  readonly config?: string;
}

/** Nothing listens there: the answer is told all the same, with an error. */
const NOWHERE = { REDIS_URL: "redis://127.0.0.1:1", DATABASE_URL: "sqlite3://./none.db" };

async function decide(sources: Sources) {
  await using app = await tempDir();
  const { flag, initializer, variable, dotenv, config } = sources;
  await writeTree(app.path, {
    "shard.yml": "name: myapp\n",
    ...(initializer === undefined ? {} : { "src/initializers/session.cr": initializer }),
    ...(dotenv === undefined ? {} : { ".env": `SESSION_BACKEND=${dotenv}\n` }),
    ...(config === undefined
      ? {}
      : { "azu.config.ts": `export default { session: { backend: "${config}" } };` }),
  });
  const args = [
    "session:clear",
    "--dry-run",
    "--json",
    ...(flag === undefined ? [] : ["-b", flag]),
  ];
  const env = { ...NOWHERE, ...(variable === undefined ? {} : { SESSION_BACKEND: variable }) };
  const result = await runAzu(args, { cwd: app.path, env });
  return { ...JSON.parse(result.stdout), code: result.code, stderr: result.stderr };
}

const store = (name: string) =>
  `require "session"\nSession.use_store(Session::${name}(UserSession))\n`;

const matrix: [string, Sources, [backend: string, decidedBy: string]][] = [
  ["nothing says anything", {}, ["redis", "default"]],
  ["the config", { config: "memory" }, ["memory", "config"]],
  ["SESSION_BACKEND over the config", { variable: "database", config: "memory" }, [
    "database",
    "environment",
  ]],
  ["SESSION_BACKEND in .env", { dotenv: "database", config: "memory" }, [
    "database",
    "environment",
  ]],
  ["the environment over .env", { variable: "memory", dotenv: "database" }, [
    "memory",
    "environment",
  ]],
  ["the initializer over SESSION_BACKEND", {
    initializer: store("MemoryStore"),
    variable: "database",
    config: "redis",
  }, ["memory", "initializer"]],
  ["the flag over everything", {
    flag: "database",
    initializer: store("MemoryStore"),
    variable: "redis",
    config: "memory",
  }, ["database", "flag"]],
  [
    "the flag over an initializer of cookies",
    { flag: "redis", initializer: store("CookieStore") },
    ["redis", "flag"],
  ],
  ["RedisStore", { initializer: store("RedisStore"), config: "memory" }, ["redis", "initializer"]],
  ["ClusteredRedisStore", { initializer: store("ClusteredRedisStore"), config: "memory" }, [
    "redis",
    "initializer",
  ]],
  ["MemoryStore", { initializer: store("MemoryStore") }, ["memory", "initializer"]],
  ["DatabaseStore", {
    initializer: store("DatabaseStore"),
    config: 'redis", backends: { database: { table: "t" } }, ttl: "1h',
  }, ["database", "initializer"]],
  ["CookieStore", { initializer: store("CookieStore") }, ["cookie", "initializer"]],
  ["a comment that names another", {
    initializer: `# was: Session::MemoryStore\n${store("RedisStore")}`,
    config: "memory",
  }, ["redis", "initializer"]],
  ["a string that names another", {
    initializer: `puts "Session::RedisStore"\nputs %(CookieStore)\n${store("MemoryStore")}`,
  }, ["memory", "initializer"]],
  ["a heredoc that names another", {
    initializer: `TEXT = <<-X\n  Session::CookieStore\n  X\n${store("MemoryStore")}`,
  }, ["memory", "initializer"]],
  ["comments and strings alone", {
    initializer: '# Session::MemoryStore\nputs "CookieStore"\n',
    config: "database",
  }, ["database", "config"]],
  ["an initializer without a store", { initializer: 'require "session"\n', variable: "memory" }, [
    "memory",
    "environment",
  ]],
  ["a store of the app's own", {
    initializer:
      "class Mine < Session::RedisStore(X)\nend\nSession.configure { |c| c.store = Mine.new }\n",
    config: "memory",
  }, ["redis", "initializer"]],
];

for (const [name, sources, [backend, decidedBy]] of matrix) {
  Deno.test(`decides the backend: ${name}`, async () => {
    const decided = await decide(sources);
    deepStrictEqual([decided.backend, decided.decidedBy], [backend, decidedBy]);
  });
}

Deno.test("memory and cookie sessions cannot be cleared: exit 3, and why", async () => {
  await using app = await tempDir();
  const run = (name: string) => {
    return writeTree(app.path, { "src/initializers/session.cr": store(name) })
      .then(() => runAzu(["session:clear", "--force"], { cwd: app.path }));
  };
  const memory = await run("MemoryStore");
  deepStrictEqual([memory.code, memory.stdout.split("\n")], [3, [
    "Clearing sessions...",
    "Backend: memory",
    "⚠️  Memory sessions cannot be cleared remotely",
    "Restart the application to clear memory sessions",
    "",
  ]]);
  const cookie = await run("CookieStore");
  strictEqual(cookie.code, 3);
  match(cookie.stdout, /live in the visitors' browsers and cannot be cleared/);
  match(cookie.stdout, /Change SESSION_SECRET/);
});

for (
  const [where, sources] of [
    ["--backend", { flag: "mongo" }],
    ["SESSION_BACKEND", { variable: "mongo" }],
  ] as const
) {
  Deno.test(`an unknown backend in ${where} lists the known ones, exit 2`, async () => {
    const { code, stderr, outcome } = await decide(sources);
    deepStrictEqual([code, outcome], [2, "usage"]);
    match(
      stderr,
      new RegExp(`${where}: unknown backend "mongo"\nKnown backends: redis, database, memory`),
    );
  });
}

Deno.test("an initializer that names two stores is an error", async () => {
  const initializer = `if x\n  Session.use_store(Session::RedisStore(S))\nelse\n` +
    "  Session.use_store(Session::MemoryStore(S))\nend\n";
  const { code, stderr } = await decide({ initializer });
  strictEqual(code, 2);
  match(
    stderr,
    /names several stores: redis and memory\nSelect one with --backend, or state session.backend/,
  );
  const decided = await decide({ initializer, config: "memory" });
  deepStrictEqual([decided.backend, decided.decidedBy], ["memory", "config"]);
});

Deno.test("what the initializer states is what is cleared, with a warning", async () => {
  await using app = await tempDir();
  const stated =
    'class S < Session::RedisStore(U)\n  def prefixed(key)\n    "real:#{key}"\n  end\nend\n' +
    "Session.use_store(S)\n";
  await writeTree(app.path, {
    "src/initializers/session.cr": stated,
    "azu.config.ts":
      'export default { session: { backends: { redis: { keyPrefix: "other:" } } } };',
  });
  const args = ["session:clear", "--dry-run", "--json"];
  const result = await runAzu(args, { cwd: app.path, env: NOWHERE });
  const { pattern, warnings } = JSON.parse(result.stdout);
  strictEqual(pattern, "real:*");
  match(warnings[0], /states the key prefix "real:", but the config .* states "other:"/);
});

Deno.test("a shard's own RedisStore writes session: whatever the app's name", async () => {
  const decided = await decide({ initializer: store("RedisStore") });
  deepStrictEqual([decided.pattern, decided.warnings], ["session:*", []]);
});

Deno.test("AZU_ENV chooses what differs", async () => {
  await using app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `export default {
      app: "a",
      session: { backends: { redis: { keyPrefix: "base:" } } },
      environments: {
        production: { session: { backends: { redis: { keyPrefix: "live:" } } } },
        development: { app: "dev" },
      },
    };`,
  });
  const run = async (env: Record<string, string>) => {
    const args = ["session:clear", "--dry-run", "--json"];
    return JSON.parse((await runAzu(args, { cwd: app.path, env: { ...NOWHERE, ...env } })).stdout);
  };
  strictEqual((await run({ AZU_ENV: "production" })).pattern, "live:*");
  strictEqual((await run({ AZU_ENV: "development" })).pattern, "base:*");
  strictEqual((await run({ AZU_ENV: " ", CRYSTAL_ENV: "development" })).pattern, "base:*");
  deepStrictEqual((await run({ AZU_ENV: "test" })).warnings, []);
  const mistyped = await run({ AZU_ENV: "prodution" });
  match(
    mistyped.warnings[0],
    /^AZU_ENV: unknown environment "prodution"\. Known .*; did you mean production\?$/,
  );
});
