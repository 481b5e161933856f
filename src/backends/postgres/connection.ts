// pg is imported here and nowhere else: this module is loaded only when a store is opened.
// @ts-types="@types/pg"
import pg from "pg";
import { pemFile } from "../sql/pem_file.ts";
import type { PostgresEndpoint } from "./url.ts";

/** Milliseconds that saying goodbye may take: less than an interrupted command waits for it. */
const END_TIMEOUT = 500;

/** Failures that another way to encrypt would not change. */
const FINAL = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|timeout expired|28P01|3D000/;

/**
 * Connects in the ways that the URL's sslmode allows, in libpq's order.
 * @param timeout Milliseconds, in all.
 */
export async function connectPostgres(
  endpoint: PostgresEndpoint,
  signal: AbortSignal,
  timeout: number,
): Promise<pg.Client> {
  const [first, second] = await encryptions(endpoint);
  const began = performance.now();
  try {
    return await connect(endpoint, first ?? false, signal, timeout);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (second === undefined || signal.aborted || FINAL.test(`${code} ${String(error)}`)) {
      throw error;
    }
    const left = Math.max(1, timeout - (performance.now() - began));
    return await connect(endpoint, second, signal, left);
  }
}

type Encryption = NonNullable<pg.ClientConfig["ssl"]>;

/** What to try first, and what next: `prefer` and `allow` differ in the order. */
async function encryptions(endpoint: PostgresEndpoint): Promise<Encryption[]> {
  const { sslMode, sslRootCert } = endpoint;
  if (sslMode === "disable") return [false];
  const unchecked = { ...await identity(endpoint), rejectUnauthorized: false };
  if (sslMode === "allow") return [false, unchecked];
  if (sslMode === "prefer") return [unchecked, false];
  // As libpq has it: who names an authority wants it asked.
  if (sslMode === "require" && sslRootCert === undefined) return [unchecked];
  const ca = sslRootCert === undefined ? {} : { ca: await pemFile("sslrootcert", sslRootCert) };
  const checked = { ...await identity(endpoint), ...ca };
  return [
    sslMode === "verify-full" ? checked : { ...checked, checkServerIdentity: () => undefined },
  ];
}

/** Who we are, where the URL names a certificate of our own. */
async function identity({ sslCert, sslKey }: PostgresEndpoint) {
  return {
    ...(sslCert === undefined ? {} : { cert: await pemFile("sslcert", sslCert) }),
    ...(sslKey === undefined ? {} : { key: await pemFile("sslkey", sslKey) }),
  };
}

async function connect(
  endpoint: PostgresEndpoint,
  ssl: Encryption,
  signal: AbortSignal,
  timeout: number,
): Promise<pg.Client> {
  const client = new pg.Client({
    host: endpoint.host,
    port: endpoint.port,
    user: endpoint.user,
    password: endpoint.password,
    database: endpoint.database,
    ssl,
    application_name: "azu",
    connectionTimeoutMillis: timeout + 1000,
  });
  client.on("error", () => {}); // every query that is cut off rejects by itself
  const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>();
  const timer = setTimeout(() => giveUp(new Error("timeout expired")), timeout);
  const abort = () => giveUp(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    // The driver's own timeout looks like a lost connection, and an abort it does not know.
    await Promise.race([client.connect(), givenUp]);
    return client;
  } catch (error) {
    await endPostgres(client);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** Ends the connection without waiting for ever for a server that does not answer. */
export async function endPostgres(client: pg.Client): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, END_TIMEOUT);
  client.end().then(resolve, () => resolve()); // a connection that broke needs no goodbye
  await promise;
  clearTimeout(timer);
  if ("connection" in client && client.connection instanceof pg.Connection) {
    client.connection.stream.destroy(); // the driver would leave it open
  }
}
