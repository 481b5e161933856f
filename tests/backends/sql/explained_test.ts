/** The messages of failures name the real cause. */
import { doesNotMatch, match, rejects, strictEqual } from "node:assert/strict";
import { createConnection } from "mysql2/promise";
import { endMysql } from "../../../src/backends/mysql/connection.ts";
import type { ClearCounts } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { AzuError } from "../../../src/core/errors.ts";
import {
  changedUrl,
  freshMariadb,
  freshPostgres,
  sqlite,
  type TestDatabase,
} from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { pollUntil } from "../../support/poll.ts";
import { startMariadb } from "../../support/servers/mariadb.ts";
import { startPostgres } from "../../support/servers/postgres.ts";
import { tempDir } from "../../support/temp.ts";
import { context } from "../subject.ts";

const { signal } = new AbortController();

/** Clears row by row, and does something when the first one is gone. */
async function clear(
  url: string,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
  { root = "/", timeout = 5000 } = {},
): Promise<{ counts: number | ClearCounts } | { error: AzuError }> {
  let happening: Promise<unknown> | undefined;
  const onProgress = (cleared: number) => {
    if (cleared > 0) happening ??= meanwhile();
  };
  try {
    const backend = bindBackend("database", { url }, { ...context, root });
    await using store = await backend.connect(signal, { timeout });
    return { counts: await store.clear({ signal, budget: { batch: 1, pause: 50 }, onProgress }) };
  } catch (error) {
    if (error instanceof AzuError) return { error };
    throw error;
  } finally {
    await happening;
  }
}

async function problem(...args: Parameters<typeof clear>): Promise<AzuError> {
  const result = await clear(...args);
  if ("error" in result) return result.error;
  throw new Error(`cleared: ${JSON.stringify(result.counts)}`);
}

/** What `--apply` says if it fails. */
async function applyProblem(url: string, table = "sessions", root = "/"): Promise<AzuError> {
  const backend = bindBackend("database", { url, table }, { ...context, root });
  try {
    await using store = await backend.connect(signal, { purpose: "create" });
    throw new Error(`no failure: ${await store.createTable?.(signal)}`);
  } catch (error) {
    if (error instanceof AzuError) return error;
    throw error;
  }
}

function says({ message, hint = "" }: AzuError, problem: RegExp, advice: RegExp): void {
  match(message, problem);
  match(hint, advice, message);
}

async function fill(database: TestDatabase): Promise<TestDatabase> {
  await database.query("CREATE TABLE sessions (id int PRIMARY KEY)");
  const rows = Array.from({ length: 100 }, (_, i) => `(${i})`).join();
  await database.query(`INSERT INTO sessions VALUES ${rows}`);
  return database;
}

Deno.test(
  "mysql: a Unix socket, and a missing one",
  needs("mariadb-server"),
  async () => {
    await using server = await startMariadb();
    await using database = await fill(await freshMariadb(server.url));
    await using folder = await tempDir();
    const url = new URL(database.url);
    for (const path of [`${folder.path}/none`, folder.path]) {
      match(
        (await problem(socketUrl(url, path))).message,
        /^Cannot connect to the database: nothing listens/,
      );
    }
    const result = await clear(socketUrl(url, `${server.dir}/socket`));
    strictEqual("counts" in result, true, JSON.stringify(result));
  },
);

/** The URL of the same database, by the server's socket. */
function socketUrl({ username, password, pathname }: URL, socket: string): string {
  return `mysql://${username}:${password}@${socket}?database=${pathname.slice(1)}`;
}

Deno.test("mysql: someone cancels a statement", needs("mariadb"), async () => {
  await using database = await fill(await freshMariadb());
  await database.query(
    "CREATE TRIGGER slow BEFORE DELETE ON sessions FOR EACH ROW " +
      "IF OLD.id = 50 THEN KILL QUERY CONNECTION_ID(); DO SLEEP(1); END IF",
  );
  const { message, hint } = await problem(database.url);
  match(message, /^A statement was cancelled, or took too long .*ER_QUERY_INTERRUPTED/);
  match(hint ?? "", /safe to repeat/);
});

