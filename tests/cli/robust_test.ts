/** azu in a hostile or broken environment. Each test is for a bug that once existed. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu, spawnAzu } from "../support/cli.ts";
import { freshPostgres, sqlite, sqliteCount } from "../support/servers/database.ts";
import { needs } from "../support/env.ts";
import { startRedis } from "../support/servers/redis.ts";
import { tempDir, writeTree } from "../support/temp.ts";

const CLEAR = ["session:clear", "--force"];
const INITIALIZER = "src/initializers/session.cr";
const SQLITE = { DATABASE_URL: "sqlite3://./app.db" };

/** A config with a custom backend. The parameters are the JavaScript that its store returns. */
function custom(count: string, clear: string): string {
  return `export default { session: { backend: "acme", backends: { acme: () => ({
  name: "acme", capabilities: { clear: true, createTable: false }, describe: () => ({}),
  connect: async () => ({ count: async () => ${count}, clear: async () => ${clear},
    async [Symbol.asyncDispose]() {} }) }) } } };`;
}

Deno.test("a constant of another class does not name the table", async () => {
  await using app = await tempDir();
  await writeTree(app.path, {
    [INITIALIZER]: 'class User\n  TABLE = "users"\nend\n\n' +
      "class DatabaseStore < Session::Store(UserSession)\nend\n\n" +
      "Session.configure do |config|\n  config.store = DatabaseStore.new\nend\n",
  });
  for (const table of ["users", "sessions"]) {
    sqlite(
      app.path,
      "app.db",
      `CREATE TABLE ${table} (session_id text)`,
      `INSERT INTO ${table} VALUES ('a')`,
    );
  }
  const asked = await runAzu(CLEAR, { cwd: app.path, env: SQLITE });
  strictEqual(asked.code, 2);
  match(
    asked.stderr,
    /not certain which table .* uses\nState it in azu.config.ts: .*database.table/,
  );
  await writeTree(app.path, {
    "azu.config.ts":
      'export default { session: { backends: { database: { table: "sessions" } } } };',
  });
  const { stdout, stderr } = await runAzu(CLEAR, { cwd: app.path, env: SQLITE });
  match(stderr, /not certain which table .* uses: azu uses that of the config, "sessions"/);
  match(stdout, /Cleared 1 session/);
  deepStrictEqual(["users", "sessions"].map((table) => sqliteCount(app.path, "app.db", table)), [
    1,
    0,
  ]);
});

Deno.test("a prefix that cannot be read is reported, and an empty one is refused", async () => {
  await using app = await tempDir();
  const store = (prefix: string) => ({
    [INITIALIZER]:
      `class S < Session::RedisStore(U)\n  KEY_PREFIX = ${prefix}\n  def prefixed(key)\n` +
      '    "#{KEY_PREFIX}#{key}"\n  end\nend\nSession.use_store(S)\n',
  });
  const options = { cwd: app.path, env: { REDIS_URL: "redis://127.0.0.1:1" } };
  await writeTree(app.path, store('ENV["PREFIX"]'));
  const asked = await runAzu(CLEAR, options);
  strictEqual(asked.code, 2);
  match(asked.stderr, /not certain which key prefix .* uses\nState it in .*redis.keyPrefix/);
  await writeTree(app.path, store('""'));
  const empty = await runAzu(CLEAR, options);
  strictEqual(empty.code, 2);
  match(empty.stderr, /states an empty key prefix: refused/);
});

