/** The config as a user meets it: found, evaluated, validated, by the tool as a process. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../support/cli.ts";
import { tempDir, writeTree } from "../support/temp.ts";

const ENV = { REDIS_URL: "redis://127.0.0.1:1" };

/** Runs a dry run in a folder of an app and gives what it decided, or the error. */
async function load(
  files: Record<string, string>,
  options: { folder?: string; args?: string[]; env?: Record<string, string> } = {},
) {
  await using app = await tempDir();
  await writeTree(app.path, files);
  const args = ["session:clear", "--dry-run", "--json", ...(options.args ?? [])];
  const cwd = options.folder === undefined ? app.path : `${app.path}/${options.folder}`;
  const result = await runAzu(args, { cwd, env: { ...ENV, ...options.env } });
  const stderr = result.stderr.replaceAll(app.path, "…");
  return { code: result.code, stderr, ...JSON.parse(result.stdout) };
}

const loads = (name: string, files: Record<string, string>, pattern: string, options = {}) =>
  Deno.test(`config: ${name}`, async () => {
    const loaded = await load(files, options);
    strictEqual(loaded.pattern, pattern, loaded.stderr);
  });

const prefix = (expression: string) =>
  `export default { session: { backends: { redis: { keyPrefix: ${expression} } } } };`;

loads("typed TypeScript", {
  "azu.config.ts": `import { defineConfig, type Config, redis } from "azu";
import type { RedisOptions } from "azu";
enum Env { Live = "live" }
interface Names { readonly prefix: string }
const names = { prefix: \`\${Env.Live}:\` } satisfies Names;
const options: RedisOptions = { keyPrefix: names.prefix as string };
const config: Config = { session: { backends: { redis: redis(options) } } };
export default defineConfig(config);`,
}, "live:*");
loads(
  "a function of the environment",
  {
    "azu.config.ts": `import { defineConfig } from "azu";
export default defineConfig(async ({ env }) => ({
  session: { backends: { redis: { keyPrefix: env + ":" } } },
}));`,
  },
  "staging:*",
  { env: { AZU_ENV: "staging" } },
);
loads("relative .ts, .js and .json files, three deep", {
  "azu.config.ts": `import { prefix } from "./config/a.ts";\n${prefix("prefix")}`,
  "config/a.ts": 'export { b as prefix } from "./deep/b.js";',
  "config/deep/b.js": 'import c from "../../c.json" with { type: "json" };\nexport const b = c.p;',
  "c.json": '{ "p": "json:" }',
}, "json:*");
loads("files that import each other", {
  "azu.config.ts": `import { a } from "./a.ts";\n${prefix("a()")}`,
  "a.ts": 'import { b } from "./b.ts";\nexport const name = "a:";\nexport const a = () => b();',
  "b.ts": 'import { name } from "./a.ts";\nexport const b = () => name + "b:";',
}, "a:b:*");
loads("node: modules and top-level await", {
  "azu.config.ts": `import { join } from "node:path";
import fs from "node:fs/promises";
import * as os from "node:url";
const text = await fs.readFile(join(__dirname, "name.txt"), "utf8");
if (typeof os.pathToFileURL !== "function") throw new Error("no");
${prefix("text.trim()")}`,
  "name.txt": "file:\n",
}, "file:*");
loads(
  "the nearest one above the working folder",
  {
    "azu.config.ts": prefix('"above:"'),
    "a/b/c.txt": "",
  },
  "above:*",
  { folder: "a/b" },
);
loads(
  "the one that --config names",
  {
    "azu.config.ts": prefix('"near:"'),
    "other/live.ts": prefix('"named:"'),
  },
  "named:*",
  { args: ["--config", "other/live.ts"] },
);
loads(
  "the folder that -C names",
  {
    "a/azu.config.ts": prefix('"there:"'),
  },
  "there:*",
  { args: ["-C", "a"] },
);
loads("a backend of a name of its own", {
  "azu.config.ts": `import { redis } from "azu";
export default { session: { backend: "valkey", backends: { valkey: redis({ keyPrefix: "v:" }) } } };`,
}, "v:*");
loads("undefined means: not set", {
  "azu.config.ts": `export default { app: undefined, session: { ttl: undefined,
  backends: { redis: { url: process.env.AZU_NO_SUCH_URL, keyPrefix: "u:" } } } };`,
}, "u:*");