Deno.test("postgres: someone cancels a statement", needs("postgres"), async () => {
  await using database = await fill(await freshPostgres());
  await database.query(
    "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS " +
      "'BEGIN PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN OLD; END'",
  );
  await database.query(
    "CREATE TRIGGER slow BEFORE DELETE ON sessions FOR EACH ROW WHEN (OLD.id = 50) " +
      "EXECUTE FUNCTION slow()",
  );
  const { message, hint } = await problem(database.url);
  match(message, /^A statement was cancelled, or took too long/);
  doesNotMatch(message + hint, /lock/);
  match(hint ?? "", /safe to repeat/);
});

Deno.test("postgres: the table is dropped during a clear", needs("postgres"), async () => {
  await using database = await fill(await freshPostgres());
  await database.query("INSERT INTO sessions SELECT generate_series(100, 5000)");
  const { message } = await problem(database.url, () => database.query("DROP TABLE sessions"));
  match(message, /^The table does not exist /);
});

Deno.test("mysql: the table is dropped during a clear", needs("mariadb"), async () => {
  await using database = await fill(await freshMariadb());
  const { message } = await problem(database.url, () => database.query("DROP TABLE sessions"));
  match(message, /^Table sessions does not exist/);
});

/** The URL of a role that these statements make on a PostgreSQL database; `APP_ROLE` is its name. */
async function asRole(
  { url, query }: TestDatabase,
  statements: string,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const role = `app_${crypto.randomUUID().slice(0, 8)}`;
  await query(
    `CREATE ROLE ${role} LOGIN PASSWORD 'pw'; ${statements.replaceAll("APP_ROLE", role)}`,
  );
  const own = new URL(url);
  [own.username, own.password] = [role, "pw"];
  try {
    await work(own.href);
  } finally {
    await query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}`);
    await query(`DROP ROLE ${role}`);
  }
}

Deno.test("postgres: a schema that the user may not use", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await database.query("CREATE SCHEMA web; CREATE TABLE web.sessions (id int PRIMARY KEY)");
  await asRole(database, "GRANT ALL ON web.sessions TO APP_ROLE", async (url) => {
    const options = { url, table: "web.sessions" };
    const error = await (async () => {
      await using store = await bindBackend("database", options, context).connect(signal);
      await store.clear({ signal, onProgress() {} });
    })().catch((reason: unknown) => reason);
    if (!(error instanceof AzuError)) throw error;
    says(
      error,
      /^The database user may not use the schema of the table .*42501/,
      /^Grant this user USAGE on the schema/,
    );
    says(
      await applyProblem(url, "public.sessions"),
      /^The database user may not use the schema of the table .*42501/,
      /to create the table, CREATE on the schema$/,
    );
  });
});

Deno.test("postgres: forced row-level security, as the owner", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await database.query(
    "CREATE TABLE sessions (id int PRIMARY KEY); INSERT INTO sessions VALUES (1)",
  );
  const forced =
    "ALTER TABLE sessions OWNER TO APP_ROLE; ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;" +
    "ALTER TABLE sessions FORCE ROW LEVEL SECURITY";
  await asRole(database, forced, async (url) => {
    const { message, hint } = await problem(url);
    match(message, /^Row-level security hides rows of the table from this user/);
    match(hint ?? "", /^Connect as a superuser or a user with BYPASSRLS\./);
  });
});

Deno.test("postgres: a table that is published without a replica identity", {
  ...needs("postgres"),
}, async () => {
  await using database = await freshPostgres();
  await database.query("CREATE TABLE sessions (id int); INSERT INTO sessions VALUES (1)");
  await database.query("CREATE PUBLICATION sessions_of_azu FOR TABLE sessions");
  const { message, hint } = await problem(database.url);
  match(message, /^The table is published without a replica identity/);
  match(hint ?? "", /REPLICA IDENTITY FULL/);
  await database.query("DROP PUBLICATION sessions_of_azu");
});

Deno.test(
  "each engine has its own advice for a read-only database",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    await database.query(
      "CREATE TABLE sessions (id int PRIMARY KEY); INSERT INTO sessions VALUES (1)",
    );
    const readOnly =
      "GRANT ALL ON sessions TO APP_ROLE; ALTER ROLE APP_ROLE SET default_transaction_read_only = on";
    await asRole(database, readOnly, async (url) => {
      match(
        (await problem(url)).hint ?? "",
        /^Use the URL of the primary, or check default_transaction/,
      );
    });
  },
);

Deno.test("tls that the server does not support: the advice is not to require it", {
  ...needs("postgres"),
}, async () => {
  await using database = await freshPostgres();
  const { message, hint } = await problem(`${database.url}?sslmode=require`);
  match(message, /^The database does not support TLS, which the URL requires/);
  match(hint ?? "", /set \?sslmode=disable$/);
});

/** Failures to connect that are the same for both drivers. */
const UNREACHABLE = [
  [{ port: "1" }, /nothing listens there .*ECONNREFUSED/, /^Check the server, and DATABASE_URL/],
  [
    { hostname: "no-such-host.invalid" },
    /^Cannot connect to the database: the host name is unknown .*(?:ENOTFOUND|EAI_AGAIN)/,
    /^Check the host in DATABASE_URL/,
  ],
  [
    { hostname: "255.255.255.255" }, // no host has it
    /^Cannot connect to the database: the host cannot be reached .*E(?:NET|HOST)UNREACH/,
    /^Check the host in DATABASE_URL .*, and the network$/,
  ],
] as const;

Deno.test("postgres: why it cannot be connected to", needs("postgres-server"), async () => {
  await using server = await startPostgres({
    hba:
      "host all outsider all reject\nhost all plain all password\nhost all stranger all trust\n" +
      "host all all all scram-sha-256\n",
  });
  const database = await freshPostgres(server.url);
  const name = new URL(database.url).pathname.slice(1);
  for (const role of ["app", "plain", "busy CONNECTION LIMIT 0"]) {
    await database.query(`CREATE ROLE ${role.replace(/ |$/, " LOGIN PASSWORD 'secret' ")}`);
  }
  const app = { username: "app", password: "secret" };
  for (
    const [parts, problems, advice] of [
      ...UNREACHABLE,
      [{ ...app, password: "" }, /^The database requires a password.* SASL/, /reads no \.pgpass$/],
      [
        { username: "plain", password: "" },
        /^The database requires a password, and the URL has none .* 28P01/,
        /^Add it to the URL, percent-encoded\. azu reads no \.pgpass$/,
      ],
      [
        { ...app, password: "wrong" },
        /^The database refused the user or password .* 28P01/,
        /must be percent-encoded$/,
      ],
      [
        { username: "stranger", password: "secret" },
        /^The database refused the user or password .* 28000/,
        /^Check the credentials in the URL/,
      ],
      [
        { username: "outsider", password: "secret" },
        /^The database accepts no connections without TLS from here .* 28000/,
        /sslmode=require .* pg_hba\.conf lacks a line for this host/,
      ],
      [
        { username: "busy", password: "secret" },
        /^The database has reached its connection limit .* 53300/,
        /^Wait, or close other connections/,
      ],
      [
        { pathname: "/nowhere" },
        /^The database does not exist on this server .* 3D000/,
        /^Check the name after the last \/ of the URL, or create/,
      ],
    ] as const
  ) says(await problem(changedUrl(database.url, parts)), problems, advice);
  await database.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
  says(
    await problem(changedUrl(database.url, app)),
    /^The database user may not connect to the database .* 42501/,
    /^Grant this user CONNECT on the database/,
  );

  Deno.kill(server.pid, "SIGSTOP");
  const hung = await problem(database.url, undefined, { timeout: 300 });
  Deno.kill(server.pid, "SIGCONT");
  says(hung, /^The database did not answer in time .*timeout expired/, /server's load$/);

  Deno.kill(server.pid, "SIGTERM"); // it waits until its last client has gone
  await pollUntil("the server to refuse clients", async () => {
    return / 57P03 /.test((await problem(database.url)).message);
  });
  says(await problem(database.url), /^The connection to the database was lost/, /server is up/);
  await rejects(async () => await database[Symbol.asyncDispose]());
});

Deno.test("mariadb: why it cannot be connected to", needs("mariadb-server"), async () => {
  const args = ["--plugin-load-add=auth_ed25519", "--max-connections=10"];
  await using server = await startMariadb({ args });
  await using database = await freshMariadb(server.url);
  for (
    const account of [
      "app IDENTIFIED BY 'secret'",
      "busy IDENTIFIED BY 'secret' WITH MAX_USER_CONNECTIONS 1",
      "modern IDENTIFIED VIA ed25519 USING PASSWORD('secret')",
      "encrypted IDENTIFIED BY 'secret' REQUIRE SSL",
    ]
  ) await database.query(`CREATE USER ${account}`);
  const app = { username: "app", password: "secret" };
  const busy = await createConnection({
    uri: changedUrl(server.url, { ...app, username: "busy", pathname: "" }),
  });
  for (
    const [parts, problems, advice] of [
      ...UNREACHABLE,
      [
        { ...app, password: "" },
        /^The database requires a password.* ER_ACCESS_DENIED_ERROR/,
        /^Add it to the URL, percent-encoded$/,
      ],
      [
        { ...app, username: "encrypted" },
        /^The database refused the user or password .* ER_ACCESS_DENIED_ERROR/,
        /The account may also require TLS or a client certificate$/,
      ],
      [app, /^The database user lacks a privilege .* ER_DBACCESS_DENIED_ERROR/, /^Grant SELECT/],
      [
        { pathname: "/nowhere" },
        /^The database does not exist on this server .* ER_BAD_DB_ERROR/,
        /^Check the name after the last \/ of the URL, and the one before the table's name/,
      ],
      [
        { search: "?ssl-mode=required" },
        /^The database does not support TLS, which the URL requires .*NO_SSL_SUPPORT/,
        /set \?ssl-mode=disabled$/,
      ],
      [
        { ...app, username: "busy", pathname: "/information_schema" },
        /^The database has reached its connection limit .* ER_USER_LIMIT_REACHED/,
        /^Wait, or close other connections/,
      ],
      [
        { ...app, username: "modern" },
        /^The account logs in with a plugin that azu does not have/,
        /caching_sha2_password or mysql_native_password/,
      ],
    ] as const
  ) {
    const error = await problem(changedUrl(database.url, parts));
    says(error, problems, advice);
    doesNotMatch(error.message, /TODO/);
  }
  await endMysql(busy);

  const others = [];
  for (let free = 9; free > 0; free--) {
    others.push(await createConnection({ uri: changedUrl(server.url, { ...app, pathname: "" }) }));
  }
  says(
    await problem(changedUrl(database.url, app)),
    /^The database has reached its connection limit .* ER_CON_COUNT_ERROR/,
    /^Wait, or close other connections/,
  );
  for (const other of others) await endMysql(other);

  says(
    await applyProblem(database.url, "nowhere.sessions"),
    /^The database does not exist on this server .* ER_BAD_DB_ERROR/,
    /and the one before the table's name/,
  );
  await database.query("SET GLOBAL innodb_default_row_format = compact");
  const tooLong = await applyProblem(database.url);
  says(
    tooLong,
    /allows no index on a session id of 255 characters .*ER_INDEX_COLUMN_TOO_LONG/,
    /innodb_default_row_format = dynamic/,
  );
  doesNotMatch(tooLong.message, /not shown/);
});

for (
  const [engine, needed, fresh, trigger, code] of [
    [
      "postgres",
      needs("postgres"),
      freshPostgres,
      "CREATE FUNCTION refer() RETURNS trigger LANGUAGE plpgsql AS " +
      "'BEGIN INSERT INTO carts VALUES (OLD.id); RETURN OLD; END'; " +
      "CREATE TRIGGER refer BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION refer()",
      "23503",
    ],
    [
      "mysql",
      needs("mariadb"),
      freshMariadb,
      "CREATE TRIGGER refer BEFORE DELETE ON sessions FOR EACH ROW INSERT INTO carts VALUES (OLD.id)",
      "ER_ROW_IS_REFERENCED_2",
    ],
  ] as const
) {
  Deno.test(`${engine}: a row refers to a session during the clear`, needed, async () => {
    await using database = await fill(await fresh());
    await database.query("CREATE TABLE carts (s int, FOREIGN KEY (s) REFERENCES sessions (id))");
    await database.query(trigger);
    says(
      await problem(database.url),
      new RegExp(`^Rows of another table refer to these sessions .* ${code}`),
      /^Remove or detach those rows first/,
    );
  });
}

Deno.test(
  "each engine: --apply where the table lacks a column",
  needs("postgres", "mariadb"),
  async () => {
    await using folder = await tempDir();
    sqlite(folder.path, "a.db", "CREATE TABLE sessions (id int PRIMARY KEY)");
    await using postgres = await fill(await freshPostgres());
    await using mariadb = await fill(await freshMariadb());
    for (
      const [url, text] of [
        [postgres.url, "42703 column"],
        [mariadb.url, "ER_BAD_FIELD_ERROR"],
        ["sqlite3://./a.db", ".*no such column: session_id"],
      ] as const
    ) {
      says(
        await applyProblem(url, "sessions", folder.path),
        new RegExp(`lacks a column that sessions need .*table sessions: ${text}`),
        /^Choose another table .*, or migrate this one$/,
      );
    }
  },
);

Deno.test("mysql: the server's limit for a statement", needs("mariadb"), async () => {
  await using database = await fill(await freshMariadb());
  // The server itself would raise it after a minute.
  await database.query(
    "CREATE TRIGGER slow BEFORE DELETE ON sessions FOR EACH ROW " +
      "IF OLD.id = 50 THEN SIGNAL SQLSTATE '70100' SET MYSQL_ERRNO = 1969; END IF",
  );
  says(
    await problem(database.url),
    /^A statement was cancelled, or took too long .* ER_STATEMENT_TIMEOUT/,
    /safe to repeat$/,
  );
});

/** Another client that a clear of row 5 waits for, and that waits for the clear. */
async function deadlock(
  { url, query }: TestDatabase,
  isInTrigger: string,
  code: RegExp,
): Promise<void> {
  await query("BEGIN");
  await query("UPDATE carts SET n = 2");
  const clearing = problem(url);
  await pollUntil("the clear to hold row 5", async () => (await query(isInTrigger)).length > 0);
  await query("UPDATE sessions SET id = id WHERE id = 5");
  const error = await clearing;
  await query("ROLLBACK");
  says(error, /^The database was busy for too long/, /holds a lock on the table/);
  match(error.message, code);
}

/** Cases that take ten seconds or so, all at once. */
const PATIENCE: Readonly<Record<string, (postgres: string, mariadb: string) => Promise<void>>> = {
  async "postgres: a deadlock"(server) {
    await using database = await fill(await freshPostgres(server));
    const { query, url } = database;
    await query("CREATE TABLE carts AS SELECT 1 AS n; SET deadlock_timeout = '1min'");
    await query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET deadlock_timeout = '50ms'`);
    await query(
      `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        LOOP
          PERFORM pg_stat_clear_snapshot();
          EXIT WHEN EXISTS (SELECT 1 FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock');
          PERFORM pg_sleep(0.01);
        END LOOP;
        UPDATE carts SET n = 3;
        RETURN OLD;
      END $$;
      CREATE TRIGGER wait BEFORE DELETE ON sessions FOR EACH ROW WHEN (OLD.id = 5)
        EXECUTE FUNCTION wait()`,
    );
    const isInTrigger = "SELECT 1 FROM pg_stat_clear_snapshot(), pg_stat_activity " +
      "WHERE datname = current_database() AND wait_event = 'PgSleep'";
    await deadlock(database, isInTrigger, / 40P01/);
  },

  async "mariadb: a deadlock"(_, server) {
    await using database = await fill(await freshMariadb(server));
    const { query } = database;
    // The client that has changed more rows is not the victim.
    await query("CREATE TABLE carts AS SELECT seq AS n FROM seq_1_to_1000");
    await query(
      "CREATE TRIGGER wait BEFORE DELETE ON sessions FOR EACH ROW " +
        "IF OLD.id = 5 THEN UPDATE carts SET n = 3; END IF",
    );
    const isInTrigger = "SELECT 1 FROM information_schema.PROCESSLIST " +
      "WHERE DB = DATABASE() AND INFO = 'UPDATE carts SET n = 3'";
    await deadlock(database, isInTrigger, / ER_LOCK_DEADLOCK/);
  },

  async "postgres: a row that another client has changed"(server) {
    await using database = await fill(await freshPostgres(server));
    const { query, url } = database;
    await query(
      `ALTER DATABASE ${new URL(url).pathname.slice(1)}
        SET default_transaction_isolation = 'repeatable read';
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        WHILE NOT pg_try_advisory_xact_lock_shared(1) LOOP PERFORM pg_sleep(0.01); END LOOP;
        RETURN NULL;
      END $$;
      CREATE TRIGGER wait BEFORE DELETE ON sessions FOR EACH STATEMENT EXECUTE FUNCTION wait()`,
    );
    await query("SELECT pg_advisory_lock(1)");
    const clearing = problem(url);
    await pollUntil("the clear to have a snapshot", async () => {
      const asleep = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() " +
        "AND wait_event = 'PgSleep'";
      return (await query(asleep)).length > 0;
    });
    await query("UPDATE sessions SET id = id WHERE id = 50");
    await query("BEGIN; UPDATE sessions SET id = id WHERE id = 99; SELECT pg_advisory_unlock(1)");
    const error = await clearing;
    await query("ROLLBACK");
    says(error, /^The database was busy for too long .* 40001/, /holds a lock on the table/);
  },

  async "postgres: an administrator ends each connection"(server) {
    await using database = await fill(await freshPostgres(server));
    await database.query(
      `CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); END';
      CREATE TRIGGER gone BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION gone()`,
    );
    says(
      await problem(database.url),
      /^The connection to the database was lost .* 57P01/,
      /^Check that the server is up/,
    );
  },

  async "mariadb: an administrator ends each connection"(_, server) {
    await using database = await fill(await freshMariadb(server));
    await database.query(
      "CREATE TRIGGER gone BEFORE DELETE ON sessions FOR EACH ROW " +
        "BEGIN KILL CONNECTION CONNECTION_ID(); DO SLEEP(1); END",
    );
    says(
      await problem(database.url),
      /^The connection to the database was lost .* ER_CONNECTION_KILLED/,
      /^Check that the server is up/,
    );
  },

  async "mariadb: the server is stopped"() {
    const server = await startMariadb();
    const database = await fill(await freshMariadb(server.url));
    await database.query(
      "CREATE TRIGGER slow BEFORE DELETE ON sessions FOR EACH ROW " +
        "IF OLD.id = 5 THEN DO SLEEP(0.9); END IF",
    );
    const clearing = problem(database.url);
    await pollUntil("the clear to be busy", async () => {
      const busy = "SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'";
      return (await database.query(busy)).length > 0;
    });
    await server[Symbol.asyncDispose]();
    says(
      await clearing,
      /^The connection to the database was lost .* (?:PROTOCOL_CONNECTION_LOST|ER_SERVER_SHUTDOWN)/,
      /^Check that the server is up/,
    );
    await rejects(async () => await database[Symbol.asyncDispose]());
  },

  async "postgres: the server is stopped"() {
    const server = await startPostgres();
    const database = await fill(await freshPostgres(server.url));
    await database.query("INSERT INTO sessions SELECT generate_series(100, 5000)"); // many pages
    says(
      await problem(database.url, async () => await server[Symbol.asyncDispose]()),
      /^The connection to the database was lost .* (?:57P01|.*not queryable|Connection terminated)/,
      /^Check that the server is up/,
    );
    await rejects(async () => await database[Symbol.asyncDispose]());
  },

  async "postgres: the server hangs during a count"(server) {
    await using database = await fill(await freshPostgres(server));
    const { query, url } = database;
    await using store = await bindBackend("database", { url }, context).connect(signal);
    const [azu] = await query(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() " +
        "AND application_name = 'azu'",
    );
    Deno.kill(Number(azu?.["pid"]), "SIGSTOP");
    const error = await store.count(signal).catch((reason: unknown) => reason);
    Deno.kill(Number(azu?.["pid"]), "SIGCONT");
    if (!(error instanceof AzuError)) throw new Error(`no failure: ${String(error)}`);
    says(error, /^The database did not answer in time .*Query read timeout/, /server's load$/);
  },
};

