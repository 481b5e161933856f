// pg is imported here and in the store only: both are loaded only when a store is opened.
// @ts-types="@types/pg"
import pg from "pg";
import type { PostgresEndpoint } from "./postgres_url.ts";

/** Milliseconds for one statement, on the server and, a little longer, on our side. */
const STATEMENT_TIMEOUT = 60_000;

/** Milliseconds to wait for a lock that someone else holds. */
const LOCK_TIMEOUT = 5000;

/** Milliseconds that saying goodbye may take. */
const END_TIMEOUT = 1000;

/** Failures that another way to encrypt would not change. */
const FINAL = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|timeout expired|28P01|3D000/;

/**
 * Connects in the ways that the URL's sslmode allows, in libpq's order.
 * @param timeout Milliseconds.
 */
export async function connectPostgres(
  endpoint: PostgresEndpoint,
  signal: AbortSignal,
  timeout: number,
): Promise<pg.Client> {
  const [first, second] = await encryptions(endpoint);
  try {
    return await connect(endpoint, first ?? false, signal, timeout);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (second === undefined || signal.aborted || FINAL.test(`${code} ${String(error)}`)) {
      throw error;
    }
    return await connect(endpoint, second, signal, timeout);
  }
}

type Encryption = NonNullable<pg.ClientConfig["ssl"]>;

/** What to try first, and what next: `prefer` and `allow` differ in the order. */
async function encryptions(endpoint: PostgresEndpoint): Promise<Encryption[]> {
  const { sslMode, sslRootCert } = endpoint;
  const unchecked = { rejectUnauthorized: false };
  if (sslMode === "disable") return [false];
  if (sslMode === "allow") return [false, unchecked];
  if (sslMode === "prefer") return [unchecked, false];
  const ca = sslRootCert === undefined ? {} : { ca: await Deno.readTextFile(sslRootCert) };
  if (sslMode === "require") return [{ ...ca, rejectUnauthorized: false }];
  return [sslMode === "verify-full" ? ca : { ...ca, checkServerIdentity: () => undefined }];
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
    statement_timeout: STATEMENT_TIMEOUT,
    query_timeout: STATEMENT_TIMEOUT + 5000,
    lock_timeout: LOCK_TIMEOUT,
  });
  client.on("error", () => {}); // every query that is cut off rejects by itself
  const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>();
  const timer = setTimeout(() => giveUp(new Error("timeout expired")), timeout);
  const abort = () => giveUp(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    // The driver's own timeout looks like a lost connection, and an abort it does not know.
    await Promise.race([client.connect(), givenUp]);
    // Rows that a policy hides would be neither cleared nor counted: have that be an error.
    await client.query("SET row_security = off");
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
}
