/** What is said about a clear is so, and a dry run refuses whatever the clear would refuse. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import {
  freshMariadb,
  freshPostgres,
  sqlite,
  sqliteCount,
  type TestDatabase,
} from "../../support/servers/database.ts";
import { type RedisServer, startRedis } from "../../support/servers/redis.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

const redisNeeded = needs("redis-server");
const DRY = ["session:clear", "--dry-run"];
const CLEAR = ["session:clear", "--force"];
const QUESTION = "[y/N]: ";

async function appOf(config = "", keyPrefix = "shop:session:") {
  const app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `export default { app: "shop", session: { backends: {
      redis: { keyPrefix: ${JSON.stringify(keyPrefix)} } } ${config} } };`,
  });
  return app;
}

async function redisWith(keys: Record<string, string> = {}, args: string[] = []) {
  const server: RedisServer = await startRedis({ args });
  const client = new Redis(server.url);
  for (const [key, value] of Object.entries(keys)) await client.set(key, value);
  return {
    client,
    env: { REDIS_URL: server.url },
    url: server.url,
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

const PAYLOAD = '{"session_id":"x","user_id":1}';

Deno.test("keys that do not look like sessions: --force alone does not clear them", {
  ...redisNeeded,
}, async () => {
  const kinds: [string, (client: Redis) => Promise<unknown>, RegExp][] = [
    [
      "another name",
      (c) => c.set("shop:cart:1", PAYLOAD),
      /1 of 3 keys looked at have another name behind the prefix, such as cart/,
    ],
    [
      "another type",
      (c) => c.hset("shop:visits", "a", "1"),
      /1 of 3 keys looked at are of another type: hash/,
    ],
    [
      "another kind of value",
      (c) => c.set("shop:count", "17"),
      /1 of 3 keys looked at have another kind of value/,
    ],
  ];
  for (const [name, put, doubt] of kinds) {
    await using redis = await redisWith({ "shop:a": PAYLOAD, "shop:b": PAYLOAD });
    await put(redis.client);
    await using app = await appOf("", "shop:");
    const options = { cwd: app.path, env: redis.env };
    const dry = await runAzu(DRY, options);
    match(dry.stdout, /Would clear 3 session/, name);
    match(dry.stderr, doubt);
    const refused = await runAzu([...CLEAR, "--json"], options);
    strictEqual(refused.code, 1, name);
    match(JSON.parse(refused.stdout).error.message, doubt);
    match(refused.stderr, /^Check the key prefix or the table.* pass --anything$/m);
    strictEqual(await redis.client.dbsize(), 3);
    const forced = await runAzu([...CLEAR, "--anything"], options);
    match(forced.stdout, /Cleared 3 session\(s\)\n✓/);
  }
});

Deno.test("a sample of keys that look alike raises no doubt", redisNeeded, async () => {
  const sealed = btoa("x".repeat(60));
  const sets = [
    { "shop:session:a": PAYLOAD, "shop:session:b": sealed },
    { "shop:session:a": "x", "shop:session:b": "y" },
  ];
  for (const keys of sets) {
    await using redis = await redisWith(keys);
    await using app = await appOf();
    const { code, stderr } = await runAzu(CLEAR, { cwd: app.path, env: redis.env });
    deepStrictEqual([code, stderr], [0, ""]);
  }
});

Deno.test("a table that does not look like sessions: --force alone does not clear it", async () => {
  await using app = await appOf(', backend: "database"');
  const table = "session:clear";
  sqlite(
    app.path,
    "a.db",
    "CREATE TABLE sessions (id integer PRIMARY KEY, title text, starts_at text)",
    "INSERT INTO sessions VALUES (1, 'Yoga', '18:00')",
  );
  const options = { cwd: app.path, env: { DATABASE_URL: "sqlite3://./a.db" } };
  const refused = await runAzu([table, "--force"], options);
  strictEqual(refused.code, 1);
  match(
    refused.stderr,
    /may not be sessions: the table sessions has no column for a session id or/,
  );
  strictEqual(sqliteCount(app.path, "a.db", "sessions"), 1);
  match(
    (await runAzu([table, "--dry-run"], options)).stderr,
    /^warning: What is there may not be/m,
  );
  match((await runAzu([table, "--force", "--anything"], options)).stdout, /Cleared 1 session/);
});

Deno.test("before the question: environment, target, source of the URL, number, doubts", {
  ignore: redisNeeded.ignore || needs("script").ignore,
}, async () => {
  await using redis = await redisWith({ "shop:a": PAYLOAD, "shop:cart:1": PAYLOAD });
  await using app = await appOf("", "shop:");
  const { code, output } = await runAzuOnTerminal(["session:clear", "--quiet"], {
    cwd: app.path,
    env: { ...redis.env, AZU_ENV: "staging" },
    answer: [{ waitFor: QUESTION, type: "n\n" }],
  });
  strictEqual(code, 0);
  const { port } = new URL(redis.url);
  match(
    output,
    new RegExp(
      `environment staging \\(AZU_ENV\\), target redis://127.0.0.1:${port} \\(from REDIS_URL\\), keys shop:\\*`,
    ),
  );
  match(output, /Sessions there now: 2\r?\n.*such as cart\r?\nAre you sure you want to clear all/);
  strictEqual(await redis.client.dbsize(), 2);
});

Deno.test(
  "look-alikes are looked for after a clear as well; --strict fails",
  redisNeeded,
  async () => {
    const keys = { "shop:session:1": "x", "session:1": "x", "session:2": "x" };
    await using redis = await redisWith(keys);
    await using app = await appOf();
    const options = { cwd: app.path, env: redis.env };
    const cleared = await runAzu(CLEAR, options);
    match(cleared.stdout, /Cleared 1 session\(s\)\n✓/);
    match(cleared.stderr, /^warning: 2 key\(s\) under session:\* look like sessions/m);
    strictEqual(cleared.code, 0);
    await redis.client.set("shop:session:1", "x");
    for (const args of [DRY, CLEAR, CLEAR]) {
      const { code, stdout, stderr } = await runAzu([...args, "--strict"], options);
      strictEqual(code, 1, stderr);
      doesNotMatch(stdout, /✓/);
      match(stderr, /^error: keys under another prefix look like sessions \(--strict\)$/m);
    }
    await redis.client.del("session:1", "session:2");
    strictEqual((await runAzu([...CLEAR, "--strict"], options)).code, 0);
  },
);

Deno.test(
  "a prefix with glob characters needs no backslash of the server",
  redisNeeded,
  async () => {
    // A server whose MATCH takes a backslash for itself finds nothing with one in the pattern.
    await using redis = await redisWith({ "shop[1]:a": "x", "shop?1?:b": "x", "shop11:c": "x" });
    await using app = await appOf("", "shop[1]:");
    const monitor = await redis.client.monitor();
    const patterns: string[] = [];
    monitor.on("monitor", (_time: string, args: string[]) => {
      if (args[0]?.toUpperCase() === "SCAN") patterns.push(args[3] ?? "");
    });
    const { stdout } = await runAzu(CLEAR, { cwd: app.path, env: redis.env });
    monitor.disconnect();
    match(stdout, /Cleared 1 session\(s\)\n✓/);
    deepStrictEqual([...new Set(patterns)].sort(), ["*session:*", "shop?1?:*"]);
    deepStrictEqual((await redis.client.keys("*")).sort(), ["shop11:c", "shop?1?:b"]);
  },
);

/** Runs a dry run and a clear, which must be refused for the same reason, with the same exit code. */
async function bothRefuse(env: Record<string, string>, backend: string, reason: RegExp) {
  await using app = await appOf();
  for (const args of [DRY, CLEAR]) {
    const { code, stdout, stderr } = await runAzu([...args, "-b", backend], { cwd: app.path, env });
    strictEqual(code, 1, stderr);
    match(stderr, reason);
    doesNotMatch(stdout, /✓|Would clear/);
  }
}