Deno.test(
  "what is said when waiting and trying again did not help",
  needs("postgres-server", "mariadb-server"),
  async () => {
    await using postgres = await startPostgres();
    await using mariadb = await startMariadb();
    const cases = Object.entries(PATIENCE).map(async ([what, work]) => {
      await work(postgres.url, mariadb.url).catch((cause: unknown) => {
        throw new Error(what, { cause });
      });
    });
    await Promise.all(cases);
  },
);

Deno.test("sqlite: why a file cannot be cleared", async () => {
  await using folder = await tempDir();
  const { path } = folder;
  const rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) " +
    "SELECT i FROM n";
  const filled = (file: string) =>
    sqlite(path, file, "CREATE TABLE sessions (id int)", `INSERT INTO sessions ${rows}`);
  const rewritten = async (file: string, change: (text: string) => string) => {
    const text = new TextDecoder("latin1").decode(await Deno.readFile(`${path}/${file}`));
    const bytes = Uint8Array.from(change(text), (character) => character.charCodeAt(0));
    await Deno.writeFile(`${path}/${file}`, bytes);
  };
  for (const file of ["cut.db", "garbled.db", "moved.db"]) filled(file);
  await Deno.writeTextFile(`${path}/text.db`, "not a database ".repeat(99));
  await rewritten("cut.db", (text) => text.slice(0, 8192));
  await rewritten("garbled.db", (text) => text.replace("CREATE TABLE", "CREATE TABLX"));
  for (
    const [file, said] of [
      ["text", "file is not a database"],
      ["cut", "database disk image is malformed"],
      ["garbled", "malformed database schema"],
    ] as const
  ) {
    says(
      await problem(`sqlite3://./${file}.db`, undefined, { root: path }),
      new RegExp(`^The file is not a SQLite database, or is damaged .*${said}`),
      /^Check the path in DATABASE_URL/,
    );
  }
  const move = () => Deno.rename(`${path}/moved.db`, `${path}/elsewhere.db`);
  says(
    await problem("sqlite3://./moved.db", move, { root: path }),
    /^The database is read-only .*attempt to write a readonly database/,
    /^Make the file and its folder writable\. If the file was moved or replaced meanwhile/,
  );
  says(
    await applyProblem("sqlite3://./none/a.db", "sessions", path),
    /^The database file cannot be opened .*unable to open database file/,
    /^Check that its folder exists/,
  );
  says(
    await applyProblem("sqlite3://./moved.db", "web.sessions", path),
    /^The schema of the table does not exist .*unknown database/,
    /^SQLite has only the schema main/,
  );
});
