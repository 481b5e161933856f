/** Session ids that databases quote in what they say of an error: none is printed. */
import { doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../../support/cli.ts";
import {
  freshMariadb,
  freshPostgres,
  sqlite,
  type TestDatabase,
} from "../../../support/servers/database.ts";
import { needs } from "../../../support/env.ts";
import { tempDir } from "../../../support/temp.ts";

const ID = "SECRETSID-1";
const HIDDEN = "its text is not shown, as it may quote a row";

/** Clears in every way of output. */
async function assertHidden(url: string, folder: string, said: RegExp, what: string) {
  for (const mode of [["--force"], ["--force", "--json"], ["--force", "-q"]]) {
    const args = ["session:clear", "-b", "database", ...mode];
    const { code, stdout, stderr } = await runAzu(args, {
      cwd: folder,
      env: { DATABASE_URL: url },
    });
    strictEqual(code, 1, `${what}: ${stdout}${stderr}`);
    doesNotMatch(stdout + stderr, /SECRET/i, what);
    doesNotMatch(stdout, /✓/, what);
    match(stdout + stderr, said, what);
  }
}

const signal = (more: string) =>
  `SIGNAL SQLSTATE ${more}, MESSAGE_TEXT = 'Lock wait timeout exceeded for SECRETSID'`;

const MYSQL: Readonly<Record<string, [trigger: string, said: RegExp]>> = {
  "a duplicate": ["INSERT INTO log VALUES (OLD.session_id)", /ER_DUP_ENTRY \(1062\); its text/],
  "a value of another type": [
    "INSERT INTO numbers VALUES (OLD.session_id)",
    /reported an error \([^()]*ER_TRUNCATED_WRONG_VALUE_FOR_FIELD \(1366\); its text/,
  ],
  "a signal": [signal("'45000' SET MYSQL_ERRNO = 1062"), /: SQLSTATE 45000 \(1062\); its text/],
  "a signal that looks like a lock": [
    signal("'45000' SET MYSQL_ERRNO = 1205"),
    /reported an error \([^()]*SQLSTATE 45000 \(1205\); its text/,
  ],
  "another signal": [signal("'23000' SET MYSQL_ERRNO = 1062"), /ER_DUP_ENTRY \(1062\); its text/],
};

for (const [what, [trigger, said]] of Object.entries(MYSQL)) {
  Deno.test(`mysql: ${what} does not name a session`, needs("mariadb"), async () => {
    await using database = await freshMariadb();
    await using app = await tempDir();
    await database.query("CREATE TABLE sessions (session_id varchar(99) PRIMARY KEY)");
    await database.query("CREATE TABLE log (session_id varchar(99) PRIMARY KEY)");
    await database.query("CREATE TABLE numbers (n int)");
    for (const table of ["sessions", "log"]) {
      await database.query(`INSERT INTO ${table} VALUES ('${ID}')`);
    }
    await database.query(`CREATE TRIGGER t BEFORE DELETE ON sessions FOR EACH ROW ${trigger}`);
    await assertHidden(database.url, app.path, said, what);
  });
}

async function postgresSessions(): Promise<TestDatabase> {
  const database = await freshPostgres();
  await database.query("CREATE TABLE sessions (session_id text PRIMARY KEY)");
  await database.query(`INSERT INTO sessions VALUES ('${ID}')`);
  return database;
}

for (
  const [value, type, code] of [
    ["OLD.session_id", "int", "22P02"],
    ["quote_ident(OLD.session_id)", "regclass", "42P01"],
    ["quote_ident(OLD.session_id)", "regnamespace", "3F000"],
  ] as const
) {
  Deno.test(
    `postgres: a condition's ${code} does not name a session`,
    needs("postgres"),
    async () => {
      await using database = await postgresSessions();
      await using app = await tempDir();
      await database.query(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$",
      );
      await database.query(
        "CREATE TRIGGER t BEFORE DELETE ON sessions FOR EACH ROW " +
          `WHEN (${value}::${type} IS NOT NULL) EXECUTE FUNCTION f()`,
      );
      await assertHidden(database.url, app.path, new RegExp(`: ${code}; ${HIDDEN}`), code);
    },
  );
}

Deno.test(
  "postgres: who waits for a row is not told of the database's own code",
  needs("postgres"),
  async () => {
    await using database = await postgresSessions();
    await using app = await tempDir();
    await database.query("BEGIN; SELECT * FROM sessions FOR UPDATE");
    const args = ["session:clear", "-b", "database", "--force"];
    const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
    const { code, stderr } = await runAzu(args, options);
    await database.query("ROLLBACK");
    strictEqual(code, 1);
    match(stderr, /^error: The database was busy for too long \([^()]*: 55P03/m);
    doesNotMatch(stderr, /own code/);
  },
);

const SQLITE: Readonly<Record<string, [expression: string, said: RegExp]>> = {
  "what a trigger raises": [
    "RAISE(ABORT, 'database is locked: SECRET')",
    /: ERR_SQLITE_ERROR \(1811\); its text/,
  ],
  "a bad path": ["json_extract('{}', OLD.session_id)", /: ERR_SQLITE_ERROR \(1\); its text/],
  "bad JSON": [
    "json_extract(OLD.session_id, '$')",
    /The database reported an error \([^()]*: ERR_SQLITE_ERROR \(1\); its text/,
  ],
};

for (const [what, [expression, said]] of Object.entries(SQLITE)) {
  Deno.test(`sqlite: ${what} does not name a session`, async () => {
    await using app = await tempDir();
    sqlite(
      app.path,
      "a.db",
      "CREATE TABLE sessions (session_id text)",
      `INSERT INTO sessions VALUES ('${ID}')`,
      `CREATE TRIGGER t BEFORE DELETE ON sessions BEGIN SELECT ${expression}; END`,
    );
    await assertHidden("sqlite3://./a.db", app.path, said, what);
  });
}

Deno.test("sqlite: the name of what is missing is told", async () => {
  await using app = await tempDir();
  sqlite(
    app.path,
    "a.db",
    "CREATE TABLE sessions (session_id text)",
    "CREATE TRIGGER t BEFORE DELETE ON sessions BEGIN INSERT INTO log VALUES (1); END",
    `INSERT INTO sessions VALUES ('${ID}')`,
  );
  const args = ["session:clear", "-b", "database", "--force"];
  const { stderr } = await runAzu(args, {
    cwd: app.path,
    env: { DATABASE_URL: "sqlite3://./a.db" },
  });
  match(stderr, /no such table: main\.log/);
  doesNotMatch(stderr, /Table sessions does not exist/);
});

Deno.test(
  "mysql: a table that a trigger misses is not the sessions'",
  needs("mariadb"),
  async () => {
    await using database = await freshMariadb();
    await using app = await tempDir();
    await database.query("CREATE TABLE sessions (id int PRIMARY KEY, session_id int)");
    await database.query("INSERT INTO sessions (id) VALUES (1)");
    await database.query(
      "CREATE TRIGGER t BEFORE DELETE ON sessions FOR EACH ROW INSERT INTO log VALUES (1)",
    );
    const args = ["session:clear", "-b", "database", "--force"];
    const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
    const { stderr } = await runAzu(args, options);
    match(stderr, /ER_NO_SUCH_TABLE \(1146\); its text is not shown/);
    doesNotMatch(stderr, /Table sessions does not exist/);
  },
);
