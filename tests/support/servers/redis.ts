import { service } from "../env.ts";
import { exchange, onFreePort, type Server, startServer } from "./server.ts";
import { tempDir } from "../temp.ts";

/** Options of {@linkcode startRedis}. */
export interface RedisOptions {
  /** The port to listen on; by default a free one. */
  readonly port?: number;
  /** The password that every client needs. */
  readonly password?: string;
  /** More arguments of redis-server. */
  readonly args?: readonly string[];
  /** Arguments for TLS. The server then accepts only TLS. */
  readonly tls?: readonly string[];
  /** The configuration file of a sentinel. With it, the server is one. */
  readonly sentinel?: readonly string[];
}

/** A Redis server that runs until it is disposed of. */
export interface RedisServer extends Server {
  /** With the password, without a database number. */
  readonly url: string;
  readonly port: number;
}

/** The URL of the Redis that all tests of a run share, if there is one. */
export function redisUrl(): string | undefined {
  return Deno.env.get("TEST_REDIS_URL") || undefined;
}

/** Starts an empty Redis on a free port of 127.0.0.1. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const command = service("redis-server");
  return await onFreePort(async (free) => {
    const { port = free } = options;
    const { path: dir } = await tempDir("azu-redis-");
    if (options.sentinel) {
      await Deno.writeTextFile(`${dir}/sentinel.conf`, options.sentinel.join("\n"));
    }
    const server = await startServer({
      command,
      args: redisArgs(port, dir, options),
      dir,
      stopSignal: "TERM",
      readyLine: /ready to accept connections|Sentinel ID is/i,
      answers: () => options.tls ? Promise.resolve(true) : answersPing(port),
    });
    const user = options.password === undefined ? "" : `:${encodeURIComponent(options.password)}@`;
    const scheme = options.tls ? "rediss" : "redis";
    return { ...server, port, url: `${scheme}://${user}127.0.0.1:${port}` };
  });
}

function redisArgs(port: number, dir: string, options: RedisOptions): string[] {
  const ports = options.tls ? ["--port", "0", "--tls-port", `${port}`] : ["--port", `${port}`];
  const args = [...ports, ...options.tls ?? [], "--bind", "127.0.0.1", "--dir", dir];
  if (options.sentinel) return ["sentinel.conf", "--sentinel", ...args];
  args.push("--save", "", "--appendonly", "no");
  if (options.password !== undefined) args.push("--requirepass", options.password);
  return [...args, ...options.args ?? []];
}

async function answersPing(port: number): Promise<boolean> {
  const answer = await exchange(port, new TextEncoder().encode("PING\r\n"));
  return /^(\+PONG|-NOAUTH)/.test(new TextDecoder().decode(answer));
}
