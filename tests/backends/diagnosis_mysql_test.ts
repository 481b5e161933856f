/** What `session:doctor` finds on MariaDB: each check in situations that are good and bad. */
import { createConnection } from "mysql2/promise";
import { endMysql } from "../../src/backends/mysql/connection.ts";
import type { StoreCheckId } from "../../src/backends/diagnosis.ts";
import { bindBackend } from "../../src/backends/registry.ts";
import { createStatements } from "../../src/backends/sql/ddl.ts";
import { needs } from "../support/env.ts";
import { startProxy } from "../support/network/proxy.ts";
import { makeCertificates } from "../support/servers/certificates.ts";
import { changedUrl, freshMariadb } from "../support/servers/database.ts";
import { startMariadb } from "../support/servers/mariadb.ts";
import { freePort } from "../support/servers/server.ts";
import { allWell, diagnosed, type Situation, tryAll } from "./diagnosed.ts";
import { context } from "./subject.ts";

const CHECKS: readonly StoreCheckId[] = [
  ...["reach.resolve", "reach.addresses", "reach.tls", "reach.login"] as const,
  ...["reach.latency", "reach.clock"] as const,
  ...["rights.list", "rights.revoke", "rights.clear", "rights.sweep"] as const,
  ...["table.shape", "table.expiry-index", "table.columns", "table.time-zone"] as const,
  ...["table.backlog", "table.triggers", "table.references"] as const,
];

const CREATE = createStatements("mysql", { name: "sessions" }).map((lines) => lines.join("\n"));

/** Rows as the app writes them. @param expires When they expire, in SQL. */
const rows = (
  count: number,
  expires = "utc_timestamp() + INTERVAL 30 MINUTE",
  created = "utc_timestamp()",
) =>
  "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at, user_id) " +
  `SELECT uuid(), '{}', ${created}, ${created}, ${expires}, 1 FROM seq_1_to_${count}`;

