/** Connecting to PostgreSQL. The only file that imports pg. */
import type { Buffer } from "node:buffer";
import { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
// @ts-types="@types/pg"
import pg from "pg";
import { within } from "../../core/within.ts";
import { hardenStream } from "../harden_stream.ts";
import { errorCode } from "../sql/errors.ts";
import { pemFile } from "../sql/pem_file.ts";
import type { PostgresEndpoint } from "./url.ts";

/** Milliseconds to say goodbye: less than an interrupted command waits for it. */
const END_TIMEOUT = 500;

/** Failures that connecting with, or without, TLS would not change. */
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
  await checkSocket(endpoint);
  const [first = false, second] = await encryptions(endpoint);
  const began = performance.now();
  try {
    return await connect(endpoint, first, signal, timeout);
  } catch (error) {
    const isFinal = FINAL.test(`${errorCode(error)} ${String(error)}`);
    if (second === undefined || signal.aborted || isFinal) throw error;
    const left = Math.max(1, timeout - (performance.now() - began));
    return await connect(endpoint, second, signal, left);
  }
}

/** For a socket that does not exist, Deno 2.5 reports a lost connection. */
async function checkSocket({ host, port }: PostgresEndpoint): Promise<void> {
  if (!host.startsWith("/")) return;
  const socket = `${host}/.s.PGSQL.${port}`;
  await Deno.stat(socket).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) throw new Error(`connect ENOENT ${socket}`);
    throw error;
  });
}

type Encryption = NonNullable<pg.ClientConfig["ssl"]>;

/** What to try first, and what next. */
async function encryptions(endpoint: PostgresEndpoint): Promise<Encryption[]> {
  const { sslMode, sslRootCert, sslCert, sslKey } = endpoint;
  if (sslMode === "disable") return [false];
  const identity = {
    ...(sslCert === undefined ? {} : { cert: await pemFile("sslcert", sslCert) }),
    ...(sslKey === undefined ? {} : { key: await pemFile("sslkey", sslKey) }),
  };
  const unchecked = { ...identity, rejectUnauthorized: false };
  if (sslMode === "allow") return [false, unchecked];
  if (sslMode === "prefer") return [unchecked, false];
  // As in libpq: `require` with an authority checks the certificate against it.
  if (sslMode === "require" && sslRootCert === undefined) return [unchecked];
  const ca = sslRootCert === undefined ? {} : { ca: await pemFile("sslrootcert", sslRootCert) };
  const checked = { ...identity, ...ca };
  if (sslMode === "verify-full") return [checked];
  return [{ ...checked, checkServerIdentity: () => undefined }];
}

async function connect(
  endpoint: PostgresEndpoint,
  ssl: Encryption,
  signal: AbortSignal,
  timeout: number,
): Promise<pg.Client> {
  const { host, port, user, password, database } = endpoint;
  const client = new pg.Client({
    host,
    port,
    user,
    // A function, because the driver replaces an empty text by a password from .pgpass.
    password: () => password,
    database,
    ssl,
    application_name: "azu",
    stream: hardenedSocket,
    // Longer than ours: the driver's error at its own timeout looks like a lost connection.
    connectionTimeoutMillis: timeout + 1000,
  });
  client.on("error", () => {}); // each query that is cut off rejects by itself
  const connection = connectionOf(client);
  connection?.on("sslconnect", () => hardenStream(connection.stream));
  const late = () => new Error("timeout expired");
  try {
    await within(client.connect(), { ms: timeout, signal, late });
    return client;
  } catch (error) {
    await endPostgres(client);
    throw error;
  }
}

function hardenedSocket(): Socket {
  const socket = new Socket();
  // Not before: to connect sets the methods of the socket again.
  socket.once("connect", () => hardenStream(socket));
  return socket;
}

function connectionOf(client: pg.Client): pg.Connection | undefined {
  return "connection" in client && client.connection instanceof pg.Connection
    ? client.connection
    : undefined;
}

/** Ends the connection, even if the server does not answer. */
export async function endPostgres(client: pg.Client): Promise<void> {
  // A connection that is broken needs no goodbye.
  await within(client.end(), { ms: END_TIMEOUT }).catch(() => {});
  connectionOf(client)?.stream.destroy(); // the driver would leave it open
}

/** A `COPY … FROM STDIN`. The server writes rows while the next ones are made. */
class CopyIn implements pg.Submittable {
  readonly #sql: string;
  readonly #rows: Iterable<Buffer>;
  readonly #end = Promise.withResolvers<number>();
  #written = NaN;
  #hasEnded = false;

  constructor(sql: string, rows: Iterable<Buffer>) {
    this.#sql = sql;
    this.#rows = rows;
  }

  /** How many rows the server has written. */
  get written(): Promise<number> {
    return this.#end.promise;
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#sql);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    this.#send(connection).catch((error: unknown) => this.#end.reject(error));
  }

  async #send(connection: CopyConnection): Promise<void> {
    for (const rows of this.#rows) {
      connection.sendCopyFromChunk(rows);
      await nextTurn(); // in which they are sent
      if (this.#hasEnded) return;
    }
    connection.endCopyFrom();
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#written = Number(/^COPY (\d+)$/.exec(text)?.[1]);
  }

  handleError(error: unknown): void {
    this.#hasEnded = true;
    this.#end.reject(error);
  }

  handleReadyForQuery(): void {
    this.#end.resolve(this.#written);
  }
}

/** What a connection of the driver can do besides its types. */
interface CopyConnection {
  sendCopyFromChunk(rows: Buffer): void;
  endCopyFrom(): void;
}

/** Runs a `COPY … FROM STDIN`. @returns how many rows were written. */
export async function copyIn(
  client: pg.Client,
  sql: string,
  rows: Iterable<Buffer>,
): Promise<number> {
  const copy = new CopyIn(sql, rows);
  copy.written.catch(() => {}); // awaited below, unless the driver refuses at once
  client.query(copy);
  return await copy.written;
}
