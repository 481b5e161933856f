/** The target is certain: what names no place, or more than one, is refused. */
import { doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../support/cli.ts";
import { needs } from "../support/env.ts";
import { startRedis } from "../support/servers/redis.ts";
import { Redis } from "ioredis";
import { tempDir, writeTree } from "../support/temp.ts";

const ENV = { REDIS_URL: "redis://127.0.0.1:1" };
const CLEAR = ["session:clear", "--force"];

/** Runs in a folder with these files, and gives what stderr says after the folder's name is cut. */
async function refusal(
  files: Record<string, string>,
  options: { args?: string[]; env?: Record<string, string>; prepare?: (path: string) => unknown } =
    {},
) {
  await using app = await tempDir();
  await writeTree(app.path, files);
  await options.prepare?.(app.path);
  const { args = CLEAR, env = ENV } = options;
  const { code, stdout, stderr } = await runAzu(args, { cwd: app.path, env });
  doesNotMatch(stdout, /✓/);
  return { code, stderr: stderr.replaceAll(app.path, "…") };
}

Deno.test("a folder where nothing names a place is refused", async () => {
  for (const args of [CLEAR, ["session:clear", "--dry-run"], [...CLEAR, "-b", "redis"]]) {
    const { code, stderr } = await refusal({}, { args, env: {} });
    strictEqual(code, 2, stderr);
    match(stderr, /^error: Nothing says where the sessions are: … has no shard\.yml/);
    match(stderr, /or set REDIS_URL$/m);
  }
  // An app, a config or a variable names one.
  const named: [Record<string, string>, Record<string, string>][] = [
    [{ "shard.yml": "name: shop\n" }, {}],
    [{ "azu.config.ts": "export default {};" }, {}],
    [{ "src/initializers/session.cr": 'require "session"' }, {}],
    [{ ".env": "REDIS_URL=redis://127.0.0.1:1\n" }, {}],
    [{}, ENV],
  ];
  for (const [files, env] of named) {
    doesNotMatch((await refusal(files, { env })).stderr, /Nothing says where/);
  }
});

Deno.test("empty values of -C, --config and --backend are refused", async () => {
  const cases: [string[], RegExp][] = [
    [["-C", ""], /^error: -C needs a folder, and got an empty text$/m],
    [["--directory="], /^error: -C needs a folder, and got an empty text$/m],
    [["--config", ""], /^error: --config needs a file, and got an empty text$/m],
    [["--backend", ""], /^error: --backend: unknown backend ""$/m],
  ];
  for (const [option, problem] of cases) {
    const { code, stderr } = await refusal({ "shard.yml": "name: a\n" }, {
      args: [...CLEAR, ...option],
    });
    strictEqual(code, 2, stderr);
    match(stderr, problem);
  }
});

Deno.test("what has the config's name and is not a readable file is refused", async () => {
  const config = `${"export default { session: { backends: { redis: { "}keyPrefix: "up:" } } } };`;
  const cases: [string, (path: string) => unknown, RegExp][] = [
    ["a folder", (path) => Deno.mkdir(`${path}/azu.config.ts`), /azu\.config\.ts is not a file$/m],
    [
      "a dangling link",
      (path) => Deno.symlink("nowhere.ts", `${path}/azu.config.ts`),
      /is a link to a file that does not exist$/m,
    ],
    [
      "a link that ends in a circle",
      (path) => Deno.symlink("azu.config.ts", `${path}/azu.config.ts`),
      /Cannot look for .*azu\.config\.ts/,
    ],
    [
      "shard.yml as a folder",
      (path) => Deno.mkdir(`${path}/shard.yml`),
      /shard\.yml is not a file/,
    ],
    ...["js", "mjs", "mts", "json"].map((end): [string, (path: string) => unknown, RegExp] => [
      `azu.config.${end}`,
      (path) => Deno.writeTextFile(`${path}/azu.config.${end}`, config),
      new RegExp(`azu\\.config\\.${end} is not read: the config is azu\\.config\\.ts$`, "m"),
    ]),
  ];
  for (const [name, prepare, problem] of cases) {
    // One further up must not be used instead.
    const { code, stderr } = await refusal({ "azu.config.ts": config, "app/x": "" }, {
      prepare: (path) => prepare(`${path}/app`),
      args: [...CLEAR, "-C", "app"],
    });
    strictEqual(code, 2, `${name}: ${stderr}`);
    match(stderr, problem, name);
  }
});

Deno.test("imports of a config that is a link are relative to the file itself", async () => {
  const { stderr } = await refusal({
    "shared/config.ts": 'import { p } from "./prefix.ts";\n' +
      "export default { session: { backends: { redis: { keyPrefix: p } } } };",
    "shared/prefix.ts": 'export const p = "linked:";',
  }, {
    args: ["session:clear", "--force", "--json"],
    prepare: (path) => Deno.symlink("shared/config.ts", `${path}/azu.config.ts`),
  });
  match(stderr, /nothing listens there/);
});

Deno.test("an import that its file does not export is an error, not undefined", async () => {
  const use = "export default { session: { backends: { redis: { keyPrefix: keyPrefix } } } };";
  const cases = [
    ['import { keyPrefix } from "./shared.ts";', '"./shared.ts": it has no export "keyPrefix"'],
    ['import keyPrefix from "./shared.ts";', '"./shared.ts": it has no export "default"'],
    [
      'import * as s from "./shared.ts"; const keyPrefix = s.keyPrefix;',
      '"./shared.ts": it has no export "keyPrefix"',
    ],
    ['import { redsi as keyPrefix } from "azu";', '"azu": it has no export "redsi"'],
    ['import { joint as keyPrefix } from "node:path";', '"node:path": it has no export "joint"'],
    ['import { keyPrefix } from "./a.json";', '"./a.json": it has no export "keyPrefix"'],
    ['export { keyPrefix as default } from "./shared.ts";//', '"./shared.ts": it has no export'],
  ];
  for (const [line, problem] of cases) {
    const { code, stderr } = await refusal({
      "azu.config.ts": `${line}${line?.endsWith("//") ? "" : `\n${use}`}`,
      "shared.ts": 'export const prefix = "shop:";',
      "a.json": '{ "prefix": "shop:" }',
    });
    strictEqual(code, 2, stderr);
    match(stderr, new RegExp(`azu\\.config\\.ts:1:\\d+: cannot import ${problem}`));
  }
});

Deno.test("a config's syntax that would be lost, and its text in another encoding", async () => {
  const cases: [string | Uint8Array, RegExp][] = [
    ["namespace N {\n}\nexport default {};", /:1:1: a config cannot contain a namespace/],
    ["export = {};", /:1:1: expected a default export/],
    ["export default Promise.reject(null);", /azu\.config\.ts: threw null$/m],
    ['export default Promise.reject(new Error("no"));', /azu\.config\.ts:1:\d+: no$/m],
    ["export default Promise.resolve(5);", /expected a config object, got 5/],
    [Uint8Array.from('export default { app: "\xe9" };', (c) => c.charCodeAt(0)), /it is not UTF-8/],
  ];
  for (const [text, problem] of cases) {
    const { code, stderr } = await refusal({ "x": "" }, {
      prepare: (path) =>
        typeof text === "string"
          ? Deno.writeTextFile(`${path}/azu.config.ts`, text)
          : Deno.writeFile(`${path}/azu.config.ts`, text),
    });
    strictEqual(code, 2, stderr);
    match(stderr, problem);
  }
});

const TWO = `export default {
  app: "shop",
  session: { backends: { redis: { url: "redis://127.0.0.1:1", keyPrefix: "dev:" } } },
  environments: {
    production: { session: { backends: { redis: { url: "redis://127.0.0.1:2" } } } },
    staging: { session: { backends: { redis: { url: "redis://127.0.0.1:2" } } } },
    test: { session: { ttl: "1h" } },
  },
};`;

Deno.test("environments in different places: refused unless one is named", async () => {
  const { code, stderr } = await refusal({ "azu.config.ts": TWO }, { env: {} });
  strictEqual(code, 2, stderr);
  match(
    stderr,
    /^error: No environment is named, and their sessions are in different places:\n {2}production and staging: redis redis:\/\/127\.0\.0\.1:2 dev:\*\n {2}test: redis redis:\/\/127\.0\.0\.1:1 dev:\*\nName the one that you mean with --env, or set AZU_ENV$/m,
  );
  for (const variable of ["AZU_ENV", "CRYSTAL_ENV"]) {
    const named = await refusal({ "azu.config.ts": TWO }, { env: { [variable]: "test" } });
    match(named.stderr, /127\.0\.0\.1:1/);
    doesNotMatch(named.stderr, /different places/);
  }
  const both = { AZU_ENV: "test", CRYSTAL_ENV: "production" };
  match((await refusal({ "azu.config.ts": TWO }, { env: both })).stderr, /127\.0\.0\.1:1/);
  // A function, and environments that differ in the table or the backend.
  const others = [
    "export default ({ env }) => ({ app: env });",
    'export default { environments: { test: { session: { backend: "memory" } } } };',
    `export default { session: { backend: "database", backends: { database: { url: "sqlite3://./a.db" } } },
      environments: { test: { session: { backends: { database: { table: "t" } } } } } };`,
  ];
  for (const config of others) {
    match((await refusal({ "azu.config.ts": config })).stderr, /in different places/);
  }
});

Deno.test("environments in the same place: production's values, as in the app", async () => {
  await using app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `export default { app: "shop",
      environments: { development: { session: { ttl: "1h" } }, production: { session: { ttl: "2h" } } } };`,
  });
  const args = ["session:clear", "--dry-run", "--json"];
  const { stdout, decision } = await runAzu(args, { cwd: app.path, env: ENV });
  const { environment, target, targetFrom } = JSON.parse(stdout);
  strictEqual([environment, target, targetFrom].join(), "production,redis://127.0.0.1:1,REDIS_URL");
  match(
    decision,
    /environment production \(the default\), target redis:\/\/127\.0\.0\.1:1 \(from REDIS_URL\)/,
  );
});

