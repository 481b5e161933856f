/** Clearing over TLS, and the messages when a handshake fails. */
import { doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu } from "../../../support/cli.ts";
import { type Certificates, makeCertificates } from "../../../support/servers/certificates.ts";
import { needs } from "../../../support/env.ts";
import { type RedisServer, startRedis } from "../../../support/servers/redis.ts";
import { tempDir, writeTree } from "../../../support/temp.ts";

const tlsNeeded = needs("redis-server", "openssl");

interface Place extends AsyncDisposable {
  readonly certificates: Certificates;
  readonly server: RedisServer;
  readonly client: Redis;
}

/** A server that accepts only TLS, with ten sessions and another key. */
async function place(
  name: "server" | "elsewhere" = "server",
  clients: "yes" | "no" = "no",
): Promise<Place> {
  await using starting = new AsyncDisposableStack();
  const certificates = starting.use(await makeCertificates());
  const { path } = certificates;
  const tls = certificates.args(name, clients);
  const server = starting.use(await startRedis({ tls, password: "hunter2" }));
  const client = new Redis(server.url, {
    tls: {
      ca: await Deno.readTextFile(`${path}/ca.crt`),
      cert: await Deno.readTextFile(`${path}/client.crt`),
      key: await Deno.readTextFile(`${path}/client.key`),
      checkServerIdentity: () => undefined,
      servername: name === "server" ? "localhost" : "redis.example",
    },
  });
  starting.defer(() => client.disconnect());
  for (let index = 0; index < 10; index++) await client.set(`session:${index}`, "x");
  await client.set("other", "x");
  const started = starting.move();
  return { certificates, server, client, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** Runs azu in a folder with the certificates. `tls` is part of the config. */
async function clear(
  url: string,
  tls: string,
  { certificates }: Pick<Place, "certificates">,
  env: Record<string, string> = { DENO_TLS_CA_STORE: "mozilla" },
) {
  await using app = await tempDir();
  for (const name of ["ca.crt", "client.crt", "client.key"]) {
    await Deno.copyFile(`${certificates.path}/${name}`, `${app.path}/${name}`);
  }
  await writeTree(app.path, {
    "azu.config.ts": `export default { session: { backends: { redis: { ${tls} } } } };`,
    "sub/empty": "",
  });
  const start = performance.now();
  const result = await runAzu(["session:clear", "--force"], {
    cwd: `${app.path}/sub`,
    env: { ...env, REDIS_URL: url },
  });
  strictEqual(performance.now() - start < 15_000, true);
  doesNotMatch(result.stdout + result.stderr, /hunter2/);
  return result;
}

const CA = `tls: { ca: "./ca.crt" }`;
const CLIENT = `tls: { ca: "./ca.crt", cert: "./client.crt", key: "./client.key" }`;

Deno.test("tls: the authority in the config is trusted", tlsNeeded, async () => {
  await using redis = await place();
  const result = await clear(redis.server.url, CA, redis);
  match(result.stdout, /Cleared 10 session\(s\)\n✓/, result.stderr);
  strictEqual(await redis.client.dbsize(), 1);
});

Deno.test(
  "tls: an authority in the config does not replace the system's",
  tlsNeeded,
  async () => {
    await using redis = await place();
    await using other = await makeCertificates();
    const system = {
      DENO_TLS_CA_STORE: "system",
      SSL_CERT_FILE: `${redis.certificates.path}/ca.crt`,
    };
    const result = await clear(redis.server.url, CA, { certificates: other }, system);
    match(result.stdout, /Cleared 10 session\(s\)\n✓/, result.stderr);
  },
);

Deno.test("tls: a certificate of an unknown authority", tlsNeeded, async () => {
  await using redis = await place();
  const result = await clear(redis.server.url, "", redis);
  strictEqual(result.code, 1);
  match(result.stderr, /^error: The certificate of the Redis server is not trusted/);
  match(result.stderr, /session\.backends\.redis\.tls\.ca/);
  strictEqual(await redis.client.dbsize(), 11);
});

Deno.test("tls: a certificate of another host", tlsNeeded, async () => {
  await using redis = await place("elsewhere");
  const result = await clear(redis.server.url, CA, redis);
  strictEqual(result.code, 1);
  match(result.stderr, /^error: The certificate of the Redis server is for another host/);
  strictEqual(await redis.client.dbsize(), 11);
});

Deno.test("tls: the server requires a client certificate", tlsNeeded, async () => {
  await using redis = await place("server", "yes");
  const without = await clear(redis.server.url, CA, redis);
  strictEqual(without.code, 1);
  match(without.stderr, /^error: Redis requires a client certificate/);
  match(without.stderr, /session\.backends\.redis\.tls\.cert/);
  strictEqual(await redis.client.dbsize(), 11);
  const result = await clear(redis.server.url, CLIENT, redis);
  match(result.stdout, /Cleared 10 session\(s\)\n✓/, result.stderr);
});

Deno.test("tls: a rediss:// URL for a server without TLS", tlsNeeded, async () => {
  await using redis = await place();
  await using plain = await startRedis();
  const result = await clear(`rediss://127.0.0.1:${plain.port}`, CA, redis);
  strictEqual(result.code, 1);
  match(result.stderr, /TLS/);
});

Deno.test("tls: a redis:// URL for a server with TLS", tlsNeeded, async () => {
  await using redis = await place();
  const result = await clear(redis.server.url.replace("rediss:", "redis:"), "", redis);
  strictEqual(result.code, 1);
  match(result.stderr, /rediss:\/\//);
});

Deno.test("tls: tls in the config with a redis:// URL is refused", tlsNeeded, async () => {
  await using redis = await place();
  const result = await clear(redis.server.url.replace("rediss:", "redis:"), CA, redis);
  strictEqual(result.code, 2);
  match(result.stderr, /nothing would be encrypted/);
});

Deno.test("tls: PEM files that are missing or contain something else", tlsNeeded, async () => {
  await using redis = await place();
  for (
    const [tls, said] of [
      [`tls: { ca: "./no.crt" }`, /tls\.ca: cannot read \.\/no\.crt: there is no such file/],
      [`tls: { ca: "./client.key" }`, /tls\.ca: \.\/client\.key is not a PEM file of certificates/],
      [
        `tls: { cert: "./client.key", key: "./client.key" }`,
        /tls\.cert: \.\/client\.key is not a PEM file of a certificate/,
      ],
      [
        `tls: { cert: "./client.crt", key: "./client.crt" }`,
        /tls\.key: \.\/client\.crt is not a PEM file of a private key/,
      ],
      [`tls: { cert: "./client.crt" }`, /redis\.tls: expected cert and key together/],
      [`tls: { ca: "" }`, /redis\.tls\.ca: expected the name of a PEM file, got ""/],
    ] as const
  ) {
    const result = await clear(redis.server.url, tls, redis);
    match(result.stderr, said);
    strictEqual(result.code, 2, result.stderr);
  }
  strictEqual(await redis.client.dbsize(), 11);
});
