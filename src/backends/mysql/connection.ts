/** Connecting to MySQL or MariaDB. The only file that imports mysql2. */
import { once } from "node:events";
import { createConnection as createSocket, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { type Connection, createConnection, escape } from "mysql2/promise";
import { messageOf } from "../../core/errors.ts";
import { isRecord } from "../../core/record.ts";
import { within } from "../../core/within.ts";
import { hardenStream } from "../harden_stream.ts";
import { errorCode } from "../sql/errors.ts";
import { pemFile } from "../sql/pem_file.ts";
import { tlsProblem } from "./tls_problem.ts";
import type { MysqlEndpoint } from "./url.ts";

export type { Connection };

/** Milliseconds to say goodbye: less than an interrupted command waits for it. */
const END_TIMEOUT = 500;

/**
 * The defaults of the server could change what a quote means, let a statement wait without end, make
 * the server undo what was done, cut answers short, or refuse large ones. MySQL and MariaDB both
 * have all of these settings. Lock timeouts are in seconds.
 */
const SETTINGS = "SET " + [
  "sql_mode = 'STRICT_ALL_TABLES'",
  "innodb_lock_wait_timeout = 1",
  "lock_wait_timeout = 2",
  "autocommit = 1",
  "completion_type = 'NO_CHAIN'",
  "sql_select_limit = 18446744073709551615",
  "sql_big_selects = 1",
  "sql_safe_updates = 0",
].map((setting) => `SESSION ${setting}`).join(", ");

/**
 * Connects in the ways that the URL's ssl-mode allows.
 * @param timeout Milliseconds, in all.
 */
export async function connectMysql(
  endpoint: MysqlEndpoint,
  signal: AbortSignal,
  timeout: number,
): Promise<Connection> {
  globalThis.console = QUIET;
  const encryption = await encryptionOf(endpoint);
  const began = performance.now();
  try {
    return await connect(endpoint, encryption, signal, timeout);
  } catch (error) {
    if (endpoint.sslMode === "preferred" && errorCode(error) === "HANDSHAKE_NO_SSL_SUPPORT") {
      const left = Math.max(1, timeout - (performance.now() - began));
      return await connect(endpoint, undefined, signal, left);
    }
    const isUnclear = encryption?.rejectUnauthorized && messageOf(error) === "write UNKNOWN";
    const reason = isUnclear ? await tlsProblem(endpoint, encryption.ca) : undefined;
    throw reason === undefined ? error : new Error(reason, { cause: error });
  }
}

interface Encryption {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
  readonly verifyIdentity?: boolean;
}

async function encryptionOf(endpoint: MysqlEndpoint): Promise<Encryption | undefined> {
  const { sslMode, sslCa, sslCert, sslKey } = endpoint;
  if (sslMode === "disabled" || endpoint.socket !== undefined) return undefined;
  const identity = {
    ...(sslCert === undefined ? {} : { cert: await pemFile("ssl-cert", sslCert) }),
    ...(sslKey === undefined ? {} : { key: await pemFile("ssl-key", sslKey) }),
  };
  if (sslMode === "preferred" || sslMode === "required") {
    return { ...identity, rejectUnauthorized: false };
  }
  const ca = sslCa === undefined ? {} : { ca: await pemFile("ssl-ca", sslCa) };
  const verifyIdentity = sslMode === "verify-identity";
  return { ...identity, ...ca, rejectUnauthorized: true, verifyIdentity };
}

async function connect(
  endpoint: MysqlEndpoint,
  ssl: Encryption | undefined,
  signal: AbortSignal,
  timeout: number,
): Promise<Connection> {
  const stream = socketTo(endpoint);
  const opening = open(endpoint, stream, ssl, timeout);
  const ready = async () => {
    const connection = await opening;
    await connection.query(SETTINGS);
    return connection;
  };
  try {
    const late = () => new Error("timeout expired");
    return await within(ready(), { ms: timeout, signal, late });
  } catch (error) {
    opening.then((connection) => connection.destroy(), () => {}); // it may still come
    stream.destroy();
    throw error;
  }
}

async function open(
  endpoint: MysqlEndpoint,
  stream: Socket,
  ssl: Encryption | undefined,
  timeout: number,
): Promise<Connection> {
  const { user, password, database, socket } = endpoint;
  // For a socket file that does not exist, the driver would report a lost connection.
  if (socket !== undefined) await once(stream, "connect");
  const connection = await createConnection({
    stream,
    user,
    password,
    database,
    ...(ssl === undefined ? {} : { ssl }),
    connectTimeout: timeout + 1000,
    charset: "utf8mb4",
    // Keys and times as texts, exactly as they are.
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
  });
  connection.on("error", () => {}); // each statement that is cut off rejects by itself
  const inner: unknown = Reflect.get(connection, "connection");
  if (isRecord(inner)) {
    // The driver would read the server's notes in the character set of the server, which may be any.
    inner["serverEncoding"] = "utf8";
    // With TLS, the driver makes a stream of its own.
    if (ssl !== undefined && inner["stream"] instanceof Duplex) hardenStream(inner["stream"]);
  }
  return connection;
}

function socketTo({ host, port, socket }: MysqlEndpoint): Socket {
  const stream = socket === undefined ? createSocket(port, host) : createSocket(socket);
  stream.setNoDelay(true);
  hardenStream(stream);
  return stream;
}

/** The driver prints answers that it does not understand. We get them as errors, too. */
const QUIET = new Proxy(globalThis.console, {
  get(target, name) {
    const value: unknown = Reflect.get(target, name);
    return typeof value === "function" ? () => {} : value;
  },
});

/** Ends the connection, even if the server does not answer. */
export async function endMysql(connection: Connection): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  connection.once("end", resolve); // the server closes the connection
  connection.on("error", () => resolve()); // a connection that is broken needs no goodbye
  connection.end().catch(() => resolve());
  await within(promise, { ms: END_TIMEOUT }).catch(() => {});
  connection.destroy();
}

/** A value as an SQL literal, for the settings above. */
export function literal(value: string | Uint8Array): string {
  return escape(value);
}
