import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../../support/cli.ts";
import { freshPostgres, sqlite, sqliteCount } from "../../../support/servers/database.ts";
import { needs } from "../../../support/env.ts";
import { tempDir, writeTree } from "../../../support/temp.ts";

const CLEAR = ["session:clear", "--backend", "database", "--force"];
const FILL = "(session_id) SELECT 's' || i FROM generate_series(1, 89) AS i";

function configWith(table: string): string {
  return `export default { session: { backends: { database: { table: ${
    JSON.stringify(table)
  } } } } };`;
}

Deno.test("clear of a quoted table in a schema: exactly its rows", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await using app = await tempDir();
  await database.query("CREATE SCHEMA auth");
  for (const table of ['auth."user-sessions"', 'auth."user_sessions"', '"user-sessions"']) {
    await database.query(`CREATE TABLE ${table} (id bigserial PRIMARY KEY, session_id text)`);
    await database.query(`INSERT INTO ${table} ${FILL}`);
  }
  await writeTree(app.path, { "azu.config.ts": configWith("auth.user-sessions") });
  const address = database.url.replace(/(:\/\/[^:]*):[^@]*@/, "$1:***@");
  const result = await runAzu(CLEAR, { cwd: app.path, env: { DATABASE_URL: database.url } });
  strictEqual(
    result.decision,
    `Backend: database (selected by --backend), environment production (the default), target ${address} (from DATABASE_URL), table auth.user-sessions`,
  );
  deepStrictEqual(result.stdout.split("\n"), [
    "Clearing sessions...",
    "Backend: database",
    "Clearing database sessions...",
    "Cleared 89 session(s)",
    "✓ Sessions cleared successfully",
    "",
  ]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  const [left] = await database.query(
    'SELECT (SELECT count(*) FROM auth."user-sessions")::int AS ours, ' +
      "(SELECT count(*) FROM auth.user_sessions)::int AS second, " +
      '(SELECT count(*) FROM "user-sessions")::int AS third',
  );
  deepStrictEqual(left, { ours: 0, second: 89, third: 89 });
});

Deno.test("more rows than a batch, and rows without a key", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await using app = await tempDir();
  await database.query("CREATE TABLE sessions (session_id text)");
  await database.query("INSERT INTO sessions SELECT 's' || i FROM generate_series(1, 12345) i");
  const result = await runAzu(CLEAR, { cwd: app.path, env: { DATABASE_URL: database.url } });
  match(result.stdout, /Cleared 12345 session\(s\)\n✓/);
});

Deno.test("a table name is a name and never SQL", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await using app = await tempDir();
  const name = 'sessions"; DROP TABLE orders; --';
  await database.query("CREATE TABLE orders (id int)");
  await database.query(`CREATE TABLE "${name.replaceAll('"', '""')}" (session_id text)`);
  await database.query(`INSERT INTO "${name.replaceAll('"', '""')}" ${FILL}`);
  const table = `"${name.replaceAll('"', '""')}"`;
  await writeTree(app.path, { "azu.config.ts": configWith(table) });
  const result = await runAzu(CLEAR, { cwd: app.path, env: { DATABASE_URL: database.url } });
  match(result.stdout, /Cleared 89 session\(s\)\n✓/);
  deepStrictEqual(await database.query("SELECT * FROM orders"), []);
});

Deno.test("a missing table names itself and the migration", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await using app = await tempDir();
  const env = { DATABASE_URL: database.url };
  for (const mode of ["--force", "--dry-run"]) {
    const args = ["session:clear", "-b", "database", mode];
    const result = await runAzu(args, { cwd: app.path, env });
    strictEqual(result.code, 1);
    match(result.stderr, /^error: Table sessions does not exist in postgres/);
    match(result.stderr, /framework's own `azu db:migrate`/);
    doesNotMatch(result.stdout, /✓|Cleared/);
  }
});

Deno.test("rows that row-level security hides are an error", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await using app = await tempDir();
  const role = `app_${crypto.randomUUID().slice(0, 8)}`;
  await database.query("CREATE TABLE sessions (session_id text)");
  await database.query(`INSERT INTO sessions ${FILL}`);
  await database.query("ALTER TABLE sessions ENABLE ROW LEVEL SECURITY");
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
  await database.query(`GRANT ALL ON sessions TO ${role}`);
  try {
    const url = new URL(database.url);
    url.username = role;
    url.password = "pw";
    const env = { DATABASE_URL: url.href };
    const result = await runAzu(CLEAR, { cwd: app.path, env });
    strictEqual(result.code, 1);
    match(result.stderr, /Row-level security hides rows/);
    doesNotMatch(result.stdout, /✓|No sessions/);
  } finally {
    await database.query(`DROP OWNED BY ${role}`);
    await database.query(`DROP ROLE ${role}`);
  }
});

