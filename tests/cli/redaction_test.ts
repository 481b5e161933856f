/** A password never appears, whatever goes wrong. */
import { match, strictEqual } from "node:assert/strict";
import { runAzu } from "../support/cli.ts";
import { freshPostgres } from "../support/servers/database.ts";
import { needs } from "../support/env.ts";
import { startRedis } from "../support/servers/redis.ts";
import { tempDir, writeTree } from "../support/temp.ts";

const PASSWORD = "Tr0ub4dor&3 /:@#?%";
const ENCODED = encodeURIComponent(PASSWORD);

const LOUD = [["--force"], ["--force", "--json"]];
const ALL_MODES = [...LOUD, ["--dry-run"], ["--force", "-q"], []];

/** Runs a clear in several ways of output, and returns every byte that comes out. */
async function outputs(
  env: Record<string, string>,
  backend: string,
  { files = {}, modes = LOUD } = {},
) {
  await using app = await tempDir();
  await writeTree(app.path, files);
  let all = "";
  const codes = new Set<number>();
  for (const mode of modes) {
    const args = ["session:clear", "-b", backend, ...mode];
    const { code, stdout, stderr } = await runAzu(args, { cwd: app.path, env });
    all += stdout + stderr;
    codes.add(code);
  }
  return { all, codes };
}

function assertSecret(all: string, ...secrets: string[]): void {
  for (const secret of secrets) {
    strictEqual(all.includes(secret), false, `the output holds ${secret}:\n${all}`);
  }
}

Deno.test("redis: success", needs("redis-server"), async () => {
  await using server = await startRedis({ password: PASSWORD });
  const { all, codes } = await outputs({ REDIS_URL: server.url }, "redis", { modes: ALL_MODES });
  assertSecret(all, PASSWORD, ENCODED);
  match(all, /Redis URL: redis:\/\/:\*\*\*@127\.0\.0\.1/);
  strictEqual(codes.has(0), true);
});

Deno.test(
  "redis: wrong password, no password, wrong host, wrong port",
  needs("redis-server"),
  async () => {
    await using server = await startRedis({ password: "another" });
    const { port } = new URL(server.url);
    for (const place of [`127.0.0.1:${port}`, "127.0.0.1:1", "no-such-host.invalid:6379"]) {
      for (const user of ["", "app"]) {
        const { all } = await outputs(
          { REDIS_URL: `redis://${user}:${ENCODED}@${place}` },
          "redis",
          { modes: ALL_MODES },
        );
        assertSecret(all, PASSWORD, ENCODED);
        match(all, /:\*\*\*@/);
      }
    }
    const none = await outputs({ REDIS_URL: `redis://127.0.0.1:${port}` }, "redis");
    match(none.all, /requires a password, and the URL has none/);
  },
);

Deno.test("invalid URLs", async () => {
  const bad = [
    `http://app:${ENCODED}@127.0.0.1:1`,
    `redis:app:${ENCODED}@127.0.0.1`,
    `redis://app:${PASSWORD}@127.0.0.1:1`,
    `redis://app:hunter2/3@127.0.0.1:1`,
    `redis://app:99/hunter2@127.0.0.1:1`,
    `redis://app:99?hunter2@127.0.0.1:1`,
    `redis://app:99?a=hunter2@127.0.0.1:1`,
    `redis://app:99#hunter2@127.0.0.1:1`,
    "hunter2",
    "redis://app:hunter2%ZZ@127.0.0.1:1",
    "redis://app:hunter2@127.0.0.1:99999",
    "redis://app:hunter2@127.0.0.1:1/notanumber",
    "redis://app:hunter2@127.0.0.1:1/0?password=hunter2",
  ];
  for (const url of bad) {
    const { all, codes } = await outputs({ REDIS_URL: url }, "redis");
    assertSecret(all, PASSWORD, ENCODED, "hunter2", "Tr0ub4dor");
    strictEqual([...codes].join(), "2", `${url}\n${all}`);
    match(all, /REDIS_URL: expected redis:/);
  }
  for (const url of bad.map((text) => text.replace("redis:", "postgres:"))) {
    const { all } = await outputs({ DATABASE_URL: url }, "database");
    assertSecret(all, PASSWORD, ENCODED, "hunter2", "Tr0ub4dor");
  }
});

