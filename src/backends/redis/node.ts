/** A connection to one Redis server, logged in and ready. */
import { Buffer } from "node:buffer";
import { messageOf, OperationError } from "../../core/errors.ts";
import {
  ConnectionLost,
  ErrorReply,
  ProtocolError,
  RedisConnection,
  type TlsContext,
} from "./connection.ts";
import { explainRedisError } from "./errors.ts";
import { tlsProblem } from "./tls.ts";
import type { NodeAddress, RedisEndpoint } from "./url.ts";

/** Milliseconds for one command. A SCAN or UNLINK of some hundred keys takes a few. */
export const COMMAND_TIMEOUT = 15_000;

/** What a server says about itself. */
export interface RedisNode extends Disposable {
  readonly connection: RedisConnection;
  readonly address: NodeAddress;
  readonly mode: "standalone" | "cluster" | "sentinel";
  /** Whether it was a replica when we connected. That may have changed since. */
  readonly isReplica: boolean;
  /** The command that removes keys: `UNLINK` until the server says that it has none. */
  removes: "UNLINK" | "DEL";
  /** The command that tells expiries: `PEXPIRETIME` until the server says that it has none. */
  tells: "PEXPIRETIME" | "PTTL";
  /** Whether it runs scripts, until it has refused one. */
  allowsScripts: boolean;
}

/** How to connect to nodes. */
export interface NodeAccess {
  readonly endpoint: RedisEndpoint;
  readonly tls: TlsContext | undefined;
  /** Milliseconds to connect, log in and select the database, in all. */
  readonly connectTimeout: number;
}

/** @throws {AzuError} if the server cannot be reached, or refuses. */
export async function openNode(
  access: NodeAccess,
  address: NodeAddress,
  signal: AbortSignal,
): Promise<RedisNode> {
  const { endpoint, tls, connectTimeout: timeout } = access;
  const start = performance.now();
  try {
    const connection = await RedisConnection.open({ address, tls, timeout }, signal);
    const left = Math.max(1, timeout - (performance.now() - start));
    return await introduced(connection, endpoint, left, address, signal);
  } catch (error) {
    signal.throwIfAborted();
    const reason = tls !== undefined && mayBeTls(error)
      ? await tlsProblem(address, tls)
      : undefined;
    throw explainRedisError(reason === undefined ? error : new Error(reason), endpoint, address);
  }
}

/** Whether a failure may have its reason in TLS, which node:tls often does not tell. */
function mayBeTls(error: unknown): boolean {
  if (error instanceof ErrorReply || error instanceof ProtocolError) return false;
  const code = error instanceof Error && "code" in error ? error.code : "";
  return code !== "ECONNREFUSED" && code !== "ENOTFOUND";
}

