/** A connection to one Redis server, logged in and ready. */
import { OperationError } from "../../core/errors.ts";
import { isList, type Reply, RespError } from "./resp/protocol.ts";
import { ConnectionLost, RespConnection } from "./resp/connection.ts";
import type { RespTls } from "./resp/open.ts";
import { explainRedisError } from "./errors.ts";
import type { NodeAddress, RedisEndpoint } from "./url.ts";

/** Milliseconds for one command; a SCAN or UNLINK of some hundred keys takes a few. */
export const COMMAND_TIMEOUT = 15_000;

/** What a server says that it is. */
export interface RedisNode extends Disposable {
  readonly connection: RespConnection;
  readonly address: NodeAddress;
  readonly mode: "standalone" | "cluster" | "sentinel";
  /** Whether it follows another server; as it was when it was connected to, and may not be now. */
  readonly isReplica: boolean;
}

/** How nodes are connected to. */
export interface NodeAccess {
  readonly endpoint: RedisEndpoint;
  readonly tls: RespTls | undefined;
  /** Milliseconds to connect, to log in and to select the database, in all. */
  readonly connectTimeout: number;
}

/** @throws {AzuError} when the server cannot be reached or refuses. */
export async function openNode(
  access: NodeAccess,
  address: NodeAddress,
  signal: AbortSignal,
): Promise<RedisNode> {
  const began = performance.now();
  try {
    const connection = await RespConnection.open(
      { ...address, tls: access.tls },
      { connect: access.connectTimeout, silence: access.connectTimeout },
      signal,
    );
    const left = Math.max(1, access.connectTimeout - (performance.now() - began));
    return await introduced(connection, { ...access, connectTimeout: left }, address, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw explainRedisError(error, access.endpoint, address);
  }
}

async function introduced(
  connection: RespConnection,
  { endpoint, connectTimeout }: NodeAccess,
  address: NodeAddress,
  signal: AbortSignal,
): Promise<RedisNode> {
  const late = setTimeout(() => connection.close(new Error("timed out")), connectTimeout);
  const abort = () => connection.close(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await logIn(connection, endpoint);
    const said = await introduction(connection);
    // Only a server alone has more than one: what the others are to be asked is not here.
    if (endpoint.database !== 0 && said.mode === "standalone") {
      await connection.call("SELECT", endpoint.database);
    }
    connection.silence = COMMAND_TIMEOUT;
    return { connection, address, ...said, [Symbol.dispose]: () => connection.close() };
  } catch (error) {
    connection.close();
    // It has not said a word: what is spoken there may be TLS.
    const lost = error instanceof ConnectionLost || error instanceof Deno.errors.ConnectionReset;
    throw lost ? new ConnectionLost("the server closed the connection at once") : error;
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", abort);
  }
}

async function logIn(connection: RespConnection, endpoint: RedisEndpoint): Promise<void> {
  if (endpoint.password === "") return;
  const credentials = [endpoint.username, endpoint.password].filter((part) => part !== "");
  await connection.call("AUTH", ...credentials).catch((error: unknown) => {
    // A password for a server that asks for none: it lets everyone in, so we are in.
    if (!/without any password configured|no password is set/i.test(String(error))) throw error;
  });
}

/**
 * Whether a server still has the role that it had when it was connected to; so it is believed of
 * one that does not let itself be asked any more.
 */
export async function keepsRole({ connection, isReplica }: RedisNode): Promise<boolean> {
  try {
    return (await introduction(connection)).isReplica === isReplica;
  } catch (error) {
    if (error instanceof RespError && /^NOPERM|unknown command/i.test(error.message)) return true;
    throw error;
  }
}

/** HELLO is allowed to every user whatever the ACL; INFO serves before 6.0. */
async function introduction(
  connection: RespConnection,
): Promise<Pick<RedisNode, "mode" | "isReplica">> {
  try {
    const reply = await connection.call("HELLO", 2);
    const fields = isList(reply) ? reply.map(textOf) : [];
    const field = (name: string) => fields[fields.indexOf(name) + 1];
    return { mode: modeNamed(field("mode")), isReplica: field("role") === "replica" };
  } catch (error) {
    if (!(error instanceof RespError) || !/unknown command|NOPROTO/i.test(error.message)) {
      throw error;
    }
    const info = textOf(await connection.call("INFO"));
    const mode = modeNamed(/^redis_mode:(\w+)/m.exec(info)?.[1]);
    return { mode, isReplica: /^role:slave/m.test(info) };
  }
}

function modeNamed(mode: string | undefined): RedisNode["mode"] {
  if (mode === "cluster" || mode === "sentinel") return mode;
  if (mode === "standalone") return mode;
  throw new OperationError("What answers there does not say that it is a Redis");
}

/** How many keys a server has; only for the progress, so a user need not be allowed to ask. */
export async function sizeOf({ connection }: RedisNode): Promise<number | undefined> {
  try {
    const keys = await connection.call("DBSIZE");
    return typeof keys === "number" ? keys : undefined;
  } catch (error) {
    if (error instanceof RespError) return undefined;
    throw error;
  }
}

const decoder = new TextDecoder();

/** A reply as a text; empty for one that is none. */
export function textOf(reply: Reply): string {
  if (reply instanceof Uint8Array) return decoder.decode(reply);
  return typeof reply === "string" || typeof reply === "number" ? String(reply) : "";
}