Deno.test("a password with # in .env: dotenv would cut it off there", async () => {
  await using app = await tempDir();
  const url = "://app:S3cretPart#rest@127.0.0.1/shop";
  for (
    const [name, scheme] of [["DATABASE_URL", "postgres"], ["DATABASE_URL", "mysql"], [
      "REDIS_URL",
      "redis",
    ]] as const
  ) {
    await writeTree(app.path, { ".env": `A=1\n${name}=${scheme}${url}\nB=2 # a comment\n` });
    for (const mode of [[], ["--json"], ["--dry-run"]]) {
      const args = ["session:clear", "--force", "-b", name.split("_")[0]?.toLowerCase() ?? ""];
      const { code, stdout, stderr } = await runAzu([...args, ...mode], { cwd: app.path });
      assertSecret(stdout + stderr, "S3cret", "rest@");
      strictEqual(code, 2, stderr);
      match(stderr, new RegExp(`^error: .env: the value of ${name} contains a "#"`));
      match(stderr, /^Write it as %23, as in every URL$/m);
    }
  }
  // In quotes it is read, and refused for what it is.
  await writeTree(app.path, { ".env": `REDIS_URL='redis${url}'\n` });
  const quoted = await runAzu(["session:clear", "--force"], { cwd: app.path });
  strictEqual(quoted.code, 2);
  match(quoted.stderr, /REDIS_URL: expected redis:.* got a "#", at which a URL ends/);
  assertSecret(quoted.stderr, "S3cret", "rest@");
});

Deno.test(
  "a server's message that contains the password is not shown",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    await database.query("CREATE TABLE sessions (id int PRIMARY KEY, session_id text)");
    const role = `azu_${crypto.randomUUID().slice(0, 8)}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'sessions'`);
    const url = new URL(database.url);
    [url.username, url.password] = [role, "sessions"];
    const { all } = await outputs({ DATABASE_URL: url.href }, "database");
    match(all, /lacks a privilege \(postgres:.*, table sessions: 42501; its text is not shown\)/);
    strictEqual(/\*\*\*(?!@)/.test(all), false, all);
    await database.query(`DROP ROLE ${role}`);
  },
);

Deno.test(
  "postgres: success, wrong password, wrong host, wrong database",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    await database.query("CREATE TABLE sessions (session_id text)");
    const good = new URL(database.url);
    const success = await outputs({ DATABASE_URL: good.href }, "database", { modes: ALL_MODES });
    assertSecret(success.all, good.password);
    strictEqual(success.codes.has(0), true);
    for (
      const change of [
        (url: URL) => url.password = ENCODED,
        (url: URL) => url.port = "1",
        (url: URL) => url.hostname = "no-such-host.invalid",
        (url: URL) => url.pathname = "/no-such-database",
        (url: URL) => url.search = "?sslmode=require",
        (url: URL) => url.search = `?sslmode=bogus&password=${ENCODED}`,
      ]
    ) {
      const url = new URL(good.href);
      change(url);
      const { all } = await outputs({ DATABASE_URL: url.href }, "database");
      assertSecret(all, good.password, PASSWORD, ENCODED);
    }
  },
);

Deno.test("a config that throws its secrets, and one with a secret in a wrong place", async () => {
  const env = { REDIS_URL: "redis://127.0.0.1:1" };
  const run = (config: string) =>
    outputs(env, "redis", { files: { "azu.config.ts": config }, modes: ALL_MODES });
  const thrown = await run(
    `throw new Error("cannot reach redis://app:${ENCODED}@db:6379/1");`,
  );
  match(thrown.all, /azu\.config\.ts:1:7: cannot reach redis:\/\/app:\*\*\*@db:6379\/1/);
  assertSecret(thrown.all, ENCODED);
  const misplaced = await run(`export default {
    secret: "${PASSWORD}",
    session: { ttl: "redis://app:${ENCODED}@db", backends: { redis: { url: 'http://a:${ENCODED}@b' } } },
  };`);
  strictEqual([...misplaced.codes].join(), "2");
  assertSecret(misplaced.all, PASSWORD, ENCODED);
});

Deno.test("setup writes no secret and shows none, not even of a file that holds one", async () => {
  await using app = await tempDir();
  const secret = "0123456789abcdef0123456789abcdef";
  const env = {
    SESSION_SECRET: secret,
    REDIS_URL: `redis://app:${ENCODED}@127.0.0.1:1`,
    DATABASE_URL: `postgres://app:${ENCODED}@127.0.0.1:1/app`,
  };
  await writeTree(app.path, {
    "shard.yml": "name: myapp\n",
    "src/initializers/session.cr":
      `Session.configure do |config|\n  config.secret = "${secret}"\nend\n`,
  });
  let all = "";
  for (const backend of ["redis", "database", "memory"]) {
    for (const mode of [["--dry-run", "--force"], [], ["--json"], ["--force"]]) {
      const { stdout, stderr } = await runAzu(["session:setup", "-b", backend, ...mode], {
        cwd: app.path,
        env,
      });
      all += stdout + stderr;
    }
    all += await Deno.readTextFile(`${app.path}/src/initializers/session.cr`);
  }
  assertSecret(all, secret, PASSWORD, ENCODED);
});
