/** `session:setup --apply` on a table that an earlier version of azu created. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { ownTemplates } from "../../../src/app/crystal_templates.ts";
import { renderMigration } from "../../../src/app/render_templates.ts";
import { createStatements, dropStatement, type Engine } from "../../../src/backends/sql/ddl.ts";
import { app as appOn } from "../../backends/sql/app.ts";
import { CONNECT } from "../../backends/sql/places.ts";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { needs, type ServiceName } from "../../support/env.ts";
import { readTree, tempDir, writeTree } from "../../support/temp.ts";

const SERVICES: Record<Engine, readonly ServiceName[]> = {
  postgres: ["postgres"],
  mysql: ["mariadb"],
  sqlite: [],
};

const TABLE = { name: "sessions" };
const OLD_MIGRATION = "src/db/migrations/20250101000000_create_sessions.cr";
const RECORDING =
  "export default { session: { backend: 'database', record: { ip: true, userAgent: true } } };";

/** An app and its table, with one session, as an earlier version left them. */
async function earlier(engine: Engine) {
  await using making = new AsyncDisposableStack();
  const database = making.use(await CONNECT[engine]());
  const folder = making.use(await tempDir());
  const up = createStatements(engine, TABLE, []);
  for (const lines of up) await database.query(lines.join("\n"));
  const [user, ip, userAgent] = ["42", "2001:db8::1", "Lynx"];
  const session = { createdAt: 0, visitedAt: 0, expiresAt: Date.now() + 3_600_000 };
  await appOn(engine, database.query, "sessions", undefined).selectable.save([
    { id: "first", user, ip, userAgent, ...session },
  ]);
  const migration = renderMigration({
    timestamp: "20250101000000",
    usual: { up, down: [dropStatement(engine, TABLE)] },
    environments: new Map(),
  }, ownTemplates);
  await writeTree(folder.path, { "shard.yml": "name: shop\n", [OLD_MIGRATION]: migration });
  const { root = "" } = database;
  const options = {
    cwd: folder.path,
    env: { DATABASE_URL: database.url.replace("sqlite3://.", `sqlite3://${root}`) },
  };
  const made = making.move();
  return {
    query: database.query,
    path: folder.path,
    files: () => readTree(folder.path),
    azu: (...args: string[]) => runAzu([...args, "-b", "database"], options),
    atTerminal: (type: string) => {
      return runAzuOnTerminal(["session:setup", "--apply", "-b", "database"], {
        ...options,
        env: { ...options.env, NO_COLOR: "1" },
        answer: [{ waitFor: /to the table\? \[y\/N\]: /, type }],
      });
    },
    /** Which of these columns the table has. */
    async has(...columns: string[]) {
      const found = [];
      for (const column of columns) {
        try {
          await database.query(`SELECT ${column} FROM sessions WHERE 1 = 0`);
          found.push(column);
        } catch {
          // It does not exist.
        }
      }
      return found;
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}

const COLUMNS = ["user_id", "ip", "user_agent"];

/** The names of migrations without their times. */
function migrationsIn(files: Record<string, string>): string[] {
  return Object.keys(files).flatMap((path) => /migrations\/\d+_(\w+)\.cr$/.exec(path)?.[1] ?? [])
    .sort();
}

for (const engine of ["postgres", "mysql", "sqlite"] as const) {
  Deno.test(
    `${engine}: --apply adds to an old table what it lacks, if that is agreed to`,
    needs(...SERVICES[engine], "script"),
    async () => {
      await using app = await earlier(engine);
      const before = await app.files();
      const slow = await app.azu("session:list", "--user", "42", "--json");
      strictEqual(JSON.parse(slow.stdout).sessions.length, 1);
      match(slow.stderr, /^The table sessions has no column user_id, so azu reads the payloads/);

      const refused = await app.azu("session:setup", "--apply");
      strictEqual(refused.code, 1);
      match(refused.stderr, /lacks the column user_id:\n {2}ALTER TABLE .*ADD COLUMN/);
      match(refused.stderr, /error: The table lacks the column user_id; nothing was changed\n/);
      match(refused.stderr, /Pass --yes/);
      const inJson = await app.azu("session:setup", "--apply", "--json");
      const { outcome, exitCode, tableLacks } = JSON.parse(inJson.stdout);
      deepStrictEqual([outcome, exitCode, tableLacks], ["conflict", 1, ["the column user_id"]]);
      const declined = await app.atTerminal("n\n");
      strictEqual(declined.code, 0, declined.output);
      match(declined.output, /Nothing was written/);
      strictEqual((await app.atTerminal("\x03")).code, 130);
      deepStrictEqual([await app.has(...COLUMNS), await app.files()], [[], before]);

      const done = await app.atTerminal("y\n");
      strictEqual(done.code, 0, done.output);
      match(done.output, /Changed the table sessions in .*\n[^]*✓ Sessions are set up/);
      deepStrictEqual(await app.has(...COLUMNS), ["user_id"]);
      const files = await app.files();
      strictEqual(files[OLD_MIGRATION], before[OLD_MIGRATION]);
      deepStrictEqual(migrationsIn(files), ["add_user_id_to_sessions", "create_sessions"]);
      const again = await app.azu("session:setup", "--apply", "--json");
      const { table, tableChanges, ...rest } = JSON.parse(again.stdout);
      deepStrictEqual([table, rest.outcome, tableChanges], ["present", "unchanged", []]);

      // The session of before has no value in the column.
      const found = await app.azu("session:list", "--user", "42", "--json");
      strictEqual(JSON.parse(found.stdout).sessions.length, 1);
      doesNotMatch(found.stderr, /slower/);

      await writeTree(app.path, { "azu.config.ts": RECORDING });
      const more = await app.azu("session:setup", "--apply", "--yes", "--force");
      strictEqual(more.code, 0, more.stderr);
      deepStrictEqual(await app.has(...COLUMNS), COLUMNS);
      deepStrictEqual(migrationsIn(await app.files()), [
        "add_ip_to_sessions",
        "add_user_agent_to_sessions",
        "add_user_id_to_sessions",
        "create_sessions",
      ]);
      const revoked = await app.azu("session:revoke", "--user", "42", "--force");
      match(revoked.stdout, /^Revoked 1 session\(s\)\n✓ /m);
    },
  );
}

Deno.test("a column of another type is refused, and nothing is changed", async () => {
  await using app = await earlier("sqlite");
  await app.query("ALTER TABLE sessions ADD COLUMN user_id bigint");
  const config = "export default { session: { user: { type: 'uuid' } } };";
  await writeTree(app.path, { "azu.config.ts": config });
  const before = await app.files();
  const { code, stderr } = await app.azu("session:setup", "--apply", "--yes");
  strictEqual(code, 1);
  match(stderr, /The column user_id of the table sessions has the type bigint, but the app writes/);
  deepStrictEqual(await app.files(), before);
});

Deno.test(
  "postgres: an index that was not finished is built again",
  needs("postgres"),
  async () => {
    await using app = await earlier("postgres");
    await app.query("ALTER TABLE sessions ADD COLUMN user_id bigint");
    await app.query(
      "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at, user_id) " +
        "SELECT i, '', now(), now(), now(), 1 FROM generate_series(1, 2) AS i",
    );
    // It fails because the values are not unique, and leaves an index that is not used.
    await app.query("CREATE UNIQUE INDEX CONCURRENTLY sessions_user_id_idx ON sessions (user_id)")
      .then(() => ok(false), () => {});
    const { code, stderr } = await app.azu("session:setup", "--apply", "--yes");
    strictEqual(code, 0, stderr);
    match(stderr, /lacks an index on user_id:\n {2}DROP INDEX CONCURRENTLY /);
    const indexes = await app.query(
      "SELECT indisvalid, indisunique FROM pg_index " +
        "WHERE indexrelid = 'sessions_user_id_idx'::regclass",
    );
    deepStrictEqual(indexes, [{ indisvalid: true, indisunique: false }]);
  },
);

Deno.test(
  "postgres: a table that another transaction uses is not waited for without end",
  needs("postgres"),
  async () => {
    await using app = await earlier("postgres");
    await app.query("BEGIN");
    await app.query("SELECT count(*) FROM sessions");
    const { code, stderr } = await app.azu("session:setup", "--apply", "--yes");
    strictEqual(code, 1);
    match(stderr, /the files were written, but the table was not changed/);
    await app.query("COMMIT");
    strictEqual((await app.azu("session:setup", "--apply", "--yes")).code, 0);
    deepStrictEqual(await app.has("user_id"), ["user_id"]);
  },
);
