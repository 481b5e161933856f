/** A pooler between azu and PostgreSQL: its other clients leave settings behind. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
// @ts-types="@types/pg"
import pg from "pg";
import { AzuError, messageOf } from "../../../src/core/errors.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { makeCertificates } from "../../support/servers/certificates.ts";
import { changedUrl, freshPostgres } from "../../support/servers/database.ts";
import { needs, service } from "../../support/env.ts";
import { pollUntil } from "../../support/poll.ts";
import { startPgbouncer } from "../../support/servers/pgbouncer.ts";
import { context, removed } from "../subject.ts";

Deno.test(
  "pooler: another client's search_path does not lead to another table",
  needs("postgres", "pgbouncer"),
  async () => {
    await using database = await freshPostgres();
    await using pooler = await startPgbouncer(service("postgres"), { mode: "transaction" });
    await database.query(`CREATE SCHEMA web;
      CREATE TABLE public.sessions (id bigint PRIMARY KEY, data text);
      CREATE TABLE web.sessions (id bigint PRIMARY KEY, data text);
      INSERT INTO public.sessions SELECT i, repeat('x', 900) FROM generate_series(1, 3000) i;
      INSERT INTO web.sessions TABLE public.sessions`);
    const url = pooler.through(database.url);
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    try {
      await other.query("SET search_path = web");
      const { signal } = new AbortController();
      await using store = await bindBackend("database", { url }, context).connect(signal);
      let meanwhile: Promise<unknown> = Promise.resolve();
      const counts = await store.clear({
        signal,
        budget: { batch: 300, pause: 20 },
        onProgress: () => meanwhile = meanwhile.then(() => other.query("SET search_path = web")),
      });
      await meanwhile;
      deepStrictEqual(removed(counts), 3000);
    } finally {
      await other.end();
    }
    const rows = async (table: string) =>
      Number((await database.query(`SELECT count(*) AS n FROM ${table}`))[0]?.["n"]);
    deepStrictEqual([await rows("public.sessions"), await rows("web.sessions")], [0, 3000]);
  },
);

for (
  const [what, options, problem] of [
    [
      "an unknown database",
      { mode: "transaction", only: "another" },
      /^The database does not exist on this server .*no such database/,
    ],
    [
      "too many clients",
      { mode: "transaction", settings: ["max_client_conn = 1"] },
      /^The pooler has reached its connection limit .*no more connections allowed/,
    ],
    [
      "statement pooling",
      { mode: "statement" },
      /^The pooler allows no transactions, which a clear needs/,
    ],
  ] as const
) {
  Deno.test(
    `pooler: ${what} is explained at once, and not taken for a lost connection`,
    needs("postgres", "pgbouncer"),
    async () => {
      await using database = await freshPostgres();
      await database.query("CREATE TABLE sessions (id int PRIMARY KEY)");
      await database.query("INSERT INTO sessions VALUES (1)");
      await using pooler = await startPgbouncer(service("postgres"), options);
      const url = pooler.through(database.url);
      const first = await pollUntil("a connection to be free", async () => {
        const client = new pg.Client({ connectionString: url });
        client.on("error", () => {});
        if (what !== "too many clients") return client;
        return await client.connect().then(() => client, () => undefined);
      });
      const { signal } = new AbortController();
      const begin = performance.now();
      const error = await (async () => {
        await using store = await bindBackend("database", { url }, context).connect(signal);
        await store.clear({ signal, onProgress() {} });
      })().catch((reason: unknown) => reason);
      strictEqual(performance.now() - begin < 4000, true);
      match(messageOf(error), problem);
      await first.end().catch(() => {});
    },
  );
}

async function problem(url: string): Promise<AzuError> {
  const { signal } = new AbortController();
  try {
    await using store = await bindBackend("database", { url }, context).connect(signal);
    throw new Error(`counted: ${await store.count(signal)}`);
  } catch (error) {
    if (error instanceof AzuError) return error;
    throw error;
  }
}

Deno.test(
  "pooler: why it cannot be connected to",
  needs("postgres", "pgbouncer", "openssl"),
  async () => {
    await using own = await makeCertificates();
    await Deno.chmod(own.path, 0o755); // the pooler runs as another user
    await Deno.chmod(`${own.path}/server.key`, 0o644);
    const tls = ["key_file = server.key", "cert_file = server.crt", "ca_file = ca.crt"]
      .map((line) => `client_tls_${line.replace("= ", `= ${own.path}/`)}`);
    const server = service("postgres");
    const down = changedUrl(server, { port: "1" });
    await using plain = await startPgbouncer(server, {
      mode: "transaction",
      settings: ["auth_type = plain"],
    });
    await using checked = await startPgbouncer(server, {
      mode: "transaction",
      settings: ["client_tls_sslmode = verify-full", ...tls],
    });
    await using waiting = await startPgbouncer(down, {
      mode: "transaction",
      settings: ["query_wait_timeout = 1"],
    });
    for (
      const [pooler, parts, said, advice] of [
        [
          plain,
          { password: "wrong" },
          /^The database refused the user or password .*08P01 password authentication failed/,
          /^Check the credentials in the URL/,
        ],
        [
          plain,
          { password: "" },
          /^The database requires a password, and the URL has none .*08P01 empty password/,
          /^Add it to the URL/,
        ],
        [
          checked,
          { search: "?sslmode=disable" },
          /^The database accepts no connections without TLS from here .*08P01 SSL required/,
          /^Set \?sslmode=require/,
        ],
        [
          checked,
          { search: "?sslmode=require" },
          /^The database requires a client certificate .*CertificateRequired/,
          /sslcert=<file> and sslkey=<file>$/,
        ],
        [
          waiting,
          {},
          /^The connection to the database was lost .*08P01 query_wait_timeout/,
          /^Check that the server is up/,
        ],
      ] as const
    ) {
      const { message, hint } = await problem(changedUrl(pooler.through(server), parts));
      match(message, said);
      match(hint ?? "", advice, message);
    }
  },
);