Deno.test("mysql: what is wrong with a table is found", needs("mariadb"), async (t) => {
  await using db = await freshMariadb();
  const name = new URL(db.url).pathname.slice(1);
  const at = (url = db.url, table = "sessions") => {
    return bindBackend("database", { url, table }, context);
  };
  const run = async (...statements: readonly string[]) => {
    for (const sql of statements) await db.query(sql);
  };
  const renew = () => {
    return run("DROP TABLE IF EXISTS carts", "DROP TABLE IF EXISTS sessions", ...CREATE, rows(50));
  };
  await renew();
  allWell(await diagnosed(at()), CHECKS);

  using proxy = startProxy(Number(new URL(db.url).port));
  const after = (...statements: readonly string[]) => ({
    async begin() {
      await run(...statements);
      return renew;
    },
  });
  const user = `shopper_${crypto.randomUUID().slice(0, 8)}`;
  await run(`CREATE USER ${user}@'%' IDENTIFIED BY 'hunter2'`);
  /** As a user with these rights only. */
  const as = (
    id: StoreCheckId,
    rights: string,
    finding: Pick<Situation, "status" | "evidence" | "fix">,
  ): Situation => ({
    id,
    ...finding,
    async begin() {
      // A right on the database lets the user connect to it.
      await run(`GRANT CREATE ON ${name}.* TO ${user}@'%'`);
      if (rights !== "") await run(`GRANT ${rights} ON ${name}.sessions TO ${user}@'%'`);
      return () => run(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${user}@'%'`);
    },
    backend: () => at(changedUrl(db.url, { username: user, password: "hunter2" })),
  });
  const grant = (rights: string) => {
    return `GRANT ${rights} ON \`${name}\`.\`sessions\` TO '${user}'@'%'`;
  };
  const clock = (seconds: number) => ({ now: () => new Date(Date.now() + seconds * 1000) });

  await tryAll(t, at, [
    { id: "reach.login", status: "ok", evidence: /^logged in as azu@% at \d.*MariaDB/ },
    {
      id: "reach.latency",
      status: "warning",
      evidence: /takes \d+ ms/,
      begin() {
        proxy.delay = 60;
        return Promise.resolve(() => proxy.delay = 0);
      },
      backend: () => at(changedUrl(db.url, { port: `${proxy.port}` })),
    },
    { id: "reach.clock", status: "warning", evidence: /10 s behind/, options: clock(10) },
    { id: "reach.clock", status: "failure", evidence: /10 min behind/, options: clock(600) },

    as("rights.list", "DELETE", {
      status: "failure",
      evidence: /lacks SELECT$/,
      fix: grant("SELECT"),
    }),
    as("rights.list", "SELECT", { status: "ok", evidence: /has SELECT$/ }),
    as("rights.revoke", "SELECT", {
      status: "failure",
      evidence: /lacks DELETE$/,
      fix: grant("DELETE"),
    }),
    as("rights.clear", "INSERT", {
      status: "failure",
      evidence: /lacks SELECT and DELETE$/,
      fix: grant("SELECT, DELETE"),
    }),
    as("rights.sweep", "SELECT, DELETE", { status: "ok", evidence: /has SELECT and DELETE$/ }),
    as("table.shape", "DELETE", {
      status: "skipped",
      evidence: /^this user may not read the table$/,
    }),
    as("table.triggers", "SELECT, DELETE", {
      status: "skipped",
      evidence: /^this user may not see triggers, for lack of TRIGGER$/,
    }),

    {
      id: "table.shape",
      status: "failure",
      evidence: /^Table session does not exist in mysql:/,
      fix: /session:setup --apply/,
      backend: () => at(db.url, "session"),
    },
    {
      id: "table.shape",
      status: "failure",
      evidence: /^the table sessions has no column data$/,
      fix: /layout/,
      ...after("ALTER TABLE sessions DROP COLUMN data"),
    },
    {
      id: "table.shape",
      status: "warning",
      evidence: /no unique index on session_id/,
      fix: /unique index/,
      ...after("ALTER TABLE sessions DROP INDEX sessions_session_id_idx"),
    },
    {
      id: "table.expiry-index",
      status: "warning",
      evidence: /^no index begins with expires_at/,
      fix: `ALTER TABLE \`sessions\` ADD KEY \`sessions_expires_at_idx\` (\`expires_at\`)`,
      ...after("ALTER TABLE sessions DROP INDEX sessions_expires_at_idx"),
    },
    {
      id: "table.expiry-index",
      status: "failure",
      evidence: /\(about [\d,]+\)$/,
      fix: /ADD KEY/,
      ...after(
        "ALTER TABLE sessions DROP INDEX sessions_expires_at_idx",
        rows(130_000),
        "ANALYZE TABLE sessions",
      ),
    },
    {
      id: "table.columns",
      status: "failure",
      evidence: /^there is no column user_id, which the app writes$/,
      ...after("ALTER TABLE sessions DROP COLUMN user_id"),
    },
    {
      id: "table.columns",
      status: "warning",
      evidence: /^there is no index on user_id: a search/,
      ...after("ALTER TABLE sessions DROP INDEX sessions_user_id_idx"),
    },
    {
      id: "table.time-zone",
      status: "failure",
      evidence: /^20 of 70 rows looked at were created in the future, by up to 2 h 0 min/,
      ...after(rows(20, "utc_timestamp()", "utc_timestamp() + INTERVAL 2 HOUR")),
    },
    {
      id: "table.time-zone",
      status: "warning",
      evidence: /^expires_at is a TIMESTAMP: it is converted/,
      ...after("ALTER TABLE sessions MODIFY expires_at timestamp NOT NULL"),
    },
    {
      id: "table.backlog",
      status: "warning",
      evidence: /^2,000 of about [\d,]+ sessions have expired, the first one 1 h 0 min ago$/,
      ...after(rows(2000, "utc_timestamp() - INTERVAL 1 HOUR")),
    },
    {
      id: "table.backlog",
      status: "failure",
      evidence: /^at least 10,000 of about [\d,]+ sessions have expired, .* nothing removes them/,
      ...after(rows(12_000, "utc_timestamp() - INTERVAL 3 DAY")),
    },
    {
      id: "table.triggers",
      status: "warning",
      evidence: /^the trigger audited runs for each session that is removed$/,
      ...after("CREATE TRIGGER audited BEFORE DELETE ON sessions FOR EACH ROW SET @audited = 1"),
    },
    {
      id: "table.references",
      status: "warning",
      evidence: /\.carts may refer to sessions, but no row does$/,
      ...after(
        "CREATE TABLE carts (session bigint, FOREIGN KEY (session) REFERENCES sessions (id))",
      ),
    },
    {
      id: "table.references",
      status: "failure",
      evidence: /^rows of .*\.carts refer to sessions: ON DELETE CASCADE$/,
      ...after(
        "CREATE TABLE carts (session bigint, FOREIGN KEY (session) REFERENCES sessions (id) " +
          "ON DELETE CASCADE)",
        "INSERT INTO carts SELECT min(id) FROM sessions",
      ),
    },
  ]);
  await run(`DROP USER ${user}@'%'`);
});

Deno.test(
  "mysql: what is wrong with the way to a server is found",
  needs("mariadb-server", "openssl"),
  async (t) => {
    await using own = await makeCertificates();
    await own.sign("server", 90);
    const files = ["ca=ca.crt", "cert=server.crt", "key=server.key"];
    const args = files.map((file) => `--ssl-${file.replace("=", `=${own.path}/`)}`);
    await using server = await startMariadb({ args });
    const at = (url: string) => bindBackend("database", { url }, context);
    const checked = `${server.url}?ssl-mode=verify-identity&ssl-ca=${own.path}/ca.crt`;
    const client = await createConnection({ uri: server.url });
    /** Another certificate, which the server reads again. */
    const certificate = (days: number) => async () => {
      await own.sign("server", days);
      await client.query("FLUSH SSL");
      return () => {};
    };
    await tryAll(t, () => at(checked), [
      { id: "reach.tls", status: "ok", evidence: /for (?:89|90) more days$/ },
      {
        id: "reach.tls",
        status: "warning",
        evidence: /for [89] more days$/,
        begin: certificate(9),
      },
      { id: "reach.tls", status: "failure", evidence: /has expired/, begin: certificate(-1) },
      {
        id: "reach.tls",
        status: "ok",
        evidence: /^it is not encrypted, but does not leave this machine$/,
        backend: () => at(`${server.url}?ssl-mode=disabled`),
      },
      {
        id: "reach.addresses",
        status: "failure",
        evidence: /^nothing listens on 127\.0\.0\.1:/,
        backend: () => at(changedUrl(server.url, { port: `${freePort()}` })),
      },
    ]);
    await endMysql(client);
  },
);
