/** What `session:doctor` finds on PostgreSQL: each check in situations that are good and bad. */
import type { StoreCheckId } from "../../src/backends/diagnosis.ts";
import { bindBackend } from "../../src/backends/registry.ts";
import { createStatements } from "../../src/backends/sql/ddl.ts";
import { needs } from "../support/env.ts";
import { startProxy } from "../support/network/proxy.ts";
import { pollUntil } from "../support/poll.ts";
import { makeCertificates } from "../support/servers/certificates.ts";
import { changedUrl, freshPostgres } from "../support/servers/database.ts";
import { startPostgres } from "../support/servers/postgres.ts";
import { freePort } from "../support/servers/server.ts";
import { allWell, diagnosed, type Situation, tryAll } from "./diagnosed.ts";
import { context } from "./subject.ts";

const CHECKS: readonly StoreCheckId[] = [
  ...["reach.resolve", "reach.addresses", "reach.tls", "reach.login"] as const,
  ...["reach.latency", "reach.clock"] as const,
  ...["rights.list", "rights.revoke", "rights.clear", "rights.sweep"] as const,
  ...["table.shape", "table.expiry-index", "table.columns", "table.time-zone"] as const,
  ...["table.backlog", "table.dead-rows", "table.triggers", "table.references"] as const,
  "table.replica-identity",
];

const CREATE = createStatements("postgres", { name: "sessions" }).map((lines) => lines.join("\n"));

/** Rows as the app writes them. @param expires When they expire, in SQL. */
const rows = (count: number, expires = "now() + interval '30 minutes'", created = "now()") =>
  "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at, user_id) " +
  `SELECT gen_random_uuid(), '{}', ${created}, ${created}, ${expires}, 1 ` +
  `FROM generate_series(1, ${count})`;

