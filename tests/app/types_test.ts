/** templates/azu.d.ts, the only types that an editor has for a config, says what the source says. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join, relative, resolve } from "node:path";
import { openProgram, ts } from "../../scripts/types/compiler.ts";
import { blocksIn, pages, readPage } from "../docs/page.ts";
import { tempDir, writeTree } from "../support/temp.ts";

const root = resolve(import.meta.dirname ?? ".", "../..");

/** A config with every key, and every way to write one. */
const rich = `
import { database, defineConfig, memory, redis } from "azu";
import type { Backend, BackendContext, BackendFactory, Capabilities, ClearOptions } from "azu";
import type { Config, ConfigEnvironment, ConfigExport, CookieOptions, DatabaseOptions } from "azu";
import type { Duration, LookAlike, MemoryOptions, Overrides, RedisOptions, Store } from "azu";
import type { DatabaseLayout, RedisLayout, Target } from "azu";
declare const process: { readonly env: Record<string, string | undefined> };

const ttl: Duration = "15m";
const cookie: CookieOptions = { name: "s", secure: true, httpOnly: true, sameSite: "lax" };
const pool = { url: process.env.URL, poolSize: 5, poolTimeout: "500ms" } as const;
const shared: RedisOptions = { ...pool, keyPrefix: "shop:session:", cluster: true };
const nodes: RedisOptions = { cluster: { channel: "shop:cache", cacheTtl: "10s" } };
const rows: DatabaseOptions = { ...pool, table: "auth.sessions", cleanupInterval: "10m" };
const layout: DatabaseLayout = {
  id: "id",
  user: { path: "passport.user" },
  createdAt: "created",
  visitedAt: { column: "seen", unit: "seconds" },
  expiresAt: { after: "visitedAt", lifetime: "120m" },
  ip: "ip",
  payload: { column: "sess", packed: "json" },
};
const foreign: DatabaseOptions = { table: "session", layout };
const keys: RedisOptions = { layout: { user: { path: "user.id" }, packed: "gzip" } satisfies RedisLayout };
const kept: MemoryOptions = { cleanupInterval: "1h" };
const capabilities: Capabilities = { clear: true, createTable: false };
const target: Target = { address: "ldap://host", pattern: "*", table: "t" };
const found: LookAlike = { pattern: "x:*", count: 2 };

class Directory implements Store {
  count = (signal: AbortSignal) => Promise.resolve(signal.aborted ? 0 : 1);
  clear({ signal, onProgress }: ClearOptions) {
    onProgress(1);
    return this.count(signal);
  }
  lookAlikes = () => Promise.resolve([found]);
  dropCaches = (signal: AbortSignal, now: Date) => Promise.resolve(signal.aborted ? 0 : +now);
  createTable = () => Promise.resolve("created" as const);
  [Symbol.asyncDispose] = () => Promise.resolve();
}
const custom: BackendFactory = ({ app, root, env, driver, stated }: BackendContext): Backend => ({
  name: "directory",
  capabilities,
  describe: () => ({ ...target, table: stated.table ?? app ?? driver ?? env("TABLE") ?? root }),
  announce: () => ["Clearing"],
  nodeCache: { channel: stated.channel ?? "c", cacheTtl: stated.clustered ? 1000 : 2000 },
  check() {},
  setup: {
    template: "redis",
    shards: [{ name: "ldap", github: "owner/ldap" }],
    requires: ["ldap"],
    variables: [{ name: "LDAP_URL", shape: "ldap://<host>" }],
    values: { keyPrefix: "x", engine: "sqlite", nodeCache: { channel: "c", cacheTtl: 1000 } },
    migration: { up: [["CREATE TABLE t"]], down: [["DROP TABLE t"]] },
  },
  connect: (signal, { purpose, timeout = 5000 } = {}) =>
    purpose === "create" || timeout < 1 ? Promise.reject(signal.reason) : Promise.resolve(new Directory()),
});
const overrides: Overrides = { app: undefined, session: { ttl, cookie: { secure: false } } };
const config: Config = {
  app: "shop",
  session: {
    backend: "directory",
    ttl,
    cookie: { ...cookie, domain: "example.com", path: "/" },
    backends: {
      redis: { ...shared, type: "redis" },
      database: rows,
      memory: (context) => custom(context),
      cache: redis(shared),
      caches: redis(nodes),
      express: database(foreign),
      connect: redis(keys),
      main: database({ url: process.env.URL }),
      test: memory(kept),
      directory: custom,
    },
  },
  environments: { development: overrides, test: {}, production: { session: { ttl: "30d" } } },
};
export const plain: ConfigExport = defineConfig(config);
export const chosen = defineConfig(({ env }) => env === "test" ? {} : config);
export const later = defineConfig(async ({ env }: ConfigEnvironment) => ({ app: env }));
export default defineConfig({
  session: { ttl: "2w", backends: { redis: { url: process.env.URL }, other: redis() } },
});
`;