Deno.test(
  "postgres: rows of inheriting tables stay, those of partitions go",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    await using app = await tempDir();
    const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
    const count = async (table: string) =>
      (await database.query(`SELECT count(*)::int AS count FROM ONLY ${table}`))[0]?.["count"];
    await database.query("CREATE TABLE sessions (session_id text)");
    await database.query("CREATE TABLE archive (why text) INHERITS (sessions)");
    await database.query(
      "INSERT INTO sessions VALUES ('a'); INSERT INTO archive VALUES ('b', 'c')",
    );
    match(
      (await runAzu([...CLEAR, "-b", "database"], options)).stdout,
      /Cleared 1 session\(s\)\n✓/,
    );
    strictEqual(await count("archive"), 1);
    await database.query("DROP TABLE sessions CASCADE");
    await database.query("CREATE TABLE sessions (session_id text) PARTITION BY HASH (session_id)");
    for (const rest of [0, 1]) {
      await database.query(
        `CREATE TABLE part${rest} PARTITION OF sessions FOR VALUES WITH (MODULUS 2, REMAINDER ${rest})`,
      );
    }
    await database.query(
      "INSERT INTO sessions SELECT 's' || i FROM generate_series(1, 12000) AS i",
    );
    match(
      (await runAzu([...CLEAR, "-b", "database"], options)).stdout,
      /Cleared 12000 session\(s\)\n✓/,
    );
    await database.query("CREATE VIEW seen AS SELECT * FROM sessions");
    await writeTree(app.path, {
      "azu.config.ts": 'export default { session: { backends: { database: { table: "seen" } } } };',
    });
    match(
      (await runAzu([...CLEAR, "-b", "database"], options)).stderr,
      /seen is .*, not a table .*\n.*not a view/,
    );
  },
);

Deno.test(
  "postgres: rows that a trigger keeps are reported as remaining, and its text is not shown",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    await using app = await tempDir();
    const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
    await database.query("CREATE TABLE sessions (session_id text)");
    await database.query("INSERT INTO sessions VALUES ('very-secret-id')");
    const make = (body: string) =>
      database.query(
        `CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`,
      );
    await make("RETURN NULL;");
    await database.query(
      "CREATE TRIGGER keep BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION keep()",
    );
    const kept = await runAzu([...CLEAR, "-b", "database"], options);
    strictEqual(kept.code, 1);
    match(kept.stderr, /1 session\(s\) are still there, though the store reported no error/);
    await make("RAISE EXCEPTION 'cannot delete %', OLD.session_id USING ERRCODE = '22000';");
    const raised = await runAzu([...CLEAR, "-b", "database"], options);
    strictEqual(raised.code, 1);
    match(raised.stderr, /22000; its text is not shown, as it may quote a row/);
    strictEqual((raised.stdout + raised.stderr).includes("very-secret"), false);
  },
);

Deno.test("postgres: two clears at the same time succeed", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await using app = await tempDir();
  await database.query("CREATE TABLE sessions (session_id text)");
  await database.query("INSERT INTO sessions SELECT 's' || i FROM generate_series(1, 100000) AS i");
  const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
  const results = await Promise.all(
    [1, 2].map(() => runAzu([...CLEAR, "-b", "database", "--json"], options)),
  );
  const reports = results.map(({ stdout }) => JSON.parse(stdout));
  deepStrictEqual(
    results.map(({ code }) => code),
    [0, 0],
    results.map(({ stderr }) => stderr).join(),
  );
  strictEqual(reports.reduce((sum, { cleared }) => sum + cleared, 0), 100_000);
});

Deno.test("sqlite: no cascade reaches into other tables, and a column may be named rowid", async () => {
  await using app = await tempDir();
  sqlite(
    app.path,
    "app.db",
    "CREATE TABLE sessions (id integer PRIMARY KEY, rowid text, expires_at text)",
    "CREATE TABLE audit (sid integer REFERENCES sessions (id) ON DELETE CASCADE)",
    "INSERT INTO sessions (id) VALUES (1), (2)",
    "INSERT INTO audit VALUES (1), (2)",
  );
  const { stdout } = await runAzu([...CLEAR, "-b", "database"], { cwd: app.path, env: SQLITE });
  match(stdout, /Cleared 2 session\(s\)\n✓/);
  strictEqual(sqliteCount(app.path, "app.db", "audit"), 2);
});

