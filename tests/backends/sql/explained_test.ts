/** The messages of failures name the real cause. */
import { doesNotMatch, match, rejects, strictEqual } from "node:assert/strict";
import type { ClearCounts } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { AzuError } from "../../../src/core/errors.ts";
import { freshMariadb, freshPostgres, type TestDatabase } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { startMariadb } from "../../support/servers/mariadb.ts";
import { tempDir } from "../../support/temp.ts";
import { context } from "../subject.ts";

const { signal } = new AbortController();

/** Clears row by row, and does something when the first one is gone. */
async function clear(
  url: string,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<{ counts: number | ClearCounts } | { error: AzuError }> {
  let happening: Promise<unknown> | undefined;
  const onProgress = (cleared: number) => {
    if (cleared > 0) happening ??= meanwhile();
  };
  try {
    await using store = await bindBackend("database", { url }, context).connect(signal);
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

async function fill(database: TestDatabase): Promise<TestDatabase> {
  await database.query("CREATE TABLE sessions (id int PRIMARY KEY)");
  const rows = Array.from({ length: 100 }, (_, i) => `(${i})`).join();
  await database.query(`INSERT INTO sessions VALUES ${rows}`);
  return database;
}

Deno.test("mysql: the server is stopped during a clear", needs("mariadb-server"), async () => {
  const server = await startMariadb();
  const database = await fill(await freshMariadb(server.url));
  const error = await problem(database.url, async () => await server[Symbol.asyncDispose]());
  match(error.message, /^The connection to the database was lost/);
  await rejects(async () => await database[Symbol.asyncDispose]());
});

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
      "IF OLD.id = 50 THEN DO SLEEP(1); SIGNAL SQLSTATE '70100' SET MYSQL_ERRNO = 1317; END IF",
  );
  const { message, hint } = await problem(database.url);
  match(message, /^A statement was cancelled, or took too long/);
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
    match(error.message, /^The database user may not use the schema of the table .*42501/);
    match(error.hint ?? "", /^Grant this user USAGE on the schema/);
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

Deno.test(
  "mariadb: an account with a plugin that the driver lacks",
  needs("mariadb-server"),
  async () => {
    await using server = await startMariadb({ args: ["--plugin-load-add=auth_ed25519"] });
    await using database = await freshMariadb(server.url);
    await database.query("CREATE USER modern IDENTIFIED VIA ed25519 USING PASSWORD('pw')");
    await database.query("GRANT ALL ON *.* TO modern");
    const url = new URL(database.url);
    [url.username, url.password] = ["modern", "pw"];
    const { message, hint } = await problem(url.href);
    match(message, /^The account logs in with a plugin that azu does not have/);
    match(hint ?? "", /caching_sha2_password or mysql_native_password/);
    doesNotMatch(message, /TODO/);
  },
);

Deno.test(
  "mariadb: --apply where the row format is too small says so",
  needs("mariadb-server"),
  async () => {
    await using server = await startMariadb({ args: ["--innodb-default-row-format=compact"] });
    await using database = await freshMariadb(server.url);
    const backend = bindBackend("database", { url: database.url }, context);
    await using store = await backend.connect(signal, { purpose: "create" });
    const error = await store.createTable?.(signal).catch((reason: unknown) => reason);
    if (!(error instanceof AzuError)) throw new Error(`no failure: ${String(error)}`);
    match(
      error.message,
      /allows no index on a session id of 255 characters .*ER_INDEX_COLUMN_TOO_LONG/,
    );
    doesNotMatch(error.message, /not shown/);
    match(error.hint ?? "", /innodb_default_row_format = dynamic/);
  },
);
