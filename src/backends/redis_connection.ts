// ioredis is imported here and nowhere else: this module is loaded only when a store is opened.
import { Redis } from "ioredis";
import { ImpossibleError } from "../core/errors.ts";
import { explainRedisError } from "./redis_errors.ts";
import type { RedisEndpoint } from "./redis_url.ts";

/** Milliseconds to connect, to authenticate and to select the database, all together. */
const CONNECT_TIMEOUT = 5000;

/** Milliseconds for one command; a SCAN or UNLINK of a thousand keys takes a few. */
const COMMAND_TIMEOUT = 15_000;

/**
 * Connects, authenticates and selects the database, each by a command of our own: the driver
 * would go on with database 0 when the selection fails.
 * @throws {AzuError} when the server cannot be reached, refuses, or is part of a cluster.
 */
export async function connectRedis(endpoint: RedisEndpoint, signal: AbortSignal): Promise<Redis> {
  signal.throwIfAborted();
  const redis = new Redis({
    host: endpoint.host,
    port: endpoint.port,
    ...(endpoint.tls ? { tls: isAddress(endpoint.host) ? {} : { servername: endpoint.host } } : {}),
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT,
    commandTimeout: COMMAND_TIMEOUT,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  // connect() rejects with a bare "Connection is closed."; the reason is in the last error event.
  let reason: unknown;
  redis.on("error", (error: unknown) => reason = error);
  const abort = () => redis.disconnect();
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => {
    reason = new Error("timed out");
    redis.disconnect();
  }, CONNECT_TIMEOUT);
  try {
    await redis.connect();
    await introduce(redis, endpoint);
    return redis;
  } catch (error) {
    redis.disconnect();
    signal.throwIfAborted();
    throw explainRedisError(reason ?? error, endpoint);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** TLS knows servers by name; an address is none. */
function isAddress(host: string): boolean {
  return host.includes(":") || /^[\d.]+$/.test(host);
}

async function introduce(redis: Redis, endpoint: RedisEndpoint): Promise<void> {
  if (endpoint.password !== "") {
    const credentials = [endpoint.username, endpoint.password].filter((part) => part !== "");
    await redis.call("AUTH", ...credentials).catch((error: unknown) => {
      // A password for a server that asks for none: it lets everyone in, so we are in.
      if (!/without any password configured|no password is set/i.test(String(error))) throw error;
    });
  }
  if (endpoint.database !== 0) await redis.select(endpoint.database);
  if (await isClusterNode(redis)) {
    throw new ImpossibleError(
      `The Redis at ${endpoint.address} is a node of a cluster: clearing it would leave the ` +
        "sessions on the other nodes",
      { hint: "This version works on a standalone Redis only" },
    );
  }
}

/** HELLO is allowed to every user whatever the ACL, and tells the mode; INFO serves before 6.0. */
async function isClusterNode(redis: Redis): Promise<boolean> {
  try {
    const reply = await redis.call("HELLO", "2");
    return Array.isArray(reply) && reply[reply.indexOf("mode") + 1] === "cluster";
  } catch (error) {
    if (!/unknown command|NOPROTO/i.test(String(error))) throw error;
    return (await redis.info("cluster")).includes("cluster_enabled:1");
  }
}