Deno.test("what is about to be cleared names the URL's source", async () => {
  const cases: [Record<string, string>, Record<string, string>, string][] = [
    [{ "shard.yml": "name: a\n" }, ENV, "REDIS_URL"],
    [
      { "shard.yml": "name: a\n", ".env": "REDIS_URL=redis://127.0.0.1:1\n" },
      {},
      "REDIS_URL in .env",
    ],
    [{ "azu.config.ts": TWO }, { AZU_ENV: "test" }, "the config"],
  ];
  for (const [files, env, source] of cases) {
    await using app = await tempDir();
    await writeTree(app.path, files);
    const { decision } = await runAzu(["session:clear", "--dry-run"], { cwd: app.path, env });
    match(decision, new RegExp(`target redis://127\\.0\\.0\\.1:1 \\(from ${source}\\), keys`));
  }
});

const NOBODY = 65534;

Deno.test({
  name: "files that a stranger could have put there are not used",
  ignore: Deno.uid() !== 0,
  async fn() {
    const files = {
      "azu.config.ts": 'throw new Error("was run");',
      "shard.yml": "name: theirs\n",
      ".env": "REDIS_URL=redis://127.0.0.1:2\n",
      "src/initializers/session.cr": 'require "session"',
    };
    for (const [name, text] of Object.entries(files)) {
      const foreign = async (path: string, mode: number) => {
        await Deno.chmod(path, mode);
        await Deno.chown(`${path}/${name}`, NOBODY, NOBODY);
        if (name.startsWith("src/")) await Deno.chmod(`${path}/src/initializers`, mode);
      };
      // In a shared folder, as in /tmp, and above the working folder.
      const shared = await refusal({ [name]: text }, { prepare: (path) => foreign(path, 0o1777) });
      strictEqual(shared.code, 2, `${name}: ${shared.stderr}`);
      match(shared.stderr, new RegExp(`${name} belongs to another user, and was not used`));
      const above = await refusal({ [name]: text, "shard.yml": "name: a\n", "work/x": "" }, {
        prepare: async (path) => {
          await foreign(path, 0o1777);
        },
        args: [...CLEAR, "-C", "work"],
      });
      strictEqual(above.code, 2, `${name}: ${above.stderr}`);
      match(above.stderr, /belongs to another user/);
    }
    // The owner of a folder that nobody else can write to is no stranger there.
    const owned = await refusal({ "azu.config.ts": 'throw new Error("was run");' }, {
      prepare: async (path) => {
        await Deno.chown(path, NOBODY, NOBODY);
        await Deno.chown(`${path}/azu.config.ts`, NOBODY, NOBODY);
      },
    });
    match(owned.stderr, /was run/);
  },
});