for (
  const [name, config] of [
    ["NaN", custom("NaN", "5")],
    ["undefined", custom("undefined", "5")],
    ["a negative number", custom("-1", "5")],
    ["a text for what it cleared", custom("0", '"7"')],
  ] as const
) {
  Deno.test(`a backend that counts ${name} proves nothing`, async () => {
    await using app = await tempDir();
    await writeTree(app.path, { "azu.config.ts": config });
    const { code, stdout, stderr } = await runAzu(CLEAR, { cwd: app.path });
    strictEqual(code, 1);
    match(stderr, /returned no count/);
    doesNotMatch(stdout, /✓/);
  });
}

Deno.test("a backend that never answers can be interrupted", async () => {
  await using app = await tempDir();
  await writeTree(app.path, { "azu.config.ts": custom("new Promise(() => {})", "5") });
  await using azu = await spawnAzu(CLEAR, { cwd: app.path });
  await azu.waitFor(/Clearing acme sessions/);
  azu.signal("SIGTERM");
  strictEqual((await azu.finished()).code, 143);
});

Deno.test("--json prints one document, even if a config prints", async () => {
  const configs = [
    "export default { get app() { throw new Error('no'); } };",
    "export default new Proxy({}, { ownKeys() { throw new Error('no'); } });",
    "const a = {}; a.session = a; export default { environments: { x: a }, session: a };",
    "throw Object.create(null);\nexport default {};",
    "const e = new Error('x'); e.stack = 42; throw e;\nexport default {};",
    "Object.prototype.keyPrefix = 'x';\nexport default { session: { backends: { redis: {} } } };",
    "globalThis.console.log('hello'); console.table([1]);\nexport default { app: 5 };",
    "process.stdout.write('hello');\nexport default { app: 5 };",
    "Deno.exit(0);\nexport default {};",
    "Deno.stdout.writeSync(new TextEncoder().encode('hello'));\nexport default { app: 5 };",
    "new Worker('data:text/javascript,1', { type: 'module' });\nexport default {};",
    "import 'node:worker_threads';\nexport default {};",
    "import process from 'node:process';\nprocess.exit(0);\nexport default {};",
    `throw new Error("a.".repeat(300000));\nexport default {};`,
    "#!/usr/bin/env azu\nexport default { app: 5 };",
  ];
  for (const config of configs) {
    await using app = await tempDir();
    await writeTree(app.path, { "azu.config.ts": config });
    const { code, stdout, stderr } = await runAzu([...CLEAR, "--json"], { cwd: app.path });
    strictEqual(JSON.parse(stdout).exitCode, 2, `${config}\n${stdout}\n${stderr}`);
    strictEqual(code, 2);
    doesNotMatch(stderr, /bug in azu/);
  }
});

Deno.test("special files and very large files do not hang", async () => {
  await using app = await tempDir();
  await writeTree(app.path, { "shard.yml": `name: a${" ".repeat(300_000)}b#\n` });
  await Deno.symlink("/dev/zero", `${app.path}/.env`);
  const result = await runAzu(CLEAR, { cwd: app.path, timeoutMs: 20_000 });
  strictEqual(result.code, 1);
  match(result.stderr, /Cannot read .*\.env: it is not a file/);
});

Deno.test("a shard.yml that is not UTF-8 stays as it is", async () => {
  await using app = await tempDir();
  const bytes = new Uint8Array([...new TextEncoder().encode("name: a # caf"), 0xe9, 0x0a]);
  await writeTree(app.path, { "shard.yml": bytes });
  const result = await runAzu(["session:setup", "-b", "memory"], { cwd: app.path });
  strictEqual(result.code, 1);
  match(result.stderr, /shard\.yml: it is not UTF-8/);
  deepStrictEqual(await Deno.readFile(`${app.path}/shard.yml`), bytes);
});

