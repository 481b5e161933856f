/** Lost TLS connections: their errors differ from those without TLS. */
import { deepStrictEqual, ok } from "node:assert/strict";
// @ts-types="@types/pg"
import pg from "pg";
import { createConnection } from "mysql2/promise";
import { bindBackend } from "../../../src/backends/registry.ts";
import { endMysql } from "../../../src/backends/mysql/connection.ts";
import { makeCertificates } from "../../support/servers/certificates.ts";
import { needs } from "../../support/env.ts";
import { startMariadb } from "../../support/servers/mariadb.ts";
import { startPostgres } from "../../support/servers/postgres.ts";
import { context } from "../subject.ts";

const ROWS = 4000;
const SCHEMA =
  "CREATE TABLE sessions (id bigint PRIMARY KEY, session_id text, created_at timestamp)";

/** @param endOthers Ends all other connections to the database. */
async function clearThroughCuts(url: string, endOthers: () => Promise<unknown>): Promise<void> {
  const { signal } = new AbortController();
  await using store = await bindBackend("database", { url }, context).connect(signal);
  const cuts: Promise<unknown>[] = [];
  const counts = await store.clear({
    signal,
    budget: { batch: 200 },
    onProgress(cleared) {
      if (cleared > cuts.length * 1000 && cuts.length < 3) cuts.push(endOthers());
    },
  });
  await Promise.all(cuts);
  ok(cuts.length === 3);
  deepStrictEqual(counts, { cleared: ROWS, remaining: 0, arrived: 0 });
}

Deno.test(
  "postgres: ended TLS connections are replaced",
  needs("postgres-server", "openssl"),
  async () => {
    await using own = await makeCertificates();
    await using server = await startPostgres({ tls: { from: own, name: "server" } });
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query(
      `${SCHEMA}; INSERT INTO sessions SELECT i, i, now() FROM generate_series(1, ${ROWS}) AS i`,
    );
    await clearThroughCuts(`${server.url}?sslmode=require`, () =>
      client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity " +
          "WHERE datname = current_database() AND pid <> pg_backend_pid()",
      ));
    await client.end();
  },
);

Deno.test(
  "mariadb: ended TLS connections are replaced",
  needs("mariadb-server", "openssl"),
  async () => {
    await using own = await makeCertificates();
    const files = ["ca=ca.crt", "cert=server.crt", "key=server.key"];
    const args = files.map((file) => `--ssl-${file.replace("=", `=${own.path}/`)}`);
    await using server = await startMariadb({ args });
    const client = await createConnection({ uri: server.url, multipleStatements: true });
    await client.query(
      `${SCHEMA}; INSERT INTO sessions SELECT seq, seq, now() FROM seq_1_to_${ROWS}`,
    );
    await clearThroughCuts(`${server.url}?ssl-mode=required`, () =>
      client.query(
        "BEGIN NOT ATOMIC FOR other IN (SELECT ID FROM information_schema.PROCESSLIST " +
          "WHERE DB = DATABASE() AND ID <> CONNECTION_ID()) DO KILL CONNECTION other.ID; END FOR; END",
      ));
    await endMysql(client);
  },
);
