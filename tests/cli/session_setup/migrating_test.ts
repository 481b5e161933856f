/** `session:setup` for an app that moves its sessions from one store to another. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { sqliteCount } from "../../support/servers/database.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

function configOf(session: string): string {
  return `import { defineConfig, fromEnv } from "azu";\n` +
    `export default defineConfig({ session: { ${session} } });\n`;
}

const BACKENDS = `backends: {
  new: { type: "database", engine: "sqlite", url: fromEnv("NEW_URL") },
}`;

async function appOf(session: string) {
  const folder = await tempDir();
  await writeTree(folder.path, {
    "shard.yml": "name: shop\n",
    "azu.config.ts": configOf(session),
  });
  return {
    path: folder.path,
    azu: (args: string[], env = {}) => runAzu(args, { cwd: folder.path, env }),
    file: (name: string) => Deno.readTextFile(`${folder.path}/${name}`),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("setup writes both stores, what they need, and the table of the second", async () => {
  await using app = await appOf(`backend: "redis", migrateTo: "new", ${BACKENDS}`);
  const env = { NEW_URL: "sqlite3://./new.db", REDIS_URL: "redis://localhost:1" };
  const { code, stdout, stderr } = await app.azu(["session:setup", "--apply", "--yes"], env);
  strictEqual(code, 0, stderr);
  match(stdout, /^Created the table sessions in sqlite3:\/\/\.\/new\.db, with its indexes$/m);
  strictEqual(sqliteCount(app.path, "new.db", "sessions"), 0);
  const source = await app.file("src/initializers/session.cr");
  match(source, /MigratingSessionStore\.open\(\n {6}RedisSessionStore\.open\(\n {8}name: "redis",/);
  match(
    source,
    /\n {6}to: DatabaseSessionStore\.open\(\n {8}name: "new",\n {8}url_variable: "NEW_URL",/,
  );
  const shards = await app.file("shard.yml");
  ok(shards.includes("redis:") && shards.includes("sqlite3:"), shards);
  const example = await app.file(".env.example");
  ok(example.includes("REDIS_URL") && example.includes("NEW_URL"), example);
  const again = await app.azu(["session:setup", "--apply", "--yes"], env);
  match(again.stdout, /Nothing to change/);
});

Deno.test("a variable with a URL that is not set is named", async () => {
  const session = `backend: "new", ${BACKENDS}`;
  await using app = await appOf(session);
  const database = await app.azu(["session:status"]);
  strictEqual(database.code, 2);
  match(database.stderr, /^error: No database to connect to: NEW_URL is not set$/m);
  await writeTree(app.path, {
    "azu.config.ts": configOf(
      `backend: "new", backends: { new: { type: "redis", url: fromEnv("NEW_URL") } }`,
    ),
  });
  const redis = await app.azu(["session:status"]);
  strictEqual(redis.code, 2);
  match(redis.stderr, /^error: No Redis to connect to: NEW_URL is not set$/m);
  const wrong = await app.azu(["session:status"], { NEW_URL: "https://secret@example.com" });
  strictEqual(wrong.code, 2);
  match(wrong.stderr, /^error: NEW_URL: expected redis:/m);
});

Deno.test("what cannot be moved is refused", async () => {
  const cases: [session: string, problem: RegExp][] = [
    [`migrateFrom: "redis"`, /session\.migrateFrom: expected another backend than session\.backe/],
    [
      `backend: "database", migrateFrom: "memory"`,
      /sessions in memory \("memory"\) cannot be move/,
    ],
    [`backend: "memory", migrateTo: "redis"`, /sessions in memory \("memory"\) cannot be moved/],
    [`backend: "database", migrateFrom: "rdis"`, /session\.migrateFrom: expected .*"redis"/],
    [
      `backend: "database", migrateFrom: "redis", migrateTo: "redis"`,
      /expected only one of migrat/,
    ],
    [
      `backends: { redis: { url: fromEnv("A", "redis://localhost") } }`,
      /url: expected a URL, or fromEnv\("NAME"\) alone and without a default/,
    ],
    [
      `backends: { database: { url: fromEnv("A") + "/shop" } }`,
      /url: expected a URL, or fromEnv\("NAME"\) alone and without a default/,
    ],
  ];
  for (const [session, problem] of cases) {
    await using app = await appOf(session);
    const { code, stderr } = await app.azu(["session:setup"]);
    deepStrictEqual([code, problem.test(stderr)], [2, true], stderr);
  }
});

Deno.test("setup warns if a new store has the name of the old one", async () => {
  await using app = await appOf(
    `backend: "database", backends: { database: { engine: "sqlite" } }`,
  );
  strictEqual((await app.azu(["session:setup", "--yes"])).code, 0);
  const entry = (url: string) => `{ type: "database", engine: "sqlite", url: fromEnv("${url}") }`;
  const move = async (backend: string, old: string) => {
    const backends = `backends: { database: ${entry("A")}, other: ${entry("B")} }`;
    await writeTree(app.path, {
      "azu.config.ts": configOf(`backend: "${backend}", migrateFrom: "${old}", ${backends}`),
    });
    return (await app.azu(["session:setup", "--dry-run"])).stderr;
  };
  const warning = /^warning: src\/initializers\/session\.cr already uses a store that is called/m;
  match(await move("database", "other"), warning);
  strictEqual(warning.test(await move("other", "database")), false);
});
