import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { freshPostgres, sqliteCount } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { readTree, tempDir, writeTree } from "../../support/temp.ts";

const SHARD = `# The shop
name: my-shop
version: 0.1.0   # bump me

dependencies:
  azu: # the framework
    github: azutoolkit/azu

# for tests
development_dependencies:
  ameba:
    github: crystal-ameba/ameba
`;

const INITIALIZER = "src/initializers/session.cr";

async function appOf(files: Record<string, string> = { "shard.yml": SHARD }) {
  const app = await tempDir();
  await writeTree(app.path, files);
  return {
    path: app.path,
    files: () => readTree(app.path),
    azu: (args: string[], env: Record<string, string> = {}) =>
      runAzu(["session:setup", ...args], { cwd: app.path, env }),
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

Deno.test("setup writes the initializer and the shards, and tells what is left", async () => {
  await using app = await appOf();
  const result = await app.azu([]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  const files = await app.files();
  const paths = [".env.example", ".gitignore", "shard.yml", INITIALIZER];
  deepStrictEqual(Object.keys(files).sort(), paths);
  match(files[INITIALIZER] ?? "", /module MyShop\n[^]*key_prefix: "my-shop:session:"/);
  const added = "  session:\n    github: azutoolkit/session\n" +
    "  redis:\n    github: stefanwille/crystal-redis\n";
  strictEqual(
    files["shard.yml"],
    SHARD.replace("azutoolkit/azu\n", () => `azutoolkit/azu\n${added}`),
  );
  match(result.stdout, /^✓ Sessions are set up$/m);
  const steps = result.stdout.slice(result.stdout.indexOf("Next steps:"));
  match(steps, /1\. Install the shards: shards install\n/);
  match(steps, /2\. Set SESSION_SECRET in the environment: at least 32 random bytes/);
  match(steps, /3\. Set REDIS_URL in the environment: redis:\/\/\[:<password>@\]<host>/);
  match(steps, /4\. Add to the app's main file in src\/: require "\.\/initializers\/session"/);
  match(steps, /5\. Add at the end of the app's handlers: MyShop::SessionHandler\.new\n$/);
});

Deno.test("a second run changes nothing, and says that", async () => {
  await using app = await appOf();
  for (const backend of ["redis", "memory", "database"]) {
    await app.azu(["-b", backend, "--force"]);
    const before = await app.files();
    const again = await app.azu(["-b", backend]);
    strictEqual(again.code, 0);
    match(again.stdout, /✓ Nothing to change: \d file\(s\) are up to date/);
    deepStrictEqual(await app.files(), before);
  }
  const migrations = Object.keys(await app.files()).filter((path) => path.includes("migrations/"));
  strictEqual(migrations.length, 1);
  match(migrations[0] ?? "", /^src\/db\/migrations\/20\d{12}_create_sessions\.cr$/);
});

Deno.test("a file that differs is shown and not overwritten: exit 1", async () => {
  await using app = await appOf({ "shard.yml": SHARD, [INITIALIZER]: "# my own\nmine\n" });
  const before = await app.files();
  const refused = await app.azu(["--backend", "database"]);
  strictEqual(refused.code, 1);
  match(refused.stderr, /src\/initializers\/session\.cr exists and differs; nothing was changed/);
  match(refused.stdout, /^-mine$/m);
  match(refused.stdout, /^\+require "session"$/m);
  doesNotMatch(refused.stdout, /✓/);
  deepStrictEqual(await app.files(), before);
  const json = await app.azu(["--json"]);
  const document = JSON.parse(json.stdout);
  deepStrictEqual([document.outcome, document.exitCode, json.code], ["conflict", 1, 1]);
  const forced = await app.azu(["--force"]);
  strictEqual(forced.code, 0);
  match(forced.stdout, /^-mine$/m);
  match((await app.files())[INITIALIZER] ?? "", /SessionStore/);
});

Deno.test("a dry run shows everything and writes nothing", async () => {
  await using app = await appOf();
  const before = await app.files();
  const result = await app.azu(["-b", "database", "--dry-run", "--apply"], {
    DATABASE_URL: "sqlite3://./app.db",
  });
  strictEqual(result.code, 0);
  match(result.stdout, /^\+class CreateSessions < CQL::Migration\(20\d{12}\)$/m);
  match(result.stdout, /^CREATE TABLE IF NOT EXISTS "sessions" \($/m);
  match(result.stdout, /^Dry run: nothing was written$/m);
  doesNotMatch(result.stdout, /✓/);
  deepStrictEqual(await app.files(), before);
});

for (
  const [url, shard] of [
    ["postgres://app@127.0.0.1:1/app", "pg"],
    ["postgresql://app@127.0.0.1:1/app", "pg"],
    ["mysql://app@127.0.0.1:1/app", "mysql"],
    ["sqlite3://./app.db", "sqlite3"],
  ] as const
) {
  Deno.test(`database: the driver that ${url.split(":")[0]}:// asks for`, async () => {
    await using app = await appOf();
    const result = await app.azu(["-b", "database"], { DATABASE_URL: url });
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    const files = await app.files();
    match(
      files["shard.yml"] ?? "",
      new RegExp(`  cql:\n    github: azutoolkit/cql\n  ${shard}:\n`),
    );
    match(files[INITIALIZER] ?? "", new RegExp(`require "db"\nrequire "${shard}"\n`));
    match(
      result.stdout,
      /Create the table: run this command with --apply, or the framework's own azu db:migrate/,
    );
    doesNotMatch(result.stdout, /Set DATABASE_URL/);
  });
}

Deno.test("database without a URL: the driver in shard.yml decides, else a warning", async () => {
  await using app = await appOf();
  const guessed = await app.azu(["-b", "database", "--dry-run"]);
  match(guessed.stderr, /It is not known which database .* the files are for PostgreSQL/);
  const dependency = "  sqlite3:\n    github: crystal-lang/crystal-sqlite3\n";
  await writeTree(app.path, {
    "shard.yml": SHARD.replace("\n# for", () => `${dependency}\n# for`),
  });
  const told = await app.azu(["-b", "database"]);
  strictEqual(told.stderr, "");
  match((await app.files())[INITIALIZER] ?? "", /require "sqlite3"/);
});

Deno.test("only the remaining steps are listed", async () => {
  await using app = await appOf({
    "shard.yml": SHARD,
    "lib/session/shard.yml": "name: session\n",
    "lib/redis/shard.yml": "name: redis\n",
    "src/my-shop.cr": 'require "azu"\nrequire "./initializers/**"\n\n' +
      "MyShop.start [MyShop::SessionHandler.new]\n",
  });
  const env = { SESSION_SECRET: "x".repeat(64), REDIS_URL: "redis://localhost" };
  match((await app.azu([], env)).stdout, /^Nothing is left to do$/m);
  // The app reads only the environment, and refuses a short secret.
  match(
    (await app.azu([], { ...env, SESSION_SECRET: "short" })).stdout,
    /1\. Set SESSION_SECRET in/,
  );
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  await writeTree(app.path, { ".env": lines.join("") });
  match(
    (await app.azu([])).stdout,
    /1\. Set SESSION_SECRET in the environment.*\n.*2\. Set REDIS_URL/,
  );
});

Deno.test("a folder of source without a shard.yml above it is refused", async () => {
  for (const folder of ["src", "src/initializers"]) {
    await using app = await appOf({ [`${folder}/x.cr`]: "" });
    const { code, stderr } = await app.azu(["-C", folder]);
    strictEqual(code, 2, stderr);
    match(stderr, /is a folder of source, and there is no shard\.yml above it/);
  }
});

Deno.test({
  name: "a full disk leaves neither a file nor a folder behind",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using app = await appOf({});
    const mount = new Deno.Command("mount", {
      args: ["-t", "tmpfs", "-o", "size=64k", "azu", app.path],
    });
    if (!(await mount.output()).success) return; // no tmpfs may be mounted here
    try {
      await Deno.writeFile(`${app.path}/ballast`, new Uint8Array(60 << 10));
      const before = [...Deno.readDirSync(app.path)].map(({ name }) => name);
      const { code, stderr } = await app.azu(["-b", "redis"]);
      strictEqual(code, 1);
      match(stderr, /nothing was changed/);
      deepStrictEqual([...Deno.readDirSync(app.path)].map(({ name }) => name), before);
    } finally {
      await new Deno.Command("umount", { args: [app.path] }).output();
    }
  },
});

for (
  const [name, source, isRequired] of [
    ["by name", 'require "./initializers/session"', true],
    ["by name with its ending", 'require "./initializers/session.cr"', true],
    ["by glob", 'require "./initializers/*"', true],
    ["by recursive glob", 'require "./**"', true],
    ["in a comment only", '# require "./initializers/session"', false],
    ["in a string only", 'puts %(require "./initializers/session")', false],
    ["another file only", 'require "./initializers/session_store"', false],
    ["a glob beside it only", 'require "./db/**"', false],
  ] as const
) {
  Deno.test(`the require is ${isRequired ? "not asked for" : "asked for"}: ${name}`, async () => {
    await using app = await appOf({ "shard.yml": SHARD, "src/my-shop.cr": `${source}\n` });
    const { stdout } = await app.azu(["--dry-run"]);
    strictEqual(
      stdout.includes('Add to src/my-shop.cr: require "./initializers/session"'),
      !isRequired,
    );
  });
}

Deno.test("what is written comes from the config", async () => {
  await using app = await appOf({
    "shard.yml": SHARD,
    "azu.config.ts": `import { defineConfig } from "azu";
export default defineConfig({
  app: "Böse \\"App\\" #{1}",
  session: {
    ttl: "15m",
    cookie: { name: "sid", secure: false, httpOnly: true, sameSite: "lax", domain: "example.com" },
    backends: {
      redis: { keyPrefix: 'p"#{x}\\\\:', poolSize: 12, poolTimeout: "250ms" },
      database: { table: "auth.user-sessions", cleanupInterval: "1h" },
    },
  },
});`,
  });
  await app.azu(["--backend", "redis"]);
  const redis = (await app.files())[INITIALIZER] ?? "";
  for (
    const part of [
      "module BoseApp1",
      String.raw`key_prefix: "p\"\#{x}\\:",`,
      "pool_size: 12,",
      "pool_timeout: 250.milliseconds,",
      'config.session_key = "sid"',
      "config.timeout = 15.minutes",
      "secure: false,",
      'domain: "example.com",',
      "SameSite::Lax",
    ]
  ) strictEqual(redis.includes(part), true, `${part} is missing in\n${redis}`);
  await app.azu(["--backend", "database", "--force"], { DATABASE_URL: "postgres://a@h/d" });
  const files = await app.files();
  match(files[INITIALIZER] ?? "", /table: "auth\.user-sessions",\n +cleanup_interval: 1\.hour,/);
  const migration = Object.entries(files).find(([path]) => path.includes("migrations/"))?.[1] ?? "";
  match(migration, /CREATE TABLE IF NOT EXISTS \\"auth\\"\.\\"user-sessions\\" \(/);
});

Deno.test("--apply creates the table and its indexes, once", async () => {
  await using app = await appOf();
  const env = { DATABASE_URL: "sqlite3://./app.db" };
  const first = await app.azu(["-b", "database", "--apply"], env);
  deepStrictEqual([first.code, first.stderr], [0, ""]);
  match(first.stdout, /Created the table sessions in sqlite3:\/\/\.\/app\.db, with its indexes/);
  doesNotMatch(first.stdout, /db:migrate/);
  strictEqual(sqliteCount(app.path, "app.db", "sessions"), 0);
  strictEqual(sqliteCount(app.path, "app.db", "pragma_index_list('sessions')"), 3);
  const again = await app.azu(["-b", "database", "--apply", "--json"], env);
  deepStrictEqual(
    (({ outcome, table }) => ({ outcome, table }))(JSON.parse(again.stdout)),
    { outcome: "unchanged", table: "present" },
  );
});

Deno.test("--apply on PostgreSQL: the shape that the store needs", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await using app = await appOf({
    "azu.config.ts":
      'export default { session: { backends: { database: { table: "auth.user-sessions" } } } };',
  });
  const env = { DATABASE_URL: database.url };
  const missing = await app.azu(["-b", "database", "--apply"], env);
  strictEqual(missing.code, 1);
  match(missing.stderr, /The schema of the table does not exist/);
  match(missing.stderr, /the files were written, but the table was not created/);
  await database.query("CREATE SCHEMA auth");
  for (let run = 0; run < 2; run++) {
    const result = await app.azu(["-b", "database", "--apply"], env);
    strictEqual(result.code, 0, result.stderr);
  }
  const columns = await database.query(
    "SELECT column_name AS name, data_type AS type FROM information_schema.columns " +
      "WHERE table_schema = 'auth' AND table_name = 'user-sessions' ORDER BY ordinal_position",
  );
  deepStrictEqual(columns, [
    { name: "id", type: "bigint" },
    { name: "session_id", type: "character varying" },
    { name: "data", type: "bytea" },
    { name: "created_at", type: "timestamp with time zone" },
    { name: "updated_at", type: "timestamp with time zone" },
    { name: "expires_at", type: "timestamp with time zone" },
    { name: "user_id", type: "bigint" },
  ]);
  const indexes = await database.query(
    "SELECT indexname FROM pg_indexes WHERE schemaname = 'auth'",
  );
  deepStrictEqual(indexes.map(({ indexname }) => indexname).sort(), [
    "user-sessions_expires_at_idx",
    "user-sessions_pkey",
    "user-sessions_session_id_idx",
    "user-sessions_user_id_idx",
  ]);
});

Deno.test(
  "--apply uses the table that the app's user sees, and adds nothing to it",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    await using app = await appOf();
    const role = `shopper_${crypto.randomUUID().slice(0, 8)}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw'; CREATE SCHEMA ${role};
      GRANT ALL ON SCHEMA ${role} TO ${role};
      CREATE TABLE public.sessions (id bigint PRIMARY KEY, session_id text UNIQUE, data bytea,
        created_at timestamptz, updated_at timestamptz, expires_at timestamptz, user_id bigint);
      CREATE INDEX of_user ON public.sessions (user_id);
      GRANT ALL ON public.sessions TO ${role};
      INSERT INTO public.sessions SELECT i FROM generate_series(1, 321) i`);
    const url = new URL(database.url);
    [url.username, url.password] = [role, "pw"];
    try {
      const env = { DATABASE_URL: url.href };
      // The schema of the user's name comes first, but has no such table.
      const applied = await app.azu(["-b", "database", "--apply", "--json"], env);
      strictEqual(applied.code, 0, applied.stderr);
      strictEqual(JSON.parse(applied.stdout).table, "present");
      const tables = await database.query(
        "SELECT schemaname FROM pg_tables WHERE tablename = 'sessions'",
      );
      deepStrictEqual(tables, [{ schemaname: "public" }]);
      const indexes = await database.query(
        "SELECT indexname FROM pg_indexes WHERE tablename = 'sessions' ORDER BY 1",
      );
      deepStrictEqual(indexes.map(({ indexname }) => indexname), [
        "of_user",
        "sessions_pkey",
        "sessions_session_id_key",
      ]);
      const cleared = await runAzu(["session:clear", "-b", "database", "--force", "--json"], {
        cwd: app.path,
        env,
      });
      strictEqual(JSON.parse(cleared.stdout).cleared, 321, cleared.stderr);
    } finally {
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  },
);

Deno.test(
  "--apply where the table is another's: an error, not a broken store",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    await using app = await appOf();
    await database.query("CREATE TABLE sessions (session_id text, expires_at timestamptz)");
    const result = await app.azu(["-b", "database", "--apply"], { DATABASE_URL: database.url });
    strictEqual(result.code, 1);
    match(result.stderr, /lacks a column that sessions need/);
    doesNotMatch(result.stdout, /✓/);
    const indexes = await database.query("SELECT 1 FROM pg_indexes WHERE tablename = 'sessions'");
    deepStrictEqual(indexes, []);
  },
);

Deno.test("--apply without a database URL: exit 2, and no file is written", async () => {
  await using app = await appOf();
  const before = await app.files();
  const result = await app.azu(["-b", "database", "--apply"]);
  strictEqual(result.code, 2);
  match(result.stderr, /DATABASE_URL is not set/);
  deepStrictEqual(await app.files(), before);
});

Deno.test("--apply writes no file if the server is down", async () => {
  await using app = await appOf();
  const before = await app.files();
  const env = { DATABASE_URL: "postgres://app:pw@127.0.0.1:1/app" };
  const result = await app.azu(["-b", "database", "--apply"], env);
  strictEqual(result.code, 1);
  match(result.stderr, /nothing listens there/);
  deepStrictEqual(await app.files(), before);
});

Deno.test("--apply is refused for backends without a table: exit 3", async () => {
  await using app = await appOf();
  for (const backend of ["redis", "memory"]) {
    const result = await app.azu(["-b", backend, "--apply"]);
    strictEqual(result.code, 3);
    match(result.stderr, /has no table to create/);
  }
});

Deno.test("nothing is written through a link", async () => {
  await using app = await appOf();
  await using elsewhere = await tempDir();
  await Deno.mkdir(`${app.path}/src`);
  await Deno.symlink(elsewhere.path, `${app.path}/src/initializers`);
  const result = await app.azu([]);
  strictEqual(result.code, 1);
  match(result.stderr, /is a symbolic link; nothing was changed/);
  deepStrictEqual(await readTree(elsewhere.path), {});
  strictEqual(await Deno.readTextFile(`${app.path}/shard.yml`), SHARD);
});

Deno.test("setup without shard.yml and src lists what is missing", async () => {
  await using app = await appOf({});
  const result = await app.azu(["-b", "memory"]);
  strictEqual(result.code, 0);
  deepStrictEqual(Object.keys(await app.files()), [".env.example", ".gitignore", INITIALIZER]);
  match(
    result.stdout,
    /1\. Create a shard\.yml with these dependencies: session \(github: azutoolkit\/session\)/,
  );
});

Deno.test("a broken shard.yml is named with its line, and nothing is changed", async () => {
  await using app = await appOf({ "shard.yml": "name: x\ndependencies:\n  - [\n" });
  const before = await app.files();
  const result = await app.azu([]);
  strictEqual(result.code, 2);
  match(result.stderr, /shard\.yml:\d+: not valid YAML/);
  deepStrictEqual(await app.files(), before);
});

Deno.test("several setups at the same time: one is done, and none overwrites another", async () => {
  for (let round = 0; round < 4; round++) {
    await using app = await appOf();
    const backends = ["redis", "memory", "database"];
    const results = await Promise.all(backends.map((backend) => app.azu(["-b", backend])));
    const done = backends.filter((_, at) => results[at]?.code === 0);
    strictEqual(done.length, 1, results.map(({ stdout, stderr }) => stdout + stderr).join(""));
    const store = { redis: "Redis", memory: "Memory", database: "Database" }[done[0] ?? ""];
    match((await app.files())[INITIALIZER] ?? "", new RegExp(` {4}${store}SessionStore\\.open`));
  }
});

Deno.test("--apply does not create a database through a link", async () => {
  await using app = await appOf();
  await using elsewhere = await tempDir();
  await Deno.symlink(`${elsewhere.path}/new.db`, `${app.path}/app.db`);
  const env = { DATABASE_URL: "sqlite3://./app.db" };
  const { code, stderr } = await app.azu(["-b", "database", "--apply"], env);
  strictEqual(code, 1);
  match(stderr, /app\.db is a symbolic link to a file that does not exist/);
  deepStrictEqual([...Deno.readDirSync(elsewhere.path)], []);
});

Deno.test({
  name: "a file that setup edits as root still belongs to its owner",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  async fn() {
    await using app = await appOf();
    await Deno.chown(app.path, 65534, 65534);
    await Deno.chown(`${app.path}/shard.yml`, 65534, 65534);
    strictEqual((await app.azu([])).code, 0);
    const { uid, gid } = await Deno.stat(`${app.path}/shard.yml`);
    deepStrictEqual([uid, gid], [65534, 65534]);
  },
});
