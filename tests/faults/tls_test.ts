/** Clears over TLS whose connection is cut, half-closed or garbled. */
import { type Certificates, makeCertificates } from "../support/servers/certificates.ts";
import { freshMariadb, freshPostgres } from "../support/servers/database.ts";
import { needs } from "../support/env.ts";
import { startMariadb } from "../support/servers/mariadb.ts";
import { startPostgres } from "../support/servers/postgres.ts";
import { faultsOf } from "./places.ts";
import { redisSubject } from "./redis_subject.ts";
import { encrypted, mysql, postgres, sqlSubject } from "./sql_subjects.ts";
import { type Subject, sweep } from "./sweep.ts";
import { measured } from "./sweeps.ts";

/** How many bytes on each side. */
const BYTES = [["cut", 15], ["half-close", 8], ["garble", 20]] as const;

function test(
  store: string,
  server: Parameters<typeof needs>[0],
  work: (own: Certificates) => Promise<void>,
): void {
  // An abandoned handshake stays open in the runtime, even if its socket is destroyed.
  const options = { ...needs(server, "openssl"), sanitizeResources: false };
  Deno.test(
    `${store} over TLS: the counts are true when the connection fails`,
    options,
    async () => {
      await using own = await makeCertificates();
      await work(own);
    },
  );
}

async function sweepAll(makeSubject: () => Promise<Subject>): Promise<void> {
  const sent = { ...await measured(makeSubject), requests: 0 };
  const faults = BYTES.flatMap(([kind, count]) =>
    (["request", "answer"] as const).flatMap((side) => faultsOf(sent, kind, side, count))
  );
  await sweep(makeSubject, faults, 16);
}

test("redis", "redis-server", (own) => sweepAll(() => redisSubject(own)));

test("postgres", "postgres-server", async (own) => {
  await using server = await startPostgres({ tls: { from: own, name: "server" } });
  const dialect = { ...encrypted(postgres), fresh: () => freshPostgres(server.url) };
  await sweepAll(() => sqlSubject(dialect));
});

test("mysql", "mariadb-server", async (own) => {
  const files = ["ca=ca.crt", "cert=server.crt", "key=server.key"];
  const args = files.map((file) => `--ssl-${file.replace("=", `=${own.path}/`)}`);
  await using server = await startMariadb({ args });
  const dialect = { ...encrypted(mysql), fresh: () => freshMariadb(server.url) };
  await sweepAll(() => sqlSubject(dialect));
});
