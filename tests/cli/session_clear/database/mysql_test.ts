/** Creating and clearing a MySQL table, as a user sees it. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../../support/cli.ts";
import { freshMariadb } from "../../../support/servers/database.ts";
import { needs } from "../../../support/env.ts";
import { startMariadb } from "../../../support/servers/mariadb.ts";
import { tempDir, writeTree } from "../../../support/temp.ts";

const CLEAR = ["session:clear", "--backend", "database", "--force"];

Deno.test("mysql: --apply creates the table, clear empties it", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  await using app = await tempDir();
  await writeTree(app.path, {
    "shard.yml": "name: shop\nversion: 0.1.0\n",
    "azu.config.ts":
      'export default { session: { backends: { database: { table: "user-sessions" } } } };',
  });
  const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
  const setup = ["session:setup", "-b", "database", "--apply"];
  match((await runAzu(setup, options)).stdout, /^Created the table user-sessions in mysql:/m);
  match((await runAzu(setup, options)).stdout, /user-sessions .*already|Nothing to change/);
  await database.query(
    "INSERT INTO `user-sessions` (session_id, data, created_at, updated_at, expires_at) " +
      "SELECT CONCAT('s', seq), '', now(), now(), now() FROM seq_1_to_12345",
  );
  const address = database.url.replace(/(:\/\/[^:]*):[^@]*@/, "$1:***@");
  const result = await runAzu(CLEAR, options);
  strictEqual(
    result.decision,
    `Backend: database (selected by --backend), environment production (the default), target ${address} (from DATABASE_URL), table user-sessions`,
  );
  deepStrictEqual(result.stdout.split("\n"), [
    "Clearing sessions...",
    "Backend: database",
    "Clearing database sessions...",
    "Cleared 12345 session(s)",
    "✓ Sessions cleared successfully",
    "",
  ]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  match((await runAzu(CLEAR, options)).stdout, /^No sessions found$/m);
});

Deno.test("mysql: a server that cannot be reached, and wrong URLs", async () => {
  await using app = await tempDir();
  const refused = await runAzu(CLEAR, {
    cwd: app.path,
    env: { DATABASE_URL: "mysql://app:hunter2@127.0.0.1:1/app" },
  });
  strictEqual(refused.code, 1);
  match(refused.stderr, /^error: Cannot connect to the database: nothing listens there/);
  for (
    const [url, problem] of [
      ["mysql://app:hunter2@h", /without a database/],
      ["mysql://h/app", /without a user/],
      ["mysql://app:hunter2@h/app?ssl-mode=maybe", /expected ssl-mode to be disabled, preferred/],
      ["mysql://app:hun/ter2@h/app", /an "@" behind the host; write #/],
    ] as const
  ) {
    const { code, stdout, stderr } = await runAzu(CLEAR, {
      cwd: app.path,
      env: { DATABASE_URL: url },
    });
    strictEqual(code, 2, stderr);
    match(stderr, problem);
    doesNotMatch(stdout + stderr, /hunter2|hun\/ter2|Cleared|✓/);
  }
});

Deno.test("mysql: primary keys of many types", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  await using app = await tempDir();
  const keys: Record<string, string> = {
    float: "(0.1), (1.1), (2.5)",
    double: "(0.1), (0.30000000000000004), (1e300)",
    "bit(8)": "(b'1'), (b'100'), (b'11111111')",
    "enum('z', 'b', 'a')": "('z'), ('b'), ('a')",
    "set('z', 'b')": "('z'), ('b'), ('z,b')",
    "time(3)": "('-10:00:00.001'), ('11:00:00'), ('100:00:00')",
    inet6: "('::1'), ('fe80::1'), ('::')",
    "bigint unsigned": "(0), (18446744073709551615), (9007199254740993)",
    "int(5) unsigned zerofill": "(1), (20), (99999)",
    "decimal(30, 10)": "(0.1), (99999999999999999999.0000000001), (-1)",
    "varbinary(8)": "(''), (X'ff00'), (X'5c27')",
    "varchar(8) CHARACTER SET latin1": "(''), ('é'), ('\\\\''')",
    "datetime(6)": "('2020-01-01 00:00:00.123456'), ('2020-01-01'), ('9999-12-31')",
  };
  const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
  for (const [type, values] of Object.entries(keys)) {
    await database.query(`CREATE TABLE sessions (k ${type} PRIMARY KEY, expires_at datetime)`);
    await database.query(`INSERT INTO sessions (k) VALUES ${values}`);
    const { code, stdout } = await runAzu([...CLEAR, "--batch", "1"], options);
    strictEqual(code, 0, type);
    match(stdout, /^Cleared 3 session\(s\)\n✓/m, type);
    await database.query("DROP TABLE sessions");
  }
});

Deno.test(
  "mysql: a table without transactions, and with a slow trigger",
  needs("mariadb"),
  async () => {
    await using database = await freshMariadb();
    await using app = await tempDir();
    await database.query(
      "CREATE TABLE sessions (id int PRIMARY KEY, expires_at datetime) ENGINE = MyISAM",
    );
    await database.query("INSERT INTO sessions (id) SELECT seq FROM seq_1_to_250");
    await database.query(
      "CREATE TRIGGER slow BEFORE DELETE ON sessions FOR EACH ROW DO SLEEP(0.01)",
    );
    const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
    const { code, stdout } = await runAzu(CLEAR, options);
    match(stdout, /^Cleared 250 session\(s\)\n✓/m);
    strictEqual(code, 0);
  },
);

Deno.test("mysql: a server with another character set", needs("mariadb-server"), async () => {
  await using server = await startMariadb({ args: ["--character-set-server=gbk"] });
  await using database = await freshMariadb(server.url);
  await using app = await tempDir();
  await writeTree(app.path, { "shard.yml": "name: shop\nversion: 0.1.0\n" });
  const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
  const setup = ["session:setup", "-b", "database", "--apply", "--force"];
  match((await runAzu(setup, options)).stdout, /^Created the table sessions/m);
  await database.query(
    "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) " +
      "VALUES ('客', '{}', now(), now(), now())",
  );
  const { code, stdout } = await runAzu(CLEAR, options);
  match(stdout, /^Cleared 1 session\(s\)\n✓/m);
  strictEqual(code, 0);
});

Deno.test("mysql: a server with lower_case_table_names", needs("mariadb-server"), async () => {
  // azu must not depend on the server's rules for quotes.
  const modes = "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES";
  await using server = await startMariadb({ args: ["--lower-case-table-names=1", modes] });
  await using database = await freshMariadb(server.url);
  await using app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts":
      'export default { session: { backends: { database: { table: "Sessions" } } } };',
  });
  await database.query("CREATE TABLE sessions (id int PRIMARY KEY, expires_at datetime)");
  await database.query("CREATE TABLE o (s int, FOREIGN KEY (s) REFERENCES sessions (id))");
  await database.query("INSERT INTO sessions (id) VALUES (1), (2); INSERT INTO o VALUES (1)");
  const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
  const refused = await runAzu(CLEAR, options);
  strictEqual(refused.code, 1);
  match(refused.stderr, /Rows of another table refer to these sessions: \S+\.o /);
  match(
    refused.stderr,
    /^Nothing was cleared$/m,
  );
  await database.query("DELETE FROM o");
  match((await runAzu(CLEAR, options)).stdout, /^Cleared 2 session\(s\)\n✓/m);
});
