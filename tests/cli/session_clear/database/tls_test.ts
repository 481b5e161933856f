/** Clearing PostgreSQL and MariaDB over TLS, and the errors if TLS fails. */
import { doesNotMatch, match, strictEqual } from "node:assert/strict";
// @ts-types="@types/pg"
import pg from "pg";
import { createConnection } from "mysql2/promise";
import { endMysql } from "../../../../src/backends/mysql/connection.ts";
import { makeBadCertificates, makeCertificates } from "../../../support/servers/certificates.ts";
import { runAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { pollUntil } from "../../../support/poll.ts";
import { startMariadb } from "../../../support/servers/mariadb.ts";
import { type PostgresServer, startPostgres } from "../../../support/servers/postgres.ts";
import { tempDir } from "../../../support/temp.ts";

const tlsNeeded = needs("postgres-server", "openssl");

/** Parameters of a URL, and the expected output. */
type Attempt = readonly [parameters: string, expected: RegExp];

const CLEARED = /^No sessions found$/m;
const UNTRUSTED = /^error: The database's certificate is not trusted/;

async function attempt(url: string, [parameters, expected]: Attempt): Promise<void> {
  await using app = await tempDir();
  const begin = performance.now();
  const result = await runAzu(["session:clear", "-b", "database", "--force"], {
    cwd: app.path,
    env: { DATABASE_URL: `${url}?${parameters}` },
  });
  const said = result.stdout + result.stderr;
  match(expected === CLEARED ? result.stdout : result.stderr, expected, `${parameters}\n${said}`);
  strictEqual(result.code, expected === CLEARED ? 0 : 1, said);
  strictEqual(performance.now() - begin < 20_000, true);
  doesNotMatch(said, new RegExp(new URL(url).password));
}

async function create(url: string, certificates: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    ssl: {
      rejectUnauthorized: false,
      cert: await Deno.readTextFile(`${certificates}/client.crt`),
      key: await Deno.readTextFile(`${certificates}/client.key`),
    },
  });
  await client.connect();
  await client.query("CREATE TABLE sessions (id bigserial PRIMARY KEY, session_id text)");
  await client.end();
}

Deno.test("postgres: each sslmode checks what it says", tlsNeeded, async () => {
  await using own = await makeCertificates();
  await using foreign = await makeCertificates();
  await using server = await startPostgres({
    tls: { from: own, name: "server" },
    hba: "hostssl all outsider 127.0.0.1/32 reject\n" +
      "hostssl all all 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 reject\n",
  });
  await create(server.url, own.path);
  const ca = `sslrootcert=${own.path}/ca.crt`;
  const wrong = `sslrootcert=${foreign.path}/ca.crt`;
  const attempts: Attempt[] = [
    ["sslmode=disable", /^error: The database accepts no connections without TLS from here/],
    ["sslmode=allow", CLEARED],
    ["sslmode=prefer", CLEARED],
    ["", CLEARED],
    ["sslmode=require", CLEARED],
    [`sslmode=require&${ca}`, CLEARED],
    [`sslmode=require&${wrong}`, UNTRUSTED],
    [`sslmode=verify-ca&${ca}`, CLEARED],
    [`sslmode=verify-ca&${wrong}`, UNTRUSTED],
    ["sslmode=verify-ca", UNTRUSTED],
    [`sslmode=verify-full&${ca}`, CLEARED],
    [`sslmode=verify-full&${wrong}`, UNTRUSTED],
    ["sslmode=verify-full", UNTRUSTED],
  ];
  for (const each of attempts) await attempt(server.url, each);
  const byName = server.url.replace("127.0.0.1", "localhost");
  await attempt(byName, [`sslmode=verify-full&${ca}`, CLEARED]);
  await attempt(server.url.replace("//azu:", "//outsider:"), [
    "sslmode=require",
    /^error: The database accepts no connections of this user from here .*\n.*to the server's pg_hba/,
  ]);
});

Deno.test("postgres: a certificate for another host, and bad ones", tlsNeeded, async () => {
  await using own = await makeCertificates();
  await makeBadCertificates(own);
  await using server = await startPostgres({ tls: { from: own, name: "elsewhere" } });
  await create(server.url, own.path);
  const ca = `sslrootcert=${own.path}/ca.crt`;
  for (const url of [server.url, server.url.replace("127.0.0.1", "localhost")]) {
    await attempt(url, [`sslmode=verify-ca&${ca}`, CLEARED]);
    await attempt(url, [
      `sslmode=verify-full&${ca}`,
      /^error: The database's certificate is for another host/,
    ]);
  }
  for (const [name, expected] of BAD) {
    await replace(own.path, name, server.dir);
    await reload(server);
    await attempt(server.url, [`sslmode=verify-full&${ca}`, expected]);
  }
});

