/** What a clear of a database refuses, and what it does only if told to: truncating. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import type { ClearCounts, ClearOptions } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { createStatements } from "../../../src/backends/sql/ddl.ts";
import { AzuError, ExitCode } from "../../../src/core/errors.ts";
import {
  freshMariadb,
  freshPostgres,
  sqlite,
  type TestDatabase,
} from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { tempDir } from "../../support/temp.ts";
import { context } from "../subject.ts";

const { signal } = new AbortController();

async function clear(url: string, options: Partial<ClearOptions> = {}, root = "/") {
  const backend = bindBackend("database", { url }, { ...context, root });
  await using store = await backend.connect(signal);
  return await store.clear({ signal, onProgress() {}, ...options });
}

async function problem(clearing: Promise<number | ClearCounts>): Promise<AzuError> {
  const error = await clearing.then(() => undefined, (reason: unknown) => reason);
  if (error instanceof AzuError) return error;
  throw new Error("the clear did not fail", { cause: error });
}

async function postgresWith(rows: number): Promise<TestDatabase> {
  const database = await freshPostgres();
  for (const lines of createStatements("postgres", { name: "sessions" })) {
    await database.query(lines.join("\n"));
  }
  await database.query(
    "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) " +
      `SELECT 's' || i, '', now(), now(), now() FROM generate_series(1, ${rows}) AS i`,
  );
  return database;
}

async function left(database: TestDatabase): Promise<number> {
  return Number((await database.query("SELECT count(*) AS n FROM sessions"))[0]?.["n"]);
}

Deno.test("postgres: advises VACUUM after removing many rows", needs("postgres"), async () => {
  await using few = await postgresWith(9000);
  deepStrictEqual(await clear(few.url), { cleared: 9000, remaining: 0, arrived: 0 });
  await using many = await postgresWith(20_000);
  const counts = await clear(many.url);
  match(typeof counts === "number" ? "" : counts.advice ?? "", /20000 removed row.*VACUUM/);
});

Deno.test("postgres: --truncate counts the rows", needs("postgres"), async () => {
  await using database = await postgresWith(20_000);
  const told: number[] = [];
  const onProgress = (cleared: number) => told.push(cleared);
  const counts = await clear(database.url, { truncate: true, onProgress });
  deepStrictEqual(counts, { cleared: 20_000, remaining: 0, arrived: 0 });
  strictEqual(told.at(-1), 20_000);
  strictEqual(await left(database), 0);
});

Deno.test(
  "postgres: does not truncate a table that another one refers to",
  needs("postgres"),
  async () => {
    await using database = await postgresWith(3);
    await database.query("CREATE TABLE logins (sid bigint REFERENCES sessions)");
    const error = await problem(clear(database.url, { truncate: true }));
    match(error.message, /^Another table has a foreign key to the sessions.* 0A000/);
    match(error.hint ?? "", /^Run the command without --truncate$/);
    strictEqual(await left(database), 3);
  },
);

Deno.test(
  "postgres: truncating waits for others, but not without end",
  needs("postgres"),
  async () => {
    await using database = await postgresWith(3);
    await database.query("BEGIN; SELECT * FROM sessions");
    const error = await problem(clear(database.url, { truncate: true }));
    match(
      error.message,
      /^The database was busy for too long/,
    );
    await database.query("ROLLBACK");
    strictEqual(await left(database), 3);
  },
);

Deno.test("sqlite and MySQL cannot truncate", needs("mariadb"), async () => {
  await using app = await tempDir();
  sqlite(app.path, "a.db", "CREATE TABLE sessions (id integer)", "INSERT INTO sessions VALUES (1)");
  await using database = await freshMariadb();
  await database.query("CREATE TABLE sessions AS SELECT 1 AS id");
  for (const [url, root] of [["sqlite3://./a.db", app.path], [database.url, "/"]] as const) {
    strictEqual(bindBackend("database", { url }, context).capabilities.truncate, false);
    const error = await problem(clear(url, { truncate: true }, root));
    match(error.message, /cannot truncate/);
    strictEqual(error.exitCode, ExitCode.impossible);
    deepStrictEqual(await clear(url, {}, root), { cleared: 1, remaining: 0, arrived: 0 });
  }
});

Deno.test(
  "postgres: a user without the privilege, and a read-only one",
  needs("postgres"),
  async () => {
    await using database = await postgresWith(5);
    const role = `app_${crypto.randomUUID().slice(0, 8)}`;
    await database.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'pw'; GRANT SELECT ON sessions TO ${role}`,
    );
    try {
      const url = new URL(database.url);
      url.username = role;
      url.password = "pw";
      const forbidden = await problem(clear(url.href));
      match(
        forbidden.message,
        /^The database user lacks a privilege/,
      );
      match(forbidden.hint ?? "", /Grant SELECT and DELETE/);
      await database.query(`GRANT DELETE ON sessions TO ${role}`);
      await database.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
      match((await problem(clear(url.href))).message, /^The database is read-only/);
      strictEqual(await left(database), 5);
    } finally {
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  },
);

Deno.test(
  "mariadb: a user without the privilege, and a wrong password",
  needs("mariadb"),
  async () => {
    await using database = await freshMariadb();
    await database.query("CREATE TABLE sessions (id bigint PRIMARY KEY) ENGINE = InnoDB");
    await database.query("INSERT INTO sessions VALUES (1), (2)");
    const role = `app_${crypto.randomUUID().slice(0, 8)}`;
    await database.query(`CREATE USER ${role} IDENTIFIED BY 'pw'`);
    await database.query(`GRANT SELECT ON sessions TO ${role}`);
    try {
      const url = new URL(database.url);
      url.username = role;
      url.password = "pw";
      const forbidden = await problem(clear(url.href));
      match(
        forbidden.message,
        /^The database user lacks a privilege/,
      );
      await database.query(`GRANT DELETE ON sessions TO ${role}`);
      deepStrictEqual(await clear(url.href), { cleared: 2, remaining: 0, arrived: 0 });
      url.password = "wrong";
      const refused = await problem(clear(url.href));
      match(refused.message, /^The database refused the user or password/);
      ok(!refused.message.includes("wrong"));
    } finally {
      await database.query(`DROP USER ${role}`);
    }
  },
);

Deno.test(
  "postgres: refuses whatever is not a table, and says what it is",
  needs("postgres"),
  async () => {
    const kinds = [
      ["a view", "CREATE VIEW sessions AS SELECT 1 AS id", "DROP VIEW sessions"],
      [
        "a materialized view",
        "CREATE MATERIALIZED VIEW sessions AS SELECT 1 AS id",
        "DROP MATERIALIZED VIEW sessions",
      ],
      [
        "a foreign table",
        "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; " +
        "CREATE FOREIGN TABLE sessions (id int) SERVER files OPTIONS (filename '/dev/null')",
        "DROP FOREIGN TABLE sessions",
      ],
      ["something else", "CREATE SEQUENCE sessions", "DROP SEQUENCE sessions"],
    ] as const;
    await using database = await freshPostgres();
    for (const [kind, create, drop] of kinds) {
      await database.query(create);
      const { message } = await problem(clear(database.url));
      match(message, new RegExp(`^sessions is ${kind}, not a table`));
      await database.query(drop);
    }
  },
);

Deno.test(
  "mariadb: refuses a view, a missing table, a missing database",
  needs("mariadb"),
  async () => {
    await using database = await freshMariadb();
    match((await problem(clear(database.url))).message, /^Table sessions does not exist in mysql:/);
    await database.query("CREATE TABLE sässions AS SELECT 1 AS id");
    match((await problem(clear(database.url))).message, /^Table sessions does not exist/);
    await database.query("CREATE VIEW sessions AS SELECT * FROM sässions");
    match((await problem(clear(database.url))).message, /^sessions is a view, not a table/);
    const url = new URL(database.url);
    url.pathname = "/no_such_database";
    match((await problem(clear(url.href))).message, /^The database does not exist on this server/);
  },
);

Deno.test("sqlite: another process writes during a clear, in each journal mode", async () => {
  for (const journal of ["wal", "delete"]) {
    await using app = await tempDir();
    sqlite(
      app.path,
      "a.db",
      `PRAGMA journal_mode = ${journal}`,
      ...createStatements("sqlite", { name: "sessions" }).map((lines) => lines.join("\n")),
      "INSERT INTO sessions WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n " +
        "WHERE i < 20000) SELECT i, 's' || i, x'', 0, 0, 0, 0 FROM n",
    );
    await using writer = spawnWriter(`${app.path}/a.db`);
    await writer.ready;
    const counts = await clear("sqlite3://./a.db", { budget: { batch: 500, pause: 5 } }, app.path);
    const { cleared, remaining, arrived } = typeof counts === "number"
      ? { cleared: counts, remaining: 0, arrived: 0 }
      : counts;
    ok(cleared >= 20_000 && arrived > 0, `${cleared} cleared, ${arrived} arrived`);
    strictEqual(remaining, 0);
  }
});

/** A process that writes one session after the other. */
function spawnWriter(path: string): AsyncDisposable & { readonly ready: Promise<void> } {
  const code = `import { DatabaseSync } from "node:sqlite";
    const db = new DatabaseSync(${JSON.stringify(path)});
    db.exec("PRAGMA busy_timeout = 5000");
    const put = db.prepare("INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) VALUES (?, x'', 0, 0, 0)");
    for (let i = 0;; i++) {
      put.run("new" + i);
      if (i === 5) console.log("ready");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", code],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  return {
    ready: reader.read().then(() => {}),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

Deno.test("an aborted signal truncates nothing", needs("postgres"), async () => {
  await using database = await postgresWith(3);
  const backend = bindBackend("database", { url: database.url }, context);
  await using store = await backend.connect(signal);
  const aborted = AbortSignal.abort(new Error("no"));
  await rejects(store.clear({ signal: aborted, truncate: true, onProgress() {} }), /no/);
  strictEqual(await left(database), 3);
});

Deno.test(
  "mariadb: what a trigger signals is hidden, whatever its number",
  needs("mariadb"),
  async () => {
    await using database = await freshMariadb();
    await database.query("CREATE TABLE sessions (id varchar(40) PRIMARY KEY, data text)");
    await database.query("INSERT INTO sessions VALUES ('SIDSECRET', 'payload')");
    for (
      const [state, number] of [["42000", 1205], ["HY000", 1142], ["HY000", 1114], ["42000", 1045]]
    ) {
      await database.query(
        "CREATE OR REPLACE TRIGGER k BEFORE DELETE ON sessions FOR EACH ROW BEGIN " +
          "DECLARE m varchar(99); SET m = CONCAT(OLD.id, ' ', OLD.data); " +
          `SIGNAL SQLSTATE '${state}' SET MESSAGE_TEXT = m, MYSQL_ERRNO = ${number}; END`,
      );
      const { message } = await problem(clear(database.url));
      match(message, /its text is not shown/);
      strictEqual(/SIDSECRET|payload/.test(message), false, message);
    }
  },
);

Deno.test("mariadb: a MERGE table, whose rows are those of others", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  await database.query("CREATE TABLE other (id int NOT NULL PRIMARY KEY) ENGINE = MyISAM");
  await database.query("INSERT INTO other VALUES (1)");
  await database.query(
    "CREATE TABLE sessions (id int NOT NULL PRIMARY KEY) ENGINE = MERGE UNION = (other) INSERT_METHOD = LAST",
  );
  match(
    (await problem(clear(database.url))).message,
    /is a table of the engine MRG_MyISAM, whose rows/,
  );
  strictEqual((await database.query("SELECT * FROM other")).length, 1);
});

Deno.test("postgres: a partition that is a foreign table", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await database.query(
    `CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER away FOREIGN DATA WRAPPER nothing;
    CREATE TABLE sessions (id text) PARTITION BY LIST (id);
    CREATE FOREIGN TABLE remote PARTITION OF sessions FOR VALUES IN ('a') SERVER away`,
  );
  match((await problem(clear(database.url))).message, /^The partition remote is a foreign table/);
});
