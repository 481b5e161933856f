import {
  addressOf,
  bracketed,
  decoded,
  expecting,
  type Host,
  parseUrl,
  type UrlParts,
  type Wrong,
} from "../../core/connection_url.ts";

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
  return `${bracketed(host)}:${port}`;
}

export interface RedisEndpoint {
  /** Redacted, for messages. */
  readonly address: string;
  /** The server, nodes of the cluster, or sentinels; at least one. */
  readonly nodes: readonly [NodeAddress, ...NodeAddress[]];
  readonly username: string;
  readonly password: string;
  readonly database: number;
  readonly tls: boolean;
  /** The sentinels' name for the master; undefined without sentinels. */
  readonly sentinelMaster?: string;
  /** The login of the sentinels themselves, if the URL has one. */
  readonly sentinelLogin?: { readonly username: string; readonly password: string };
}

/** @throws {UrlProblem} if the text is not a usable URL. */
export function parseRedisUrl(text: string): RedisEndpoint {
  return /^rediss?\+sentinel:/i.test(text) ? sentinelsOf(text) : serversOf(text);
}

function serversOf(text: string): RedisEndpoint {
  const shape = `${REDIS_URL_SHAPE} (or rediss:// for TLS)`;
  const parts = parseUrl(text, { shape, schemes: ["redis", "rediss"], takesHosts: true });
  const wrong = expecting(shape);
  checkLogin(parts, wrong);
  const database = parts.path.slice(1);
  if (!/^\d{0,5}$/.test(database)) throw wrong("a database that is not a number");
  return {
    ...endpointOf(parts, 6379),
    database: Number(database),
    tls: parts.scheme === "rediss",
  };
}

function sentinelsOf(text: string): RedisEndpoint {
  const shape = `${SENTINEL_URL_SHAPE} (or rediss+sentinel:// for TLS)`;
  const parts = parseUrl(text, {
    shape,
    schemes: ["redis+sentinel", "rediss+sentinel"],
    takesHosts: true,
    parameters: ["sentinelUsername", "sentinelPassword"],
  });
  const wrong = expecting(shape);
  checkLogin(parts, wrong);
  const [, name = "", database = ""] = /^\/([^/]+)(?:\/(\d{0,5}))?$/.exec(parts.path) ?? [];
  if (name === "") throw wrong("no name of a master behind the hosts");
  const sentinelMaster = decoded(name);
  if (sentinelMaster === undefined) throw wrong('a "%" that encodes nothing; write it as %25');
  const username = parts.parameters.get("sentinelUsername") ?? "";
  const password = parts.parameters.get("sentinelPassword") ?? "";
  if (username !== "" && password === "") throw wrong("a sentinelUsername without a password");
  return {
    ...endpointOf(parts, 26_379),
    database: Number(database),
    tls: parts.scheme === "rediss+sentinel",
    sentinelMaster,
    ...(password === "" ? {} : { sentinelLogin: { username, password } }),
  };
}

/** A single name before the "@" may be a misplaced password; an empty host, an unset variable. */
function checkLogin({ user, password, hosts }: UrlParts, wrong: Wrong): void {
  if (user !== "" && password === "") {
    throw wrong("a user (or a misplaced password) without a password");
  }
  if (password !== "" && hosts.some(({ name }) => name === "")) {
    throw wrong("a password without a host");
  }
}

function endpointOf(parts: UrlParts, defaultPort: number) {
  const [first, ...others] = parts.hosts;
  const hostOf = ({ name }: Host) => name === "" ? "localhost" : name;
  const addressIn = (host: Host) => ({ host: hostOf(host), port: host.port ?? defaultPort });
  const named = (host: Host) => ({ ...host, name: hostOf(host) });
  return {
    address: addressOf({ ...parts, hosts: [named(first), ...others.map(named)] }),
    nodes: [addressIn(first), ...others.map(addressIn)] as const,
    username: parts.user,
    password: parts.password,
  };
}

/**
 * A glob that matches all keys with a literal prefix, and only them unless the prefix contains one
 * of `* ? [ ] \\`. Each of these becomes a `?`: not every server knows the backslash.
 */
export function prefixPattern(prefix: string): string {
  return `${prefix.replace(/[\\*?[\]]/g, "?")}*`;
}
