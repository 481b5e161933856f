import { redactUrl } from "../core/redact.ts";
import { printable } from "../core/text.ts";

export const REDIS_URL_SHAPE = "redis://[<user>:<password>@]<host>[:<port>][/<number>]";

/** What the app takes: the redis shard logs in as the default user only. */
export const APP_REDIS_URL_SHAPE = "redis://[:<password>@]<host>[:<port>][/<number>]";

/** Where a Redis server is and who asks. */
export interface RedisEndpoint {
  /** Redacted, for messages. */
  readonly address: string;
  /** As configured, with credentials: never for messages. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly database: number;
  readonly tls: boolean;
}

/** What keeps a text from being a Redis URL, without repeating its credentials. */
export function redisUrlProblem(candidate: string): string | undefined {
  const expected = `expected ${REDIS_URL_SHAPE} (or rediss:// for TLS)`;
  if (!/^rediss?:\/\//i.test(candidate)) {
    return `${expected}, got ${printable(redactUrl(candidate))}`;
  }
  const parsed = URL.parse(candidate);
  if (parsed === null || parsed.pathname.includes("@") || !decodable(parsed)) {
    return `${expected}, got ${printable(redactUrl(candidate))}; ` +
      "special characters in user and password must be percent-encoded";
  }
  if (parsed.username !== "" && parsed.password === "") {
    return `${expected}, got a user (or a misplaced password) without a password`;
  }
  if (!/^\/?\d{0,5}$/.test(parsed.pathname)) {
    return `${expected}, got the database ${printable(parsed.pathname.slice(1))}, not a number`;
  }
  if (parsed.search !== "" || parsed.hash !== "") {
    return `${expected}, got parameters behind ? or #, which Redis URLs do not have`;
  }
  return undefined;
}

function decodable(parsed: URL): boolean {
  try {
    decodeURIComponent(parsed.username);
    decodeURIComponent(parsed.password);
    return true;
  } catch {
    return false;
  }
}

/** The parts of a URL that {@link redisUrlProblem} finds nothing wrong with. */
export function parseRedisUrl(valid: string): RedisEndpoint {
  const parsed = new URL(valid);
  return {
    address: redactUrl(valid),
    url: valid,
    host: parsed.hostname === "" ? "localhost" : parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: parsed.port === "" ? 6379 : Number(parsed.port),
    username: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: Number(parsed.pathname.slice(1)),
    tls: parsed.protocol === "rediss:",
  };
}
