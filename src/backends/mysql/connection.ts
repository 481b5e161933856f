/** Connects to MySQL and MariaDB. The only file that imports mysql2. */
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { type Connection, createConnection, escape } from "mysql2/promise";
import { messageOf } from "../../core/errors.ts";
import { within } from "../../core/within.ts";
import { containListeners } from "../contain.ts";
import { pemFile } from "../sql/pem_file.ts";
import { tlsProblem } from "./tls.ts";
import type { MysqlEndpoint } from "./url.ts";

export type { Connection };

/** Milliseconds for closing the connection: less than an interrupted command waits for it. */
const END_TIMEOUT = 500;

/** Seconds that a statement waits for locks on rows, and on the table. */
const ROW_LOCK = 1;
const TABLE_LOCK = 2;

/**
 * The server's own settings could change the meaning of texts and quotes, wait without limit, undo
 * our changes when we leave, cut answers short, or refuse large ones. MySQL and MariaDB know all
 * of these.
 */
const SETTINGS = "SET " + [
  "sql_mode = 'STRICT_ALL_TABLES'",
  `innodb_lock_wait_timeout = ${ROW_LOCK}`,
  `lock_wait_timeout = ${TABLE_LOCK}`,
  "autocommit = 1",
  "completion_type = 'NO_CHAIN'",
  "sql_select_limit = 18446744073709551615",
  "sql_big_selects = 1",
  "sql_safe_updates = 0",
].map((setting) => `SESSION ${setting}`).join(", ");

/**
 * Connects in the ways that the ssl-mode of the URL allows, and sets up the session.
 * @param timeout Milliseconds, in all.
 */
export async function connectMysql(
  endpoint: MysqlEndpoint,
  signal: AbortSignal,
  timeout: number,
): Promise<Connection> {
  globalThis.console = QUIET;
  const [first, second] = await encryptions(endpoint);
  const start = performance.now();
  try {
    return await connect(endpoint, first, signal, timeout);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (second === "plain" && code === "HANDSHAKE_NO_SSL_SUPPORT") {
      const left = Math.max(1, timeout - (performance.now() - start));
      return await connect(endpoint, undefined, signal, left);
    }
    const unclear = first?.rejectUnauthorized && messageOf(error) === "write UNKNOWN";
    const reason = unclear ? await tlsProblem(endpoint, first.ca) : undefined;
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

/** What to try first; then, with `preferred`, no encryption. */
async function encryptions(endpoint: MysqlEndpoint): Promise<[Encryption | undefined, "plain"?]> {
  const { sslMode, sslCa, sslCert, sslKey } = endpoint;
  if (sslMode === "disabled" || endpoint.socket !== undefined) return [undefined];
  const identity = {
    ...(sslCert === undefined ? {} : { cert: await pemFile("ssl-cert", sslCert) }),
    ...(sslKey === undefined ? {} : { key: await pemFile("ssl-key", sslKey) }),
  };
  const unchecked = { ...identity, rejectUnauthorized: false };
  if (sslMode === "preferred") return [unchecked, "plain"];
  if (sslMode === "required") return [unchecked];
  const ca = sslCa === undefined ? {} : { ca: await pemFile("ssl-ca", sslCa) };
  const verifyIdentity = sslMode === "verify-identity";
  return [{ ...identity, ...ca, rejectUnauthorized: true, verifyIdentity }];
}

async function connect(
  endpoint: MysqlEndpoint,
  ssl: Encryption | undefined,
  signal: AbortSignal,
  timeout: number,
): Promise<Connection> {
  const connecting = open(endpoint, ssl, timeout);
  const start = performance.now();
  const late = () => new Error("timeout expired");
  try {
    const connection = await within(connecting, { ms: timeout, signal, late });
    connection.on("error", () => {}); // every statement that fails rejects by itself
    const ms = Math.max(1, timeout - (performance.now() - start));
    await within(connection.query(SETTINGS), { ms, signal, late });
    return connection;
  } catch (error) {
    connecting.then((unused) => unused.destroy(), () => {});
    throw error;
  }
}

async function open(
  { host, port, socket, user, password, database }: MysqlEndpoint,
  ssl: Encryption | undefined,
  timeout: number,
): Promise<Connection> {
  return await createConnection({
    host, // whose certificate is checked
    stream: await openSocket(socket === undefined ? { host, port } : { path: socket }),
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
}

/**
 * The driver would report a missing socket file as a lost connection, and throw what its parser
 * finds wrong.
 */
async function openSocket(
  target: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<Socket> {
  const socket = connectSocket({ ...target, noDelay: true });
  containListeners(socket);
  await once(socket, "connect");
  return socket;
}

/** The driver prints invalid answers to the console. They are errors of their queries anyway. */
const QUIET = new Proxy(globalThis.console, {
  get(target, name) {
    const value: unknown = Reflect.get(target, name);
    return typeof value === "function" ? () => {} : value;
  },
});

/** Closes the connection, without waiting long for a server that does not answer. */
export async function endMysql(connection: Connection): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, END_TIMEOUT);
  connection.once("end", resolve); // the server has closed it
  connection.on("error", () => resolve()); // it is broken already
  connection.end().catch(() => resolve());
  await promise;
  clearTimeout(timer);
  connection.destroy();
}

/** A value as an SQL literal, under the settings above. */
export function literal(value: string | Uint8Array): string {
  return escape(value);
}
