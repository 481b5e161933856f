// mysql2 is imported here and nowhere else: this module is loaded only when a store is opened.
import { once } from "node:events";
import { createConnection as createSocket, type Socket } from "node:net";
import { type Connection, createConnection, escape } from "mysql2/promise";
import { messageOf } from "../../core/errors.ts";
import { SETTINGS } from "./settings.ts";
import { tlsProblem } from "./tls.ts";
import { pemFile } from "../sql/pem_file.ts";
import type { MysqlEndpoint } from "./url.ts";

export type { Connection };

/** Milliseconds that saying goodbye may take: less than an interrupted command waits for it. */
const END_TIMEOUT = 500;

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
  const [first, second] = await encryptions(endpoint);
  const began = performance.now();
  try {
    return await connect(endpoint, first, signal, timeout);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (second === "plain" && code === "HANDSHAKE_NO_SSL_SUPPORT") {
      const left = Math.max(1, timeout - (performance.now() - began));
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
  const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>();
  const timer = setTimeout(() => giveUp(new Error("timeout expired")), timeout);
  const abort = () => giveUp(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const connection = await Promise.race([connecting, givenUp]);
    connection.on("error", () => {}); // every statement that is cut off rejects by itself
    await Promise.race([connection.query(SETTINGS), givenUp]);
    return connection;
  } catch (error) {
    connecting.then((late) => late.destroy(), () => {}); // whatever became of it, it is not used
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

async function open(
  { host, port, socket, user, password, database }: MysqlEndpoint,
  ssl: Encryption | undefined,
  timeout: number,
): Promise<Connection> {
  return await createConnection({
    ...(socket === undefined ? { host, port } : { stream: await connectSocket(socket) }),
    ...{ user, password, database },
    ...(ssl === undefined ? {} : { ssl }),
    connectTimeout: timeout + 1000,
    charset: "utf8mb4",
    // Keys and times as texts, exactly as they are.
    ...{ supportBigNumbers: true, bigNumberStrings: true, dateStrings: true },
  });
}

/** The driver would say of a file that is not there that the connection to it was lost. */
async function connectSocket(path: string): Promise<Socket> {
  const stream = createSocket(path);
  await once(stream, "connect");
  return stream;
}

/**
 * Of an answer that it does not understand, the driver tells the console, with a trace: whoever asked
 * hears of it as an error.
 */
const QUIET = new Proxy(globalThis.console, {
  get(target, name) {
    const value: unknown = Reflect.get(target, name);
    return typeof value === "function" ? () => {} : value;
  },
});

/** Ends the connection without waiting for ever for a server that does not answer. */
export async function endMysql(connection: Connection): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, END_TIMEOUT);
  connection.once("end", resolve); // the server hangs up
  connection.on("error", () => resolve()); // a connection that broke needs no goodbye
  connection.end().catch(() => resolve());
  await promise;
  clearTimeout(timer);
  connection.destroy();
}

/** A value as SQL writes it, under the settings above. */
export function literal(value: string | Uint8Array): string {
  return escape(value);
}