Deno.test("setup shows no literal of the file that it would overwrite", async () => {
  await using app = await tempDir();
  await writeTree(app.path, {
    "shard.yml": "name: a\n",
    [INITIALIZER]: 'config.secret =\n  "multiline-hunter2"\nconfig.secret = %q(percent-hunter2)\n' +
      'Redis.new(url: "redis://:url-hunter2@localhost")\nconfig.key = "enc-\\"hunter2"\n' +
      'PASSWORD = <<-END\n  heredoc-hunter2\n  END\nputs "hello you"\n' +
      'config.pwd = "hunter21"\nconfig.jwt = "hunter22"\nconfig.secrets = [\n  "hunter23",\n' +
      '  "hunter24",\n]\nconfig.secret =\n\n  "a" \\\n  "hunter25" \\\n  "hunter26"\n',
  });
  for (const mode of [[], ["--json"], ["--dry-run", "--force"]]) {
    const result = await runAzu(["session:setup", ...mode], { cwd: app.path });
    match(result.stdout, /config\.secret/);
    match(result.stdout, /puts \\?"hello you\\?"/);
    doesNotMatch(result.stdout + result.stderr, /hunter2/);
  }
});

Deno.test("--apply that cannot write makes no database file", async () => {
  await using app = await tempDir();
  await using elsewhere = await tempDir();
  await Deno.mkdir(`${app.path}/src`);
  await Deno.symlink(elsewhere.path, `${app.path}/src/initializers`);
  const args = ["session:setup", "-b", "database", "--apply"];
  match(
    (await runAzu(args, { cwd: app.path, env: SQLITE })).stderr,
    /symbolic link; nothing was changed/,
  );
  deepStrictEqual((await Array.fromAsync(Deno.readDir(app.path))).map(({ name }) => name), ["src"]);
});

Deno.test("no output can act on a terminal or forge a line", async () => {
  await using app = await tempDir();
  await writeTree(app.path, { "azu.config.ts": "export default { environments: { live: {} } };" });
  const evil = "x\x1b[31m\n✓ forged";
  for (
    const [args, env] of [
      [["-C", evil], {}],
      [["--config", evil], {}],
      [[], { AZU_ENV: evil }],
      [[], { REDIS_URL: `redis://u\x1b[31m:p@127.0.0.1:1` }],
      [["-b", "database"], { DATABASE_URL: "sqlite3://./a\x1b[31m.db" }],
      [["-b", evil], {}],
      [[evil], {}],
    ] as const
  ) {
    const options = { cwd: app.path, env: { REDIS_URL: "redis://127.0.0.1:1", ...env } };
    const { stdout, stderr } = await runAzu([...CLEAR, ...args], options);
    strictEqual((stdout + stderr).includes("\x1b"), false);
    doesNotMatch(stdout + stderr, /^✓ forged/m);
  }
});

Deno.test("an answer that cannot be written is a failure", needs("redis-server"), async () => {
  await using server = await startRedis();
  await using app = await tempDir();
  const client = new Redis(server.url);
  await client.set("session:1", "x");
  client.disconnect();
  await using script = await (await import("../support/network/stand_in.ts")).standIn(
    'exec "$@" >/dev/full',
  );
  const subject = Deno.env.get("AZU_SUBJECT");
  if (subject === undefined) return; // the source is run by a command of several words
  const result = await runAzu([subject, ...CLEAR], {
    subject: script.subject,
    cwd: app.path,
    env: { REDIS_URL: server.url },
  });
  strictEqual(result.code, 1);
  match(result.stderr, /Cannot write to stdout/);
});

Deno.test("a custom backend cannot end the process", async () => {
  await using app = await tempDir();
  for (const exit of ["Deno.exit(0)", "process.exit(0)", "process.abort()"]) {
    await writeTree(app.path, { "azu.config.ts": custom("0", `(${exit}, 0)`) });
    const { code, stderr } = await runAzu(CLEAR, { cwd: app.path });
    strictEqual(code, 1);
    match(stderr, /The acme backend failed: a config may not end the process/);
  }
});

Deno.test("sqlite: a view is no table, in a dry run too", async () => {
  await using app = await tempDir();
  sqlite(
    app.path,
    "app.db",
    "CREATE TABLE t (session_id text)",
    "CREATE VIEW sessions AS SELECT * FROM t",
  );
  for (const mode of ["--force", "--dry-run"]) {
    const args = ["session:clear", "-b", "database", mode];
    match(
      (await runAzu(args, { cwd: app.path, env: SQLITE })).stderr,
      /sessions is a view, not a table/,
    );
  }
});
