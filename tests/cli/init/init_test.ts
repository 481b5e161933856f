import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { readTree, tempDir, writeTree } from "../../support/temp.ts";

async function appOf(files: Record<string, string>) {
  const app = await tempDir();
  await writeTree(app.path, files);
  return {
    path: app.path,
    files: () => readTree(app.path),
    azu: (args: string[], folder = "") => runAzu(args, { cwd: `${app.path}/${folder}` }),
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

Deno.test("init writes a config that works, for the app by its name, and its types", async () => {
  await using app = await appOf({ "shard.yml": "name: my-blog\n", "src/x.cr": "" });
  const result = await app.azu(["init"], "src");
  strictEqual(result.code, 0);
  match(result.stderr, /^The backends are those of the example in Azu's documentation: .*\n$/);
  const files = await app.files();
  deepStrictEqual(Object.keys(files).sort(), [
    "azu.config.ts",
    "azu.d.ts",
    "shard.yml",
    "src/x.cr",
  ]);
  match(files["azu.config.ts"] ?? "", /^\/\/\/ <reference path="\.\/azu\.d\.ts" \/>\n/);
  match(files["azu.config.ts"] ?? "", /app: "my-blog"[^]*keyPrefix: "my-blog:session:"/);
  match(files["azu.d.ts"] ?? "", /^declare module "azu" \{$/m);
  const used = await app.azu(["session:clear", "-b", "redis", "--dry-run", "--json"]);
  strictEqual(JSON.parse(used.stdout).pattern, "my-blog:session:*");
  match((await app.azu(["init"])).stdout, /✓ Nothing to change/);
});

Deno.test("init never overwrites an existing config", async () => {
  await using app = await appOf({ "azu.config.ts": "export default { app: 'mine' };\n" });
  const before = await app.files();
  const refused = await app.azu(["init"]);
  strictEqual(refused.code, 1);
  match(refused.stderr, /azu\.config\.ts exists and differs; nothing was changed/);
  match(refused.stdout, /^-export default \{ app: 'mine' \};$/m);
  deepStrictEqual(await app.files(), before);
  const json = JSON.parse((await app.azu(["init", "--json"])).stdout);
  deepStrictEqual([json.command, json.outcome, json.exitCode], ["init", "conflict", 1]);
});

Deno.test("init --update-types writes the types only", async () => {
  await using app = await appOf({ "azu.config.ts": "// mine\n", "azu.d.ts": "old\n", "a/b": "" });
  strictEqual((await app.azu(["init", "--update-types"], "a")).code, 0);
  const files = await app.files();
  strictEqual(files["azu.config.ts"], "// mine\n");
  match(files["azu.d.ts"] ?? "", /declare module "azu"/);
  await using none = await appOf({});
  const refused = await none.azu(["init", "--update-types"]);
  strictEqual(refused.code, 2);
  match(refused.stderr, /There is no azu\.config\.ts here or above/);
});

Deno.test("init does not show secrets of a config that it would overwrite", async () => {
  await using app = await appOf({
    "azu.config.ts": 'const token = "tok-hunter2";\nexport default {};\n',
  });
  const result = await app.azu(["init"]);
  match(result.stdout, /^-const token = "\*\*\*";$/m);
  strictEqual((result.stdout + result.stderr).includes("hunter2"), false);
  match(result.stderr, /azu init --update-types writes only the types/);
  strictEqual((await app.azu(["init", "-C", "nowhere"])).code, 2);
  strictEqual((await app.azu(["init", "--config", "x.ts"])).code, 2);
});

Deno.test("init --force names the settings that get lost, also with --quiet", async () => {
  const config = `// ttl: a comment
export default {
  app: "shop",
  session: {
    ttl: "7d", // engine: "x"
    backends: { database: { engine: "mysql", url: "mysql://u:hunter2@h/table: d" } },
    sliding: true,
  },
};
`;
  for (const more of [[], ["--quiet"], ["--dry-run"], ["--json"]]) {
    await using app = await appOf({ "shard.yml": "name: shop\n", "azu.config.ts": config });
    const { code, stdout, stderr } = await app.azu(["init", "--force", ...more]);
    strictEqual(code, 0);
    match(stderr, /^warning: .*written anew, so these settings .*: ttl, engine and url$/m);
    strictEqual((stdout + stderr).includes("hunter2"), false);
    if (more[0] === "--json") strictEqual(JSON.parse(stdout).warnings.length, 1);
  }
  await using app = await appOf({ "shard.yml": "name: shop\n" });
  await app.azu(["init"]);
  strictEqual((await app.azu(["init", "--force"])).stderr.includes("warning"), false);
});

Deno.test("init --dry-run shows the files and writes none", async () => {
  await using app = await appOf({});
  const result = await app.azu(["init", "--dry-run"]);
  match(result.stdout, /^\+import \{ defineConfig \} from "azu";$/m);
  deepStrictEqual(await app.files(), {});
});

/** The backends that a config has, by the base and the environments. */
function backendsIn(config = ""): string[] {
  return Array.from(
    config.matchAll(/(?:(\w+): \{\n.*\n.*session: \{ )?backend: "(\w+)"/g),
    (match) => {
      const [, environment = "", backend = ""] = match;
      return environment === "" ? backend : `${environment} ${backend}`;
    },
  );
}

Deno.test("init writes the backend that the app uses", async () => {
  const shard = "name: shop\n\ndependencies:\n  redis:\n    github: stefanwille/crystal-redis\n";
  const pg = "  pg:\n    github: will/crystal-pg\n";
  const initializer = 'require "session"\nSession.use_store(Session::MemoryStore(S))\n';
  const example = ["redis", "development memory", "memory"];
  const cases: [Record<string, string>, string[], Record<string, string>, string[]][] = [
    [{ "shard.yml": shard }, [], {}, ["redis"]],
    [{ "shard.yml": shard.replace(/ {2}redis:[^]*/, pg) }, [], {}, ["database"]],
    [{ "shard.yml": `${shard}${pg}` }, [], {}, example],
    [{ "shard.yml": shard, "src/initializers/session.cr": initializer }, [], {}, ["memory"]],
    [{}, [], { DATABASE_URL: "sqlite3://./a.db" }, ["database"]],
    [{ ".env": "SESSION_BACKEND=database\n" }, [], { REDIS_URL: "redis://h" }, ["database"]],
    [{}, [], { SESSION_BACKEND: "memory", REDIS_URL: "redis://h" }, ["memory"]],
    [{ "shard.yml": shard }, ["-b", "database"], {}, ["database"]],
    [{}, [], {}, example],
  ];
  for (const [files, args, env, backends] of cases) {
    await using app = await appOf(files);
    const { code, stderr } = await runAzu(["init", ...args], { cwd: app.path, env });
    strictEqual(code, 0, stderr);
    deepStrictEqual(backendsIn((await app.files())["azu.config.ts"]), backends, stderr);
    strictEqual((await app.azu(["session:setup", "--dry-run", "--force"])).code, 0);
  }
});

Deno.test("init states what a generated initializer states, for each environment", async () => {
  await using app = await appOf({
    "shard.yml": "name: shop\n",
    "azu.config.ts": `import { defineConfig, fromEnv } from "azu";
export default defineConfig({
  session: { backends: { redis: { keyPrefix: fromEnv("APP_NAME", "shop") + ":s:", cluster: { cacheTtl: "10m" } } } },
  environments: {
    test: { session: { backend: "database", backends: { database: { table: "t", engine: "sqlite" } } } },
    staging: { session: { backends: { redis: { keyPrefix: "stage:", cluster: false } } } },
  },
});`,
  });
  const initializer = async () => (await app.files())["src/initializers/session.cr"];
  await app.azu(["session:setup"]);
  const before = await initializer();
  strictEqual((await app.azu(["init", "--force"])).code, 0);
  const config = (await app.files())["azu.config.ts"] ?? "";
  match(config, /import \{ defineConfig, fromEnv \} from "azu";/);
  match(
    config,
    /keyPrefix: fromEnv\("APP_NAME", "shop"\) \+ ":s:",\n +cluster: \{ channel: ".*", cacheTtl: "10m" \}/,
  );
  await app.azu(["session:setup", "--force"]);
  const choice = (text = "") =>
    /session_stores[^]*?\n {2}end/.exec(text)?.[0].replace(/ +(?:pool|cleanup)_.*\n/g, "");
  strictEqual(choice(await initializer()), choice(before));
});

Deno.test("init keeps the kinds of databases, if an initializer has several", async () => {
  const config = `export default {
  session: { backend: "database", backends: { database: { engine: "postgres" } } },
  environments: { test: { session: { backends: { database: { engine: "sqlite" } } } } },
};`;
  await using app = await appOf({ "shard.yml": "name: shop\n", "azu.config.ts": config });
  await app.azu(["session:setup"]);
  const before = await app.files();
  await app.azu(["init", "--force"]);
  const written = (await app.files())["azu.config.ts"] ?? "";
  match(written, /table: "sessions",\n +engine: "postgres",/);
  match(written, /test: \{\n +session: \{ backends: \{ database: \{ engine: "sqlite" \} \} \},/);
  const again = await app.azu(["session:setup", "--dry-run", "--json", "--force"]);
  const { files } = JSON.parse(again.stdout);
  strictEqual(
    files.find(({ path }: { path: string }) => path.startsWith("src/db/"))?.action,
    "unchanged",
    again.stdout,
  );
  // Without the config, the source says it.
  await Deno.remove(`${app.path}/azu.config.ts`);
  const env = { DATABASE_URL: "postgres://app@127.0.0.1:1/shop" };
  const args = ["session:clear", "--force", "--env", "test"];
  const { code, stderr } = await runAzu(args, { cwd: app.path, env });
  strictEqual(code, 2);
  match(stderr, /sessions of this environment are in SQLite, but the URL is postgres:/);
  match(before["src/initializers/session.cr"] ?? "", /engine: "sqlite",/);
});

Deno.test("init refuses what it would have to guess", async () => {
  await using app = await appOf({
    "azu.config.ts": `export default { environments: { test: { session: {
      backends: { redis: { keyPrefix: "t:" } } } } } };`,
  });
  await app.azu(["session:setup"]);
  const path = `${app.path}/src/initializers/session.cr`;
  const source = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, source.replace('key_prefix: "t:"', "key_prefix: PREFIX"));
  const uncertain = await app.azu(["init", "--force"]);
  strictEqual(uncertain.code, 2);
  match(uncertain.stderr, /not certain which key prefix .* uses in the environment test\n/);
  await Deno.remove(path);
  const env = { SESSION_BACKEND: "mongo" };
  const unknown = await runAzu(["init", "--force"], { cwd: app.path, env });
  strictEqual(unknown.code, 2);
  match(unknown.stderr, /^error: SESSION_BACKEND: unknown backend "mongo"\n/);
  strictEqual((await app.azu(["init", "--force", "--env", "test"])).code, 2);
});

Deno.test("init asks where it is not certain which store the app uses", async () => {
  const store = (name: string) => `config.store = Session::${name}(S).new\n`;
  await using app = await appOf({
    "src/initializers/session.cr": store("RedisStore") + store("MemoryStore"),
  });
  const { code, stderr } = await app.azu(["init"]);
  strictEqual(code, 2);
  match(stderr, /names several stores: redis and memory\nSelect one with --backend/);
  strictEqual((await app.azu(["init", "-b", "mongo"])).code, 2);
  strictEqual((await app.azu(["init", "-b", "redis"])).code, 0);
});