Deno.test("postgres: what is wrong with a table is found", needs("postgres"), async (t) => {
  await using db = await freshPostgres();
  const server = Number(new URL(db.url).port);
  const at = (url = db.url, table = "sessions", more = {}) => {
    return bindBackend("database", { url, table, ...more }, context);
  };
  const run = async (...statements: readonly string[]) => {
    for (const sql of statements) await db.query(sql);
  };
  const renew = () => run("DROP TABLE IF EXISTS sessions CASCADE", ...CREATE, rows(50));
  await renew();
  allWell(await diagnosed(at()), CHECKS);

  using proxy = startProxy(server);
  const late = (delay: number) => ({
    begin() {
      proxy.delay = delay;
      return Promise.resolve(() => proxy.delay = 0);
    },
    backend: () => at(changedUrl(db.url, { port: `${proxy.port}` })),
  });
  /** After these statements. The table is made again at the end. */
  const after = (...statements: readonly string[]) => ({
    async begin() {
      await run(...statements);
      return renew;
    },
  });
  const role = `shopper_${crypto.randomUUID().slice(0, 8)}`;
  await run(`CREATE ROLE ${role} LOGIN PASSWORD 'hunter2'`);
  const user = { username: role, password: "hunter2" };
  /** As a user with these rights only. */
  const as = (
    id: StoreCheckId,
    grants: readonly string[],
    finding: Pick<Situation, "status" | "evidence" | "fix">,
    table?: string,
  ): Situation => ({
    id,
    ...finding,
    async begin() {
      await run(...grants);
      return () => run(`DROP OWNED BY ${role}`);
    },
    backend: () => at(changedUrl(db.url, user), table),
  });
  const clock = (seconds: number) => ({ now: () => new Date(Date.now() + seconds * 1000) });

  await tryAll(t, at, [
    { id: "reach.login", status: "ok", evidence: /^logged in as azu at PostgreSQL \d+/ },
    { id: "reach.latency", status: "warning", evidence: /takes \d+ ms/, ...late(60) },
    { id: "reach.clock", status: "warning", evidence: /10 s behind/, options: clock(10) },
    { id: "reach.clock", status: "failure", evidence: /10 min ahead/, options: clock(-600) },

    as("rights.list", [], {
      status: "failure",
      evidence: /^"shopper_\w+" lacks SELECT$/,
      fix: `GRANT SELECT ON sessions TO "${role}"`,
    }),
    as("rights.list", [`GRANT SELECT ON sessions TO ${role}`], {
      status: "ok",
      evidence: /SELECT/,
    }),
    as("rights.revoke", [`GRANT SELECT ON sessions TO ${role}`], {
      status: "failure",
      evidence: /lacks DELETE$/,
      fix: `GRANT DELETE ON sessions TO "${role}"`,
    }),
    as("rights.clear", [], {
      status: "failure",
      evidence: /lacks SELECT and DELETE$/,
      fix: `GRANT SELECT, DELETE ON sessions TO "${role}"`,
    }),
    as("rights.sweep", [`GRANT SELECT, DELETE ON sessions TO ${role}`], {
      status: "ok",
      evidence: /has SELECT and DELETE$/,
    }),
    as("rights.list", ["CREATE SCHEMA auth", "CREATE TABLE auth.logins AS TABLE sessions"], {
      status: "failure",
      evidence: /lacks USAGE of the schema and SELECT$/,
      fix: `GRANT USAGE ON SCHEMA auth TO "${role}"; GRANT SELECT ON auth.logins TO "${role}"`,
    }, "auth.logins"),
    {
      ...as("rights.clear", [
        `GRANT SELECT, DELETE ON sessions TO ${role}`,
        "ALTER TABLE sessions ENABLE ROW LEVEL SECURITY",
      ], {
        status: "failure",
        evidence: /^row-level security hides rows/,
        fix: `ALTER ROLE "${role}" BYPASSRLS`,
      }),
    },
    {
      id: "rights.clear",
      status: "failure",
      evidence: /^the database is read-only$/,
      fix: /primary/,
      async begin() {
        await run(
          `ALTER ROLE azu IN DATABASE ${new URL(db.url).pathname.slice(1)} ` +
            "SET default_transaction_read_only = on",
        );
        return async () => {
          await run(
            `ALTER ROLE azu IN DATABASE ${new URL(db.url).pathname.slice(1)} ` +
              "RESET default_transaction_read_only",
          );
          await renew(); // without row-level security
        };
      },
    },

    {
      id: "table.shape",
      status: "failure",
      evidence: /^Table session does not exist in postgres:/,
      fix: /session:setup --apply/,
      backend: () => at(db.url, "session"),
    },
    {
      id: "table.shape",
      status: "failure",
      evidence: /^the table sessions has no column data or expires_at$/,
      fix: /layout/,
      ...after("ALTER TABLE sessions DROP COLUMN data, DROP COLUMN expires_at"),
    },
    {
      id: "table.shape",
      status: "warning",
      evidence: /no unique index on session_id/,
      fix: /unique index/,
      ...after("DROP INDEX sessions_session_id_idx"),
    },
    {
      id: "table.shape",
      status: "failure",
      fix: /It has the columns/,
      evidence: /has no column expires, which layout\.expiresAt in the config names/,
      backend: () => at(db.url, "sessions", { layout: { id: "session_id", expiresAt: "expires" } }),
    },
    {
      id: "table.shape",
      status: "failure",
      evidence: /^sessions_view is a view, not a table/,
      fix: /Name the table itself/,
      ...after("CREATE VIEW sessions_view AS SELECT * FROM sessions"),
      backend: () => at(db.url, "sessions_view"),
    },
    as("table.shape", [], {
      status: "skipped",
      evidence: /^this user may not read the table$/,
    }),
    {
      id: "table.expiry-index",
      status: "warning",
      evidence: /^no index begins with expires_at, .* \(about 50\)$/,
      fix: 'CREATE INDEX CONCURRENTLY IF NOT EXISTS "sessions_expires_at_idx" ON ' +
        '"public"."sessions" ("expires_at")',
      ...after("DROP INDEX sessions_expires_at_idx"),
    },
    {
      id: "table.expiry-index",
      status: "failure",
      evidence: /\(about 1\d\d,\d\d\d\)$/,
      fix: /^CREATE INDEX/,
      ...after("DROP INDEX sessions_expires_at_idx", rows(120_000)),
    },
    {
      id: "table.columns",
      status: "failure",
      evidence: /^there is no column user_id, which the app writes$/,
      ...after("ALTER TABLE sessions DROP COLUMN user_id"),
    },
    {
      id: "table.columns",
      status: "failure",
      evidence: /has the type uuid, but the app writes bigint/,
      fix: /session\.user\.type/,
      ...after(
        "ALTER TABLE sessions DROP COLUMN user_id",
        "ALTER TABLE sessions ADD COLUMN user_id uuid",
      ),
    },
    {
      id: "table.columns",
      status: "warning",
      evidence: /^there is no index on user_id: a search/,
      ...after("DROP INDEX sessions_user_id_idx"),
    },
    {
      id: "table.time-zone",
      status: "failure",
      evidence: /^20 of 70 rows looked at were created in the future, by up to 2 h 0 min/,
      ...after(rows(20, "now()", "now() + interval '2 hours'")),
    },
    {
      id: "table.time-zone",
      status: "warning",
      evidence: /^expires_at is a timestamp without time zone: it is right as long/,
      fix: /TYPE timestamptz USING "expires_at" AT TIME ZONE 'UTC'/,
      ...after(
        "ALTER TABLE sessions ALTER COLUMN expires_at TYPE timestamp USING expires_at AT TIME ZONE 'UTC'",
      ),
    },
    {
      id: "table.time-zone",
      status: "failure",
      evidence: /^expires_at is a timestamp .* and the time zone of connections is Asia\/Tokyo$/,
      fix: /TYPE timestamptz/,
      async begin() {
        const database = new URL(db.url).pathname.slice(1);
        await run(
          "ALTER TABLE sessions ALTER COLUMN expires_at TYPE timestamp",
          `ALTER DATABASE ${database} SET timezone = 'Asia/Tokyo'`,
        );
        return async () => {
          await run(`ALTER DATABASE ${database} RESET timezone`);
          await renew();
        };
      },
    },
    {
      id: "table.backlog",
      status: "warning",
      evidence: /^2,000 of about 2,050 sessions have expired, the first one 1 h 0 min ago$/,
      ...after(rows(2000, "now() - interval '1 hour'")),
    },
    {
      id: "table.backlog",
      status: "failure",
      evidence: /^at least 10,000 of about [\d,]+ sessions have expired, .* nothing removes them/,
      ...after(rows(12_000, "now() - interval '3 days'")),
    },
    {
      id: "table.backlog",
      status: "skipped",
      evidence: /^without an index on the expiry, it would read the whole table$/,
      ...after("DROP INDEX sessions_expires_at_idx", rows(120_000)),
    },
    ...["warning", "failure"].map((status) => ({
      id: "table.dead-rows",
      status,
      evidence: status === "failure" ? /dead rows .*; autovacuum is off$/ : /vacuumed never/,
      fix: status === "failure"
        ? "ALTER TABLE sessions RESET (autovacuum_enabled); VACUUM sessions"
        : "ALTER TABLE sessions RESET (autovacuum_enabled)",
      async begin() {
        await run("ALTER TABLE sessions SET (autovacuum_enabled = false)");
        if (status === "failure") {
          await run(rows(15_000), "DELETE FROM sessions WHERE id > 50");
          await pollUntil("the server to count", async () => {
            const [row] = await db.query(
              "SELECT n_dead_tup > 14000 AS counted FROM pg_stat_user_tables " +
                "WHERE relid = 'sessions'::regclass",
            );
            return row?.["counted"] === true;
          });
        }
        return renew;
      },
    } satisfies Omit<Situation, "status"> & { status: string })) as Situation[],
    {
      id: "table.triggers",
      status: "warning",
      evidence: /^the trigger audited runs when sessions are removed$/,
      ...after(
        "CREATE OR REPLACE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS " +
          "'BEGIN RETURN OLD; END'",
        "CREATE TRIGGER audited BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION audit()",
      ),
    },
    {
      id: "table.triggers",
      status: "failure",
      evidence: /^the rule kept changes what a DELETE does, so azu removes nothing$/,
      fix: /Drop the rule/,
      ...after("CREATE RULE kept AS ON DELETE TO sessions DO INSTEAD NOTHING"),
    },
    {
      id: "table.references",
      status: "warning",
      evidence: /^public\.carts may refer to sessions, but no row does$/,
      ...after(
        "CREATE TABLE carts (session bigint REFERENCES sessions)",
      ),
    },
    {
      id: "table.references",
      status: "failure",
      evidence: /^rows of public\.carts refer to sessions: the database refuses to remove those$/,
      async begin() {
        await run(
          "DROP TABLE IF EXISTS carts",
          "CREATE TABLE carts (session bigint REFERENCES sessions)",
          "INSERT INTO carts SELECT min(id) FROM sessions",
        );
        return async () => {
          await run("DROP TABLE carts");
          await renew();
        };
      },
    },
    {
      id: "table.replica-identity",
      status: "ok",
      evidence: /^it is published by outbox, and has a replica identity$/,
      ...after("CREATE PUBLICATION outbox FOR ALL TABLES"),
    },
    {
      id: "table.replica-identity",
      status: "warning",
      evidence: /logged whole \(REPLICA IDENTITY FULL\)$/,
      fix: "ALTER TABLE sessions REPLICA IDENTITY DEFAULT",
      ...after("ALTER TABLE sessions REPLICA IDENTITY FULL"),
    },
    {
      id: "table.replica-identity",
      status: "failure",
      evidence: /^it is published by outbox without a replica identity, so no row can be removed$/,
      fix: "ALTER TABLE sessions REPLICA IDENTITY DEFAULT",
      ...after("ALTER TABLE sessions REPLICA IDENTITY NOTHING"),
    },
  ]);
  await run(`DROP ROLE ${role}`);
});