/** One mistake each, in the line that ends with a comment. */
const wrong = [
  'azu.defineConfig({ session: {\n ttl: "soon", //\n backend: "redis",\n} });',
  'export const config: azu.Config = {\n app: "shop",\n sesion: {}, //\n};',
  'azu.defineConfig({\n session: { cookie: {\n samesite: "lax", //\n} } });',
  'azu.defineConfig({ session: { cookie: {\n name: "s",\n sameSite: "None", //\n} } });',
  'azu.defineConfig({ session: { backends: { redis: {\n url: "",\n poolSize: "x", //\n} } } });',
  "azu.defineConfig({ session: { backends: { redis: {\n cluster: { ttl: 1 }, //\n} } } });",
  "azu.defineConfig({ session: { backends: { memory: {\n poolSize: 5, //\n} } } });",
  'azu.defineConfig({ session: { backends: {\n mine: { type: "mongo" }, //\n} } });',
  'azu.defineConfig({ environments: { test: { session: {\n ttl: "1 day", //\n} } } });',
  'azu.redis({\n poolSize: 5,\n table: "sessions", //\n});',
  'azu.database({ layout: { id: "id",\n usr: "u", //\n} });',
  'azu.database({ layout: { id: "id",\n visitedAt: { column: "c", unit: "minutes" }, //\n} });',
  'azu.database({ layout: { id: "id",\n expiresAt: { after: "visitedAt", lifetime: 120 }, //\n} });',
  'azu.database({\n layout: //\n { user: "u" } });',
  'azu.redis({ layout: {\n user: "user_id", //\n} });',
  "export const able: azu.Capabilities = //\n { clear: true };",
  "export const setup: azu.SetupSpec | undefined = //\n undefined;",
].map((source) => `import * as azu from "azu";\n${source}\n`);

/** Every key that one has must be in the other and of the same type, all the way down. */
const comparison = (source: string) => `
type Said = typeof import("azu") & { config: Whole<import("azu").Config> };
type Meant = typeof import("${source}") & { config: Whole<import("${source}").Config> };
type Whole<T> = T extends (...args: never) => unknown ? T
  : { [K in keyof T]-?: Whole<Exclude<T[K], undefined>> };
export const there = (said: Said): Meant => said;
export const back = (meant: Meant): Said => meant;
`;

Deno.test("templates/azu.d.ts is what the source's types make", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", "deno.json", "scripts/types.ts", "--check"],
    ...{ cwd: root, stdin: "null", stdout: "null", stderr: "piped" },
  }).output();
  strictEqual(code, 0, new TextDecoder().decode(stderr));
});

Deno.test("templates/azu.d.ts takes right configs and tells mistakes in wrong ones", async () => {
  await using temp = await tempDir();
  const files: Record<string, string> = {
    "azu.d.ts": await Deno.readTextFile(join(root, "templates/azu.d.ts")),
    "azu.config.ts": rich,
    "repository.config.ts": await Deno.readTextFile(join(root, "azu.config.ts")),
    "comparison.ts": comparison(relative(temp.path, join(root, "src/mod.ts"))),
  };
  shown().forEach((source, index) => files[`docs/${index}.ts`] = source);
  wrong.forEach((source, index) => files[`wrong/${index}.ts`] = source);
  await writeTree(temp.path, files);
  deepStrictEqual(mistakes(temp.path, Object.keys(files)), expectedMistakes());
});

/** The configs on the pages, except those with mistakes and those that need the types of Node. */
function shown(): string[] {
  return pages()
    .filter((page) => page.startsWith("how-to/") && page !== "how-to/troubleshooting.md")
    .flatMap((page) => blocksIn(readPage(page), "ts"))
    .filter((source) => !source.includes('from "node:'));
}

/** `file:line` of each mistake, with the compiler's words where none should be. */
function mistakes(folder: string, names: readonly string[]): string[] {
  const program = openProgram(names.map((name) => join(folder, name)));
  return names.flatMap((name) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(join(folder, name)))
  ).map(({ file, start = 0, messageText }) => {
    const name = file === undefined ? "?" : relative(folder, file.fileName);
    const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
    const text = ts.flattenDiagnosticMessageText(messageText, "\n");
    return `${name}:${line}${name.startsWith("wrong/") ? "" : ` ${text}`}`;
  });
}

function expectedMistakes(): string[] {
  return wrong.map((source, index) => {
    const line = source.split("\n").findIndex((line) => line.endsWith("//"));
    return `wrong/${index}.ts:${line + 1}`;
  });
}

Deno.test("templates/azu.d.ts needs no settings of the compiler, and refuses what azu refuses", async () => {
  await using temp = await tempDir();
  const use = (ttl: string) =>
    `import { defineConfig } from "azu";\nexport default defineConfig({
  session: { ttl: "${ttl}" },\n});\n`;
  const types = await Deno.readTextFile(join(root, "templates/azu.d.ts"));
  await writeTree(temp.path, {
    "azu.d.ts": types,
    "right.ts": use("90m"),
    "wrong.ts": use("1.5h"),
  });
  const names = ["azu.d.ts", "right.ts", "wrong.ts"].map((name) => join(temp.path, name));
  for (const target of [undefined, ts.ScriptTarget.ES2015, ts.ScriptTarget.ES2022]) {
    const program = ts.createProgram(names, {
      noEmit: true,
      ...(target === undefined ? {} : { target }),
    });
    const found = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      return `${file?.fileName.slice(temp.path.length + 1)}: ${
        ts.flattenDiagnosticMessageText(messageText, "\n")
      }`;
    });
    deepStrictEqual(found.length, 1, found.join("\n"));
    strictEqual(found[0]?.startsWith("wrong.ts: Type '\"1.5h\"' is not assignable"), true);
  }
  // Comments are filled lines, and name only what "azu" exports.
  strictEqual(/^ +\* \S+$/m.test(types.replace(/^ +\* (?:own|@\S+|[`(]\S+)\.?$/gm, "")), false);
  strictEqual(/@throws \{/.test(types), false);
});