Deno.test("config: its console does not disturb the answer", async () => {
  const loaded = await load({
    "azu.config.ts": `console.log("hello", { a: 1 });\n${prefix('"p:"')}`,
  });
  strictEqual(loaded.pattern, "p:*");
  match(loaded.stderr, /^hello { a: 1 }$/m);
});

Deno.test("config: a backend of its own is cleared like any other", async () => {
  await using app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `import { type Backend, defineConfig } from "azu";
let left = 3;
const acme = (): Backend => ({
  name: "acme",
  capabilities: { clear: true, createTable: false },
  describe: () => ({ address: "acme://user:hunter2@host" }),
  connect: async () => ({
    count: async () => left,
    clear: async ({ onProgress }) => { const n = left; left = 0; onProgress(n); return n; },
    async [Symbol.asyncDispose]() {},
  }),
});
export default defineConfig({ session: { backend: "acme", backends: { acme } } });`,
  });
  const result = await runAzu(["session:clear", "--force"], { cwd: app.path });
  deepStrictEqual(result.stdout.split("\n"), [
    "Clearing sessions...",
    "Backend: acme",
    "Clearing acme sessions...",
    "Cleared 3 session(s)",
    "✓ Sessions cleared successfully",
    "",
  ]);
  const setup = await runAzu(["session:setup"], { cwd: app.path });
  strictEqual(setup.code, 3);
  match(setup.stderr, /The acme backend cannot be set up by azu/);
});

Deno.test("config: a backend that fails is a failed clear, not a bug report", async () => {
  const loaded = await load({
    "azu.config.ts": `const acme = () => ({ name: "acme",
  capabilities: { clear: true, createTable: false }, describe: () => ({}),
  connect: () => { throw new Error("no route to acme://u:hunter2@h"); } });
export default { session: { backend: "acme", backends: { acme } } };`,
  });
  deepStrictEqual([loaded.code, loaded.outcome], [1, "failed"]);
  match(loaded.stderr, /^error: The acme backend failed: no route to acme:\/\/u:\*\*\*@h$/m);
});

Deno.test("config: five mistakes are five lines, exit 2", async () => {
  const loaded = await load({
    "azu.config.ts": `export default {
  sesion: {},
  session: {
    ttl: "soon",
    backend: "mongo",
    cookie: { sameSite: "sometimes" },
    backends: { redis: { poolSize: 0 } },
  },
};`,
  });
  deepStrictEqual(loaded.stderr.trimEnd().split("\n"), [
    'azu.config.ts: session.ttl: expected a duration such as "24h", got "soon"',
    'azu.config.ts: session.cookie.sameSite: expected "strict", "lax" or "none", got "sometimes"',
    "azu.config.ts: session.backends.redis.poolSize: expected a whole number from 1 to 1000, got 0",
    "azu.config.ts: sesion: unknown key; did you mean session?",
    'azu.config.ts: session.backend: expected redis, database or memory, got "mongo"',
  ]);
  deepStrictEqual([loaded.code, loaded.outcome], [2, "usage"]);
});

const cluster = (value: string) =>
  `export default { session: { backends: { redis: { cluster: ${value} } } } };`;