/** @param timeout Milliseconds. */
async function introduced(
  connection: RedisConnection,
  endpoint: RedisEndpoint,
  timeout: number,
  address: NodeAddress,
  signal: AbortSignal,
): Promise<RedisNode> {
  const timer = setTimeout(() => connection.close(new Error("timed out")), timeout);
  const abort = () => connection.close(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await logIn(connection, endpoint);
    const said = await introduction(connection);
    // Only a standalone server has more than one database. Callers reject the others.
    if (endpoint.database !== 0 && said.mode === "standalone") {
      await connection.call("SELECT", endpoint.database);
    }
    connection.silence = COMMAND_TIMEOUT;
    return {
      connection,
      address,
      ...said,
      removes: "UNLINK",
      tells: "PEXPIRETIME",
      allowsScripts: true,
      [Symbol.dispose]: () => connection.close(),
    };
  } catch (error) {
    connection.close();
    // It has not sent a byte: maybe it expects TLS.
    if (isLost(error)) throw new ConnectionLost("the server closed the connection at once");
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

function isLost(error: unknown): boolean {
  if (error instanceof ConnectionLost) return true;
  return error instanceof Error && "code" in error && error.code === "ECONNRESET";
}

async function logIn(connection: RedisConnection, endpoint: RedisEndpoint): Promise<void> {
  if (endpoint.password === "") return;
  const credentials = [endpoint.username, endpoint.password].filter((part) => part !== "");
  await connection.call("AUTH", ...credentials).catch(async (error: unknown) => {
    const message = messageOf(error);
    // The server asks for no password, so it has let us in already.
    if (/without any password configured|no password is set/i.test(message)) return;
    // Before Redis 6, AUTH takes only the password of the one user, which is now called default.
    if (!/^ERR wrong number of arguments/i.test(message)) throw error;
    if (endpoint.username === "default") {
      return void await connection.call("AUTH", endpoint.password);
    }
    throw new OperationError(
      `This server knows no users but the default one (${endpoint.address})`,
      {
        hint:
          "It is older than Redis 6: write the URL without a user, as redis://:<password>@<host>",
        cause: error,
      },
    );
  });
}

/**
 * Whether a server still has the role that it had when we connected. If the user may not ask, we
 * assume that it has.
 */
export async function keepsRole({ connection, isReplica }: RedisNode): Promise<boolean> {
  try {
    return (await introduction(connection)).isReplica === isReplica;
  } catch (error) {
    if (error instanceof ErrorReply && /^NOPERM|unknown command/i.test(error.message)) return true;
    throw error;
  }
}

/** Uses HELLO, which every user may send. Before Redis 6.0, there is only INFO. */
async function introduction(
  connection: RedisConnection,
): Promise<Pick<RedisNode, "mode" | "isReplica">> {
  try {
    const reply = await connection.call("HELLO", 2);
    const fields = isList(reply) ? reply.map(textOf) : [];
    const field = (name: string) => fields[fields.indexOf(name) + 1];
    return { mode: modeNamed(field("mode")), isReplica: field("role") === "replica" };
  } catch (error) {
    if (!(error instanceof ErrorReply) || !/unknown command|NOPROTO/i.test(error.message)) {
      throw error;
    }
    const info = textOf(await connection.call("INFO"));
    const mode = modeNamed(/^redis_mode:(\w+)/m.exec(info)?.[1]);
    return { mode, isReplica: /^role:slave/m.test(info) };
  }
}

function modeNamed(mode: string | undefined): RedisNode["mode"] {
  if (mode === "cluster" || mode === "sentinel" || mode === "standalone") return mode;
  throw new OperationError("The server at this address did not identify itself as Redis");
}

/**
 * Removes keys. Servers before Redis 4 have no UNLINK, and some operators rename it; then DEL does
 * the same, and frees the memory at once.
 * @returns the reply.
 */
export async function removeKeys(node: RedisNode, keys: readonly Buffer[]): Promise<unknown> {
  try {
    return await node.connection.call(node.removes, keys);
  } catch (error) {
    if (node.removes === "DEL" || !isUnknownCommand(error)) throw error;
    node.removes = "DEL";
    return await removeKeys(node, keys);
  }
}

export function isUnknownCommand(error: unknown): boolean {
  return error instanceof ErrorReply && /^ERR unknown command\b/i.test(error.message);
}

/** How many keys a server has. Only for the progress, so the user need not be allowed to ask. */
export async function sizeOf({ connection }: RedisNode): Promise<number | undefined> {
  try {
    const keys = await connection.call("DBSIZE");
    return typeof keys === "number" ? keys : undefined;
  } catch (error) {
    if (error instanceof ErrorReply) return undefined;
    throw error;
  }
}

export function isList(reply: unknown): reply is readonly unknown[] {
  return Array.isArray(reply);
}

/** A reply as text; empty if it is not a text or a number. */
export function textOf(reply: unknown): string {
  if (Buffer.isBuffer(reply)) return reply.toString();
  return typeof reply === "string" || typeof reply === "number" ? String(reply) : "";
}
