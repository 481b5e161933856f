import { redactUrl } from "../../core/redact.ts";
import { decodable } from "../../core/url.ts";
import { printable } from "../../core/text.ts";

export const REDIS_URL_SHAPE = "redis://[<user>:<password>@]<host>[:<port>][/<number>]";

/** What the app accepts: the redis shard can log in only as the default user. */
export const APP_REDIS_URL_SHAPE = "redis://[:<password>@]<host>[:<port>][/<number>]";

export const SENTINEL_URL_SHAPE =
  "redis+sentinel://[<user>:<password>@]<host>[:<port>][,<host>[:<port>]...]/<master>[/<number>]";

/** Where one server listens. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** The address as messages show it. */
export function nameOf({ host, port }: NodeAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

export interface RedisEndpoint {
  /** Redacted, for messages. */
  readonly address: string;
  /** As configured, with credentials: never show it. */
  readonly url: string;
  /** The server, nodes of the cluster, or sentinels; at least one. */
  readonly nodes: readonly [NodeAddress, ...NodeAddress[]];
  readonly username: string;
  readonly password: string;
  readonly database: number;
  readonly tls: boolean;
  /** The sentinels' name for the master; undefined without sentinels. */
  readonly sentinelMaster?: string;
}

/** Why a text is not a valid Redis URL, without its credentials; undefined if it is valid. */
export function redisUrlProblem(candidate: string): string | undefined {
  const sentinel = /^rediss?\+sentinel:/i.test(candidate);
  const shape = sentinel ? SENTINEL_URL_SHAPE : REDIS_URL_SHAPE;
  const expected = `expected ${shape} (or rediss${sentinel ? "+sentinel" : ""}:// for TLS)`;
  const parts = partsOf(candidate);
  if (parts === undefined) return `${expected}, got ${printable(redactUrl(candidate))}`;
  const parsed = parts.hosts.map((host) => urlOf(parts, host));
  if (parsed.some((url) => url === null || !decodable(url))) {
    return `${expected}, got ${printable(redactUrl(candidate))}; ` +
      "special characters in user and password must be percent-encoded";
  }
  if (parts.hosts.length > 1 && parsed.some((url) => url?.hostname === "")) {
    return `${expected}, got a list of hosts with one that has no name`;
  }
  const [first] = parsed;
  if (first?.username !== "" && first?.password === "") {
    return `${expected}, got a user (or a misplaced password) without a password`;
  }
  if (parts.rest.includes("?") || parts.rest.includes("#")) {
    return `${expected}, got parameters behind ? or #, which Redis URLs do not have`;
  }
  return pathProblem(parts, expected);
}

function pathProblem({ rest, sentinel }: UrlParts, expected: string): string | undefined {
  if (sentinel) {
    if (/^\/[^/]+(\/\d{0,5})?$/.test(rest)) {
      const name = decoded(rest.split("/")[1] ?? "");
      return name === undefined ? `${expected}, got a name that is not percent-encoded` : undefined;
    }
    return `${expected}, got no name of a master behind the hosts`;
  }
  if (/^\/?\d{0,5}$/.test(rest)) return undefined;
  return `${expected}, got the database ${printable(rest.slice(1))}, not a number`;
}

interface UrlParts {
  readonly tls: boolean;
  readonly sentinel: boolean;
  /** Including the `@`; may be empty. */
  readonly userinfo: string;
  readonly hosts: readonly string[];
  /** From the first `/` after the hosts. */
  readonly rest: string;
}

function partsOf(candidate: string): UrlParts | undefined {
  const match = /^(rediss?)(\+sentinel)?:\/\/([^/?#]*@)?([^/?#@]*)([^@]*)$/i.exec(candidate);
  if (match === null) return undefined;
  const [, scheme = "", sentinel, userinfo = "", hosts = "", rest = ""] = match;
  return {
    tls: scheme.toLowerCase() === "rediss",
    sentinel: sentinel !== undefined,
    userinfo,
    hosts: hosts.split(","),
    rest,
  };
}

/** With only one of its hosts, it is an ordinary URL. */
function urlOf({ userinfo }: UrlParts, host: string): URL | null {
  return URL.parse(`redis://${userinfo}${host}`);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Parses a URL that {@linkcode redisUrlProblem} accepts.
 * @throws {TypeError} for any other.
 */
export function parseRedisUrl(valid: string): RedisEndpoint {
  const parts = partsOf(valid);
  if (parts === undefined) throw new TypeError("not a Redis URL");
  const [first, ...others] = parts.hosts.map((host) => addressOf(host, parts));
  if (first === undefined) throw new TypeError("not a Redis URL");
  const { username = "", password = "" } = urlOf(parts, parts.hosts[0] ?? "") ?? {};
  const [, name = "", number = ""] = parts.sentinel
    ? parts.rest.split("/")
    : ["", "", parts.rest.slice(1)];
  return {
    address: redactUrl(valid),
    url: valid,
    nodes: [first, ...others],
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: Number(number),
    tls: parts.tls,
    ...(parts.sentinel ? { sentinelMaster: decodeURIComponent(name) } : {}),
  };
}

function addressOf(host: string, parts: UrlParts): NodeAddress {
  const { hostname = "", port = "" } = urlOf(parts, host) ?? {};
  return {
    host: hostname === "" ? "localhost" : hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (parts.sentinel ? 26_379 : 6379) : Number(port),
  };
}

/** The glob that matches exactly the keys with a literal prefix. */
export function prefixPattern(prefix: string): string {
  return `${prefix.replace(/[\\*?[\]]/g, (character) => `\\${character}`)}*`;
}