const wrong: [name: string, config: string, line: string][] = [
  [
    "a cluster in words",
    cluster('"yes"'),
    'session.backends.redis.cluster: expected true, false or an object, got "yes"',
  ],
  [
    "a cluster of a list",
    cluster("[]"),
    "session.backends.redis.cluster: expected true, false or an object, got an array",
  ],
  [
    "a cluster's channel without a name",
    cluster('{ channel: "" }'),
    'session.backends.redis.cluster.channel: expected a channel\'s name of at least one character, got ""',
  ],
  [
    "a cluster that caches for less than a second",
    cluster('{ cacheTtl: "999ms" }'),
    'session.backends.redis.cluster.cacheTtl: expected a duration of at least 1 s, got "999ms"',
  ],
  [
    "a cluster's mistyped key",
    cluster('{ chanel: "c" }'),
    "session.backends.redis.cluster.chanel: unknown key; did you mean channel?",
  ],
  [
    "an empty prefix",
    prefix('""'),
    'session.backends.redis.keyPrefix: expected a key prefix of at least one character, got ""',
  ],
  [
    "a wrong type",
    "export default { session: { cookie: { secure: 1 } } };",
    "session.cookie.secure: expected true or false, got 1",
  ],
  ["an array", "export default { session: [] };", "session: expected an object, got an array"],
  ["nothing", "export default null;", "expected a config object, got null"],
  [
    "a duration of zero",
    'export default { session: { ttl: "0s" } };',
    'session.ttl: expected a duration such as "24h", got "0s"',
  ],
  [
    "a number instead of a duration",
    "export default { session: { ttl: 3600 } };",
    'session.ttl: expected a duration such as "24h", got 3600',
  ],
  [
    "an environment's mistake",
    'export default { environments: { live: { session: { backends: { redis: { keyprefix: "x" } } } } } };',
    "environments.live.session.backends.redis.keyprefix: unknown key; did you mean keyPrefix?",
  ],
  [
    "SameSite none without Secure",
    'export default { session: { cookie: { sameSite: "none", secure: false } } };',
    'session.cookie.secure: expected true where sameSite is "none", got false',
  ],
  [
    "the same, put together by an environment",
    'export default { session: { cookie: { sameSite: "none" } }, environments: { dev: { session: { cookie: { secure: false } } } } };',
    'environments.dev.session.cookie.secure: expected true where sameSite is "none", got false',
  ],
  [
    "a __Host- cookie with a domain",
    'export default { session: { cookie: { name: "__Host-s", domain: "example.com" } } };',
    'session.cookie.name: expected no domain and the path "/" with the name "__Host-s"',
  ],
  [
    "an unknown backend",
    "export default { session: { backends: { acme: 5 } } };",
    "session.backends.acme: expected redis({...}), database({...}), memory({...}) or a function that returns a backend, got 5",
  ],
  [
    "a table of three parts",
    'export default { session: { backends: { database: { table: "a.b.c" } } } };',
    'session.backends.database.table: expected a table name such as "sessions" or "auth.sessions", got "a.b.c"',
  ],
  [
    "a URL of another scheme",
    'export default { session: { backends: { database: { url: "redis://h" } } } };',
    "session.backends.database.url: expected postgres://<user>:<password>@<host>[:<port>]/<database>, mysql://<user>:<password>@<host>[:<port>]/<database> or sqlite3://./<file>, got a URL that begins with redis://",
  ],
];
for (const [name, config, line] of wrong) {
  Deno.test(`config: ${name} is one line`, async () => {
    const loaded = await load({ "azu.config.ts": config });
    strictEqual(loaded.stderr, `error: azu.config.ts: ${line}\n`);
    strictEqual(loaded.code, 2);
  });
}