Deno.test("an error in the config's own timers ends the clear in order, with counts", async () => {
  await using app = await tempDir();
  for (const late of ['throw new Error("late")', "Promise.reject(null)", "null.x"]) {
    await writeTree(app.path, {
      "azu.config.ts": `setTimeout(() => { ${late} }, 400);
const acme = () => ({
  name: "acme",
  capabilities: { clear: true, createTable: false },
  describe: () => ({}),
  connect: async () => ({
    count: async () => 5,
    clear: ({ onProgress, signal }) => new Promise((_, reject) => {
      onProgress(2, 5);
      signal.addEventListener("abort", () => reject(signal.reason));
    }),
    async [Symbol.asyncDispose]() {},
  }),
});
export default { session: { backend: "acme", backends: { acme } } };`,
    });
    const { code, stdout, stderr } = await runAzu([...CLEAR, "--json"], { cwd: app.path });
    strictEqual(code, 1, stderr);
    const { outcome, cleared, error } = JSON.parse(stdout);
    strictEqual(`${outcome} ${cleared}`, "failed 2");
    match(error.message, /^The config threw an error that nothing caught: /);
    doesNotMatch(stderr, /bug in azu/);
  }
});

Deno.test(
  "an empty folder clears nothing of a Redis that listens",
  needs("redis-server"),
  async () => {
    await using server = await startRedis();
    const client = new Redis(server.url);
    await client.set("session:1", "x");
    await using folder = await tempDir();
    const env = { REDIS_URL: server.url };
    // The variable names the place; an empty one is as good as none.
    const none = await runAzu(CLEAR, { cwd: folder.path, env: { REDIS_URL: "" } });
    strictEqual(none.code, 2, none.stderr);
    strictEqual((await runAzu(CLEAR, { cwd: folder.path, env })).code, 0);
    strictEqual(await client.exists("session:1"), 0);
    client.disconnect();
  },
);
