import { service } from "./env.ts";
import { exchange, onFreePort, type Server, startServer } from "./server.ts";
import { tempDir } from "./temp.ts";

/** Options of {@linkcode startRedis}. */
export interface RedisOptions {
  /** Where it is to listen, as another did before it; a free port where nothing is said. */
  readonly port?: number;
  /** Asked of every client when given. */
  readonly password?: string;
  /** More arguments of redis-server. */
  readonly args?: readonly string[];
  /** Arguments for TLS, which makes it speak nothing else. */
  readonly tls?: readonly string[];
  /** The lines of a configuration file, which makes it a sentinel. */
  readonly sentinel?: readonly string[];
}

/** A Redis server that runs until it is disposed of. */
export interface RedisServer extends Server {
  /** Where it answers, with the password, without a database. */
  readonly url: string;
  readonly port: number;
}

/** The address of the Redis that the whole run shares, if there is one. */
export function redisUrl(): string | undefined {
  return Deno.env.get("TEST_REDIS_URL") || undefined;
}

/** Starts an empty Redis of the caller's own on a free port of 127.0.0.1. */
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