const broken: [name: string, files: Record<string, string>, message: RegExp][] = [
  [
    "a syntax error",
    { "azu.config.ts": "export default {\n  a: 1\n  b: 2\n};" },
    /azu\.config\.ts:3:\d+: Unexpected token, expected ","/,
  ],
  ["a mistake that only the engine finds", {
    "azu.config.ts": "const a = 1;\ntype T = string;\nconst a = 2;\nexport default {};",
  }, /azu\.config\.ts:3:\d+: Identifier 'a' has already been declared/],
  ["one that throws", {
    "azu.config.ts": "// a\n\nthrow new Error('no home');\nexport default {};",
  }, /azu\.config\.ts:3:\d+: no home/],
  ["a function that throws", {
    "azu.config.ts": "export default () => {\n  return undefinedName.x;\n};",
  }, /azu\.config\.ts:2:\d+: ReferenceError: undefinedName is not defined/],
  ["an import that throws", {
    "azu.config.ts": 'import "./a.ts";\nexport default {};',
    "a.ts": "\nthrow new TypeError('bad');",
  }, /a\.ts:2:7: TypeError: bad/],
  ["an import of nothing", {
    "azu.config.ts": 'import a from "azu";\nimport x from "./nothing.ts";\nexport default x;',
  }, /azu\.config\.ts:2:\d+: cannot import "\.\/nothing\.ts": the file does not exist/],
  [
    "an import of a package",
    { "azu.config.ts": 'import _ from "lodash";\nexport default _;' },
    /azu\.config\.ts:1:\d+: cannot import "lodash": a config may import relative files, node: modules and "azu"/,
  ],
  ["an import from the web", {
    "azu.config.ts": 'import _ from "https://example.com/x.ts";\nexport default _;',
  }, /azu\.config\.ts:1:\d+: cannot import "https:\/\/example\.com\/x\.ts"/],
  ["an import of no node: module", {
    "azu.config.ts": 'import _ from "node:nothing";\nexport default _;',
  }, /azu\.config\.ts:1:\d+: cannot import "node:nothing": no such node: module/],
  ["broken JSON", {
    "azu.config.ts": 'import x from "./x.json";\nexport default x;',
    "x.json": '{\n  "password": "hunter2",\n  oops\n}',
  }, /x\.json(:3:\d+)?: not valid JSON/],
  [
    "no default export",
    { "azu.config.ts": "export const config = {};" },
    /azu\.config\.ts: expected a default export/,
  ],
  [
    "import.meta",
    { "azu.config.ts": "export default import.meta.url;" },
    /import\.meta is not available in a config; __dirname and __filename are/,
  ],
];
for (const [name, files, message] of broken) {
  Deno.test(`config: ${name} gives file, line and reason`, async () => {
    const loaded = await load(files);
    match(loaded.stderr, message);
    doesNotMatch(loaded.stderr, /^\s+at |hunter2|bug in azu/m);
    strictEqual(loaded.code, 2);
  });
}

Deno.test("config: an endless evaluation is cut off", async () => {
  const loaded = await load({
    "azu.config.ts":
      "setInterval(() => {}, 1000);\nawait new Promise(() => {});\nexport default {};",
  });
  match(loaded.stderr, /azu\.config\.ts: still not evaluated after 10 s/);
  strictEqual(loaded.code, 2);
});

Deno.test("config: a named one that does not exist, and a folder that does not", async () => {
  const named = await load({}, { args: ["--config", "nowhere.ts"] });
  match(named.stderr, /^error: The config file …\/nowhere\.ts does not exist$/m);
  const folder = await load({}, { args: ["-C", "nowhere"] });
  match(folder.stderr, /^error: Cannot work in …\/nowhere: /m);
  deepStrictEqual([named.code, folder.code], [2, 2]);
});

Deno.test({
  name: "config: another user's, above the working folder, is not run",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using app = await tempDir();
    await writeTree(app.path, { "azu.config.ts": 'throw new Error("was run");', "work/x": "" });
    await Deno.chown(`${app.path}/azu.config.ts`, 65534, 65534);
    const cwd = `${app.path}/work`;
    const refused = await runAzu(["session:clear", "--force"], { cwd, env: ENV });
    strictEqual(refused.code, 2);
    match(refused.stderr, /azu\.config\.ts belongs to another user, and was not used/);
    const args = ["session:clear", "--force", "--config", "../azu.config.ts"];
    match((await runAzu(args, { cwd, env: ENV })).stderr, /was run/);
  },
});