Deno.test("a dry run is a preflight: Redis", redisNeeded, async () => {
  await using redis = await redisWith({ "shop:session:1": "x" });
  await redis.client.call("ACL", "SETUSER", "look", "on", ">pw", "~*", "+@all", "-unlink");
  const env = { REDIS_URL: redis.url.replace("//", "//look:pw@") };
  await bothRefuse(env, "redis", /The Redis user may not run UNLINK/);
  await redis.client.call("ACL", "SETUSER", "other", "on", ">pw", "~other:*", "+@all");
  const other = { REDIS_URL: redis.url.replace("//", "//other:pw@") };
  await bothRefuse(other, "redis", /may not access keys under this prefix/);
  await using none = await redisWith({}, [
    ...["--rename-command", "UNLINK", "", "--rename-command", "DEL", ""],
  ]);
  await bothRefuse(none.env, "redis", /unknown command/);
  await redis.client.call("CONFIG", "SET", "min-replicas-to-write", "1");
  await bothRefuse(redis.env, "redis", /too few replicas follow it/);
});

/** A role that has these rights on the table; its URL. */
async function withRole(
  { url, query }: TestDatabase,
  made: (role: string) => string,
  work: (url: string) => Promise<void>,
) {
  const role = `azu_${crypto.randomUUID().slice(0, 8)}`;
  for (const statement of made(role).split(";")) await query(statement);
  const own = new URL(url);
  [own.username, own.password] = [role, "pw"];
  try {
    await work(own.href);
  } finally {
    if (url.startsWith("postgres")) await query(`DROP OWNED BY ${role}`);
    await query(url.startsWith("postgres") ? `DROP ROLE ${role}` : `DROP USER ${role}`);
  }
}

