/** Connects to PostgreSQL. The only file that imports pg. */
// @ts-types="@types/pg"
import pg from "pg";
import { within } from "../../core/within.ts";
import { containListeners } from "../contain.ts";
import { pemFile } from "../sql/pem_file.ts";
import type { PostgresEndpoint } from "./url.ts";

/** Milliseconds for closing the connection: less than an interrupted command waits for it. */
const END_TIMEOUT = 500;

/** Failures that do not depend on encryption. */
const FINAL = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|timeout expired|28P01|3D000/;

/**
 * Connects in the ways that the sslmode of the URL allows, in libpq's order.
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
  // As in libpq: an authority in the URL is to be checked.
  if (sslMode === "require" && sslRootCert === undefined) return [unchecked];
  const ca = sslRootCert === undefined ? {} : { ca: await pemFile("sslrootcert", sslRootCert) };
  const checked = { ...await identity(endpoint), ...ca };
  return [
    sslMode === "verify-full" ? checked : { ...checked, checkServerIdentity: () => undefined },
  ];
}

/** The client certificate, if the URL names one. */
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
  client.on("error", () => {}); // every query that fails rejects by itself
  const connection = connectionOf(client);
  const contain = () => {
    if (connection !== undefined) containListeners(connection.stream);
  };
  contain();
  connection?.on("sslconnect", contain); // with TLS, its stream is another one
  try {
    // The driver's own timeout looks like a lost connection, and it knows no signals.
    const late = () => new Error("timeout expired");
    await within(client.connect(), { ms: timeout, signal, late });
    return client;
  } catch (error) {
    await endPostgres(client);
    throw error;
  }
}

/** The connection inside a client, which its types do not declare. */
function connectionOf(client: pg.Client): pg.Connection | undefined {
  return "connection" in client && client.connection instanceof pg.Connection
    ? client.connection
    : undefined;
}

/** Closes the connection, without waiting long for a server that does not answer. */
export async function endPostgres(client: pg.Client): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, END_TIMEOUT);
  client.end().then(resolve, () => resolve()); // it is broken already
  await promise;
  clearTimeout(timer);
  connectionOf(client)?.stream.destroy(); // the driver would leave it open
}