Deno.test(
  "rows of another table refer to sessions: an error without a session id",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    await using app = await tempDir();
    await database.query("CREATE TABLE sessions (session_id text PRIMARY KEY)");
    await database.query("CREATE TABLE logins (session_id text REFERENCES sessions)");
    await database.query("INSERT INTO sessions VALUES ('very-secret-id')");
    await database.query("INSERT INTO logins VALUES ('very-secret-id')");
    const result = await runAzu(CLEAR, { cwd: app.path, env: { DATABASE_URL: database.url } });
    strictEqual(result.code, 1);
    match(result.stderr, /Rows of another table refer to these sessions/);
    strictEqual((result.stdout + result.stderr).includes("very-secret-id"), false);
  },
);

Deno.test("sqlite: exactly the table's rows are removed", async () => {
  await using app = await tempDir();
  const rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) " +
    "SELECT 's' || i FROM n";
  sqlite(
    app.path,
    "app.db",
    'CREATE TABLE "user-sessions" (session_id text)',
    "CREATE TABLE sessions (session_id text)",
    `INSERT INTO "user-sessions" ${rows}`,
    `INSERT INTO sessions ${rows}`,
  );
  await writeTree(app.path, { "azu.config.ts": configWith("user-sessions") });
  const env = { DATABASE_URL: "sqlite3://./app.db" };
  const result = await runAzu(CLEAR, { cwd: app.path, env });
  match(result.stdout, /Cleared 12000 session\(s\)\n✓/);
  strictEqual(sqliteCount(app.path, "app.db", '"user-sessions"'), 0);
  strictEqual(sqliteCount(app.path, "app.db", "sessions"), 12_000);
});

Deno.test("sqlite: a table without rowid, and an empty one", async () => {
  await using app = await tempDir();
  sqlite(
    app.path,
    "app.db",
    "CREATE TABLE sessions (session_id text PRIMARY KEY) WITHOUT ROWID",
    "INSERT INTO sessions VALUES ('a'), ('b')",
  );
  const options = { cwd: app.path, env: { DATABASE_URL: "sqlite3://./app.db" } };
  match((await runAzu(CLEAR, options)).stdout, /Cleared 2 session\(s\)\n✓/);
  const again = await runAzu(CLEAR, options);
  match(again.stdout, /^No sessions found$/m);
  strictEqual(again.code, 0);
});

Deno.test("sqlite: a mistyped file is an error, and is not created", async () => {
  await using app = await tempDir();
  const env = { DATABASE_URL: "sqlite3://./no/such.db" };
  const result = await runAzu(CLEAR, { cwd: app.path, env });
  strictEqual(result.code, 1);
  match(result.stderr, /database file .*no\/such\.db does not exist/);
  deepStrictEqual(await Array.fromAsync(Deno.readDir(app.path)), []);
});

Deno.test("sqlite: a missing table names itself and the migration", async () => {
  await using app = await tempDir();
  sqlite(app.path, "app.db", "CREATE TABLE orders (id int)");
  const env = { DATABASE_URL: "sqlite3://./app.db" };
  const result = await runAzu(CLEAR, { cwd: app.path, env });
  strictEqual(result.code, 1);
  match(result.stderr, /^error: Table sessions does not exist in sqlite3:.*\n.*azu db:migrate/);
});

Deno.test("without a database URL: exit 2, naming DATABASE_URL and its shape", async () => {
  await using app = await tempDir();
  const result = await runAzu(CLEAR, { cwd: app.path });
  strictEqual(result.code, 2);
  match(result.stderr, /DATABASE_URL is not set/);
  match(result.stderr, /postgres:\/\/<user>:<password>@<host>.* or sqlite3:\/\//);
});

Deno.test(
  "a name that PostgreSQL would cut to another table's name is refused",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    await using app = await tempDir();
    const name = "s".repeat(63);
    await database.query(`CREATE TABLE ${name} (session_id text)`);
    await database.query(`INSERT INTO ${name} ${FILL}`);
    await writeTree(app.path, { "azu.config.ts": configWith(`${name}x`) });
    const result = await runAzu(CLEAR, { cwd: app.path, env: { DATABASE_URL: database.url } });
    strictEqual(result.code, 2);
    match(result.stderr, /has a name of 64 bytes: PostgreSQL cuts names after 63/);
    strictEqual((await database.query(`SELECT * FROM ${name}`)).length, 89);
  },
);