Deno.test("a dry run is a preflight: PostgreSQL", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await database.query("CREATE TABLE sessions (id int PRIMARY KEY, session_id text)");
  await database.query("INSERT INTO sessions VALUES (1)");
  const lookers = (role: string) =>
    `CREATE ROLE ${role} LOGIN PASSWORD 'pw'; GRANT SELECT ON sessions TO ${role}`;
  await withRole(database, lookers, async (url) => {
    await bothRefuse({ DATABASE_URL: url }, "database", /lacks a privilege/);
  });
  const readers = (role: string) =>
    `CREATE ROLE ${role} LOGIN PASSWORD 'pw'; GRANT ALL ON sessions TO ${role}; ALTER ROLE ${role} SET default_transaction_read_only = on`;
  await withRole(database, readers, async (url) => {
    await bothRefuse({ DATABASE_URL: url }, "database", /^error: The database is read-only/m);
  });
  const env = { DATABASE_URL: database.url };
  await database.query("CREATE TABLE orders (s int REFERENCES sessions ON DELETE CASCADE)");
  await database.query("INSERT INTO orders VALUES (1)");
  await bothRefuse(
    env,
    "database",
    /Rows of another table refer to these sessions: public\.orders/,
  );
  await database.query("DROP TABLE orders");
  await database.query("CREATE RULE keep AS ON DELETE TO sessions DO INSTEAD NOTHING");
  await bothRefuse(env, "database", /The rule keep changes what a DELETE does/);
  await database.query("DROP RULE keep ON sessions");
  await database.query("ALTER TABLE sessions REPLICA IDENTITY NOTHING");
  await database.query("CREATE PUBLICATION all_of_it FOR TABLE sessions");
  await bothRefuse(env, "database", /publication/);
  await database.query("DROP PUBLICATION all_of_it");
  await using app = await appOf();
  const { stdout } = await runAzu([...DRY, "-b", "database"], { cwd: app.path, env });
  match(stdout, /Would clear 1 session/);
});

Deno.test("a dry run is a preflight: MariaDB", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  await database.query("CREATE TABLE sessions (id int PRIMARY KEY, session_id text)");
  await database.query("INSERT INTO sessions (id) VALUES (1)");
  const lookers = (role: string) =>
    `CREATE USER ${role} IDENTIFIED BY 'pw'; GRANT SELECT ON sessions TO ${role}`;
  await withRole(database, lookers, async (url) => {
    await bothRefuse({ DATABASE_URL: url }, "database", /lacks a privilege/);
  });
  await database.query("CREATE TABLE o (s int, FOREIGN KEY (s) REFERENCES sessions (id))");
  await database.query("INSERT INTO o VALUES (1)");
  await bothRefuse({ DATABASE_URL: database.url }, "database", /Rows of another table refer/);
});

Deno.test("no estimate is given for what remains", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await database.query("CREATE TABLE sessions (id int PRIMARY KEY, session_id text)");
  await database.query("INSERT INTO sessions SELECT i FROM generate_series(1, 20000) i");
  // The pages stay, so the planner takes the table for full.
  await database.query("ANALYZE sessions; DELETE FROM sessions WHERE id > 3");
  await database.query(`CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no'; END $$`);
  await database.query(
    "CREATE TRIGGER stop BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION stop()",
  );
  await using app = await appOf();
  const env = { DATABASE_URL: database.url };
  const { code, stderr } = await runAzu([...CLEAR, "-b", "database"], { cwd: app.path, env });
  strictEqual(code, 1);
  doesNotMatch(stderr, /about \d|of \d/);
  match(stderr, /^No session is gone; it is not known how many remain: running the command/m);
});

Deno.test({
  name: "sqlite: a file that this user may not write is refused, and gets no other files",
  ignore: Deno.uid() !== 0 || needs("script").ignore,
  async fn() {
    await using app = await appOf(', backend: "database"');
    sqlite(
      app.path,
      "a.db",
      "PRAGMA journal_mode = wal",
      "CREATE TABLE sessions (session_id text)",
      "INSERT INTO sessions VALUES ('a')",
    );
    await Deno.chmod(app.path, 0o777);
    await Deno.chmod(`${app.path}/a.db`, 0o644);
    await Deno.chmod(`${app.path}/azu.config.ts`, 0o644);
    const before = [...Deno.readDirSync(app.path)].map(({ name }) => name).sort();
    await writeTree(app.path, {
      "as-nobody": 'exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"\n',
    });
    const deno = Deno.execPath();
    const main = `${import.meta.dirname}/../../../main.ts`;
    const subject = Deno.env.get("AZU_SUBJECT");
    const command = subject === undefined ? [deno, "run", "-A", "--quiet", main] : [subject];
    for (const mode of ["--dry-run", "--force"]) {
      const args = ["as-nobody", ...command, "session:clear", mode];
      const { stderr } = await runAzu(args, {
        cwd: app.path,
        subject: "/bin/sh",
        env: { DATABASE_URL: "sqlite3://./a.db", DENO_DIR: Deno.env.get("DENO_DIR") ?? "" },
      });
      match(stderr, /Cannot write .*a\.db|ermission denied/);
    }
    await Deno.remove(`${app.path}/as-nobody`);
    deepStrictEqual([...Deno.readDirSync(app.path)].map(({ name }) => name).sort(), before);
  },
});