/** Makes the server read its certificate again. */
async function reload({ pid, url }: PostgresServer): Promise<void> {
  const loaded = async () => {
    const client = new pg.Client({ connectionString: url, ssl: { rejectUnauthorized: false } });
    await client.connect();
    const { rows } = await client.query("SELECT pg_conf_load_time()::text AS at");
    await client.end();
    return rows[0]?.at;
  };
  const before = await loaded();
  Deno.kill(pid, "SIGHUP");
  await pollUntil("the server to read its files", async () => await loaded() !== before);
}

Deno.test("postgres: a server that requires a client certificate", tlsNeeded, async () => {
  await using own = await makeCertificates();
  await using server = await startPostgres({
    tls: { from: own, name: "server" },
    hba: "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n",
  });
  await create(server.url, own.path);
  const ours = `sslcert=${own.path}/client.crt&sslkey=${own.path}/client.key`;
  const ca = `sslrootcert=${own.path}/ca.crt`;
  await attempt(server.url, [`sslmode=verify-full&${ca}&${ours}`, CLEARED]);
  await attempt(server.url, [`sslmode=require&${ours}`, CLEARED]);
  await attempt(server.url, [
    `sslmode=verify-full&${ca}`,
    /^error: The database requires a client certificate/,
  ]);
});

/**
 * Certificates that are refused. Only Deno's own TLS refuses those of authorities and of version 1;
 * they name no host either.
 */
const BAD = [
  ["expired", /^error: The database's certificate has expired .*\nRenew it on the server/],
  ["ca", /certificate is (?:that of an authority, not of a server .*\nIssue one|for another host)/],
  ["v1", /certificate (?:has version 1, which does not .*\nIssue one|is for another host)/],
] as const;

/** Replaces the server's certificate. */
async function replace(from: string, name: string, folder: string): Promise<void> {
  for (const kind of ["crt", "key"]) {
    await Deno.writeFile(
      `${folder}/elsewhere.${kind}`,
      await Deno.readFile(`${from}/${name}.${kind}`),
    );
  }
}

const mariadbNeeded = needs("mariadb-server", "openssl");

/** A MariaDB with the certificate of this name, and an empty table in its database. */
async function mariadb(path: string, name: "server" | "elsewhere", ...args: string[]) {
  const tls = [`ca=${path}/ca.crt`, `cert=${path}/${name}.crt`, `key=${path}/${name}.key`];
  const server = await startMariadb({ args: [...tls.map((file) => `--ssl-${file}`), ...args] });
  const client = await createConnection({ uri: server.url, ssl: { rejectUnauthorized: false } });
  await client.query(
    "CREATE TABLE sessions (id bigint AUTO_INCREMENT PRIMARY KEY, session_id text)",
  );
  await endMysql(client);
  return server;
}

Deno.test("mariadb: each ssl-mode checks what it says", mariadbNeeded, async () => {
  await using own = await makeCertificates();
  await using foreign = await makeCertificates();
  await using server = await mariadb(own.path, "server");
  const ca = `ssl-ca=${own.path}/ca.crt`;
  const wrong = `ssl-ca=${foreign.path}/ca.crt`;
  const attempts: Attempt[] = [
    ["ssl-mode=disabled", CLEARED],
    ["", CLEARED],
    ["ssl-mode=REQUIRED", CLEARED],
    [`ssl-mode=VERIFY_CA&${ca}`, CLEARED],
    [`ssl-mode=verify-ca&${wrong}`, UNTRUSTED],
    [`ssl-mode=verify-identity&${ca}`, CLEARED],
    [`ssl-mode=verify-identity&${wrong}`, UNTRUSTED],
    ["ssl-mode=verify-identity", UNTRUSTED],
  ];
  for (const each of attempts) await attempt(server.url, each);
  const byName = server.url.replace("127.0.0.1", "localhost");
  await attempt(byName, [`ssl-mode=verify-identity&${ca}`, CLEARED]);
});

Deno.test("mariadb: a certificate for another host, and none", mariadbNeeded, async () => {
  await using own = await makeCertificates();
  const ca = `ssl-ca=${own.path}/ca.crt`;
  {
    await makeBadCertificates(own);
    await using server = await mariadb(own.path, "elsewhere");
    for (const url of [server.url, server.url.replace("127.0.0.1", "localhost")]) {
      await attempt(url, [`ssl-mode=verify-ca&${ca}`, CLEARED]);
      await attempt(url, [
        `ssl-mode=verify-identity&${ca}`,
        /^error: The database's certificate is for another host/,
      ]);
    }
    for (const [name, expected] of BAD) {
      await replace(own.path, name, own.path);
      const client = await createConnection({
        uri: server.url,
        ssl: { rejectUnauthorized: false },
      });
      await client.query("FLUSH SSL");
      await endMysql(client);
      await attempt(server.url, [`ssl-mode=verify-identity&${ca}`, expected]);
    }
  }
  await using plain = await startMariadb();
  await attempt(plain.url, ["ssl-mode=required", /does not support TLS, which the URL requires/]);
});
