/** A minimal container with real stores on 127.0.0.1 or on its disk. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Redis } from "ioredis";
import { freshPostgres } from "../support/servers/database.ts";
import { startRedis } from "../support/servers/redis.ts";
import { type Chroot, chroot, needsChroot, NOBODY } from "./chroot.ts";

const CLEAR = ["session:clear", "--force"];
const DRY_RUN = ["session:clear", "--dry-run"];

/** A config that uses everything that azu does with a config at run time. */
function typedConfig(backend: "redis" | "database", url: string): Record<string, string> {
  return {
    "azu.config.ts": `import { type Config, database, defineConfig, redis } from "azu";
import { names } from "./config/names.ts";
interface Stores { readonly backend: string }
const stores = { backend: "${backend}" } satisfies Stores;
const config: Config = { session: { backend: stores.backend, backends: {
  redis: redis({ ...names.redis }),
  database: database({ ...names.database }),
} } };
export default defineConfig(config);`,
    "config/names.ts": 'export { names } from "./deep/names.ts";',
    "config/deep/names.ts": 'export { names } from "./deeper/names.ts";',
    "config/deep/deeper/names.ts": `import urls from "../../../urls.json" with { type: "json" };
export const names = {
  redis: { url: urls.redis, keyPrefix: "minimal:" as string },
  database: { url: urls.database, table: "auth.user_sessions" },
} as const;`,
    "urls.json": JSON.stringify({ [backend]: url }),
  };
}

/** An app with a SQLite file of the user who runs azu. Only the disk is read-only. */
async function sqliteApp(root: Chroot, journal: "delete" | "wal"): Promise<void> {
  const path = join(root.app, "app.db");
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = ${journal}; CREATE TABLE sessions (session_id text)`);
  database.exec("INSERT INTO sessions VALUES ('a'), ('b')");
  database.close();
  await Deno.chown(path, NOBODY, NOBODY);
  await Deno.chown(root.app, NOBODY, NOBODY);
}

Deno.test(
  "minimal: azu clears Redis with a typed config",
  needsChroot("redis-server"),
  async () => {
    await using server = await startRedis();
    const client = new Redis(server.url);
    await using stack = new AsyncDisposableStack();
    stack.defer(() => client.disconnect());
    for (let i = 0; i < 2500; i++) client.set(`minimal:${i}`, "1");
    await client.set("other", "1");
    await using root = await chroot({ files: typedConfig("redis", server.url) });
    const dry = await root.run(DRY_RUN);
    match(dry.stdout, /^Would clear 2500 session\(s\); nothing was cleared$/m, dry.stderr);
    deepStrictEqual([dry.code, await client.dbsize()], [0, 2501]);
    const { code, stdout, stderr } = await root.run(CLEAR);
    match(stdout, /^Cleared 2500 session\(s\)\n✓ Sessions cleared successfully$/m);
    deepStrictEqual([code, stderr], [0, ""]);
    deepStrictEqual(await client.keys("*"), ["other"]);
  },
);

Deno.test(
  "minimal: azu clears PostgreSQL with a typed config",
  needsChroot("postgres"),
  async () => {
    await using database = await freshPostgres();
    strictEqual(new URL(database.url).hostname, "127.0.0.1");
    await database.query("CREATE SCHEMA auth");
    await database.query(
      "CREATE TABLE auth.user_sessions (id bigserial PRIMARY KEY, session_id text)",
    );
    await database.query(
      "INSERT INTO auth.user_sessions (session_id) SELECT 's' FROM generate_series(1, 89)",
    );
    const count = async () =>
      (await database.query("SELECT count(*)::int AS count FROM auth.user_sessions"))[0]?.["count"];
    await using root = await chroot({ files: typedConfig("database", database.url) });
    const dry = await root.run(DRY_RUN);
    match(dry.stdout, /^Would clear 89 session\(s\); nothing was cleared$/m, dry.stderr);
    deepStrictEqual([dry.code, await count()], [0, 89]);
    const { code, stdout, stderr } = await root.run(CLEAR);
    match(stdout, /^Cleared 89 session\(s\)\n✓ Sessions cleared successfully$/m);
    deepStrictEqual([code, stderr], [0, ""]);
    strictEqual(await count(), 0);
  },
);

const READ_ONLY =
  /^error: Cannot write \/app\/app\.db \(sqlite3:\/\/\.\/app\.db\): Read-only file system.*\n.*read-only disk/;

for (const journal of ["delete", "wal"] as const) {
  Deno.test(
    `minimal: azu says why it cannot clear SQLite (${journal}) on a read-only disk`,
    needsChroot(),
    async () => {
      await using root = await chroot();
      await sqliteApp(root, journal);
      const env = { DATABASE_URL: "sqlite3://./app.db", SESSION_BACKEND: "database" };
      const { code, stdout, stderr } = await root.run(CLEAR, { env });
      match(stderr, READ_ONLY);
      doesNotMatch(stdout + stderr, /✓|bug in azu|^\s+at /m);
      strictEqual(code, 1);
    },
  );
}