Deno.test(
  "postgres: what is wrong with the way to a server is found",
  needs("postgres-server", "openssl"),
  async (t) => {
    await using own = await makeCertificates();
    await own.sign("server", 90);
    await using server = await startPostgres({ tls: { from: own, name: "server" } });
    const at = (url: string) => bindBackend("database", { url }, context);
    const checked = `${server.url}?sslmode=verify-full&sslrootcert=${own.path}/ca.crt`;
    /** When the server has read its settings. Each new connection is told it at its start. */
    const loaded = async (sql = "SELECT 1") => {
      await using db = await freshPostgres(server.url);
      const [row] = await db.query("SELECT pg_conf_load_time()::text AS at");
      await db.query(sql);
      return row?.["at"];
    };
    /** Another certificate, which the server reads again. */
    const certificate = (days: number) => async () => {
      await own.sign("server", days);
      await Deno.writeTextFile(
        `${server.dir}/server.crt`,
        await Deno.readTextFile(`${own.path}/server.crt`),
      );
      const before = await loaded("SELECT pg_reload_conf()");
      await pollUntil("the server to read it", async () => await loaded() !== before);
      return () => {};
    };
    await tryAll(t, () => at(checked), [
      { id: "reach.tls", status: "ok", evidence: /for (?:89|90) more days$/ },
      {
        id: "reach.tls",
        status: "ok",
        evidence: /^it is not encrypted, but does not leave this machine$/,
        backend: () => at(`${server.url}?sslmode=disable`),
      },
      {
        id: "reach.tls",
        status: "warning",
        evidence: /for [89] more days$/,
        begin: certificate(9),
      },
      { id: "reach.tls", status: "failure", evidence: /has expired/, begin: certificate(-1) },
      {
        id: "reach.tls",
        status: "warning",
        evidence: /has expired/,
        backend: () => at(`${server.url}?sslmode=require`),
      },
      {
        id: "reach.addresses",
        status: "failure",
        evidence: /^nothing listens on 127\.0\.0\.1:/,
        backend: () => at(changedUrl(server.url, { port: `${freePort()}` })),
      },
    ]);
  },
);
