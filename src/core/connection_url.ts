/**
 * Connection URLs, read as the app reads them: with Crystal's `URI` (`uri_parser.cr`). What Crystal
 * and other tools read differently is refused. No problem repeats any part of a URL but the name of
 * a parameter, because a part may belong to a password.
 */
import { nearest } from "./nearest.ts";
import { listed, printable } from "./text.ts";

export interface Host {
  /** Without brackets; may be empty. */
  readonly name: string;
  readonly port: number | undefined;
}

export interface UrlParts {
  /** In lower case. */
  readonly scheme: string;
  /** Decoded; empty if the URL has none. */
  readonly user: string;
  readonly password: string;
  readonly hosts: readonly [Host, ...Host[]];
  /** As written, from the first `/` on: Crystal does not decode it. */
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** What the parts of a kind of URL may be. */
export interface UrlRules {
  /** For messages: `redis://<host>…` */
  readonly shape: string;
  /** Schemes in lower case, without `://`. */
  readonly schemes: readonly string[];
  /** Whether there may be several hosts, with commas between them. */
  readonly takesHosts?: boolean;
  /** The parameters that azu understands, and those that concern only the app. */
  readonly parameters?: readonly string[];
  /** What to do instead of a parameter that neither the app nor azu reads. */
  readonly instead?: Readonly<Record<string, string>>;
}

/** Why a text is not a usable URL. */
export class UrlProblem extends Error {}

const ENCODE = "write # / ? @ : + in a user or password as %23 %2F %3F %40 %3A %2B";

/** @throws {UrlProblem} */
export function parseUrl(text: string, rules: UrlRules): UrlParts {
  const wrong = expecting(rules.shape);
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  if (!rules.schemes.includes(scheme.toLowerCase())) throw wrong(beginningOf(text));
  if (/[\s\p{Cc}]/u.test(rest)) throw wrong(`a blank or control character; write a blank as %20`);
  if (rest.includes("#")) throw wrong(`a "#", at which a URL ends; ${ENCODE}`);
  const [, authority = "", path = "", query = ""] = /^([^/?]*)([^?]*)\??(.*)$/.exec(rest) ?? [];
  if (/@/.test(path + query)) throw wrong(`an "@" behind the host; ${ENCODE}`);
  const at = authority.lastIndexOf("@");
  const login = authority.slice(0, Math.max(0, at)).split(":");
  if (login.length > 2 || /[@+]/.test(login.join())) {
    throw wrong(`a ":", "@" or "+" in the user or password; ${ENCODE}`);
  }
  const [user, password = ""] = login.map((part) => {
    const plain = decoded(part);
    if (plain === undefined) throw wrong(`a "%" that encodes nothing; write it as %25`);
    return plain;
  });
  const [first, ...others] = authority.slice(at + 1).split(",").map((host) => hostOf(host, wrong));
  if (first === undefined) throw wrong("no host");
  if (others.length > 0 && !rules.takesHosts) throw wrong("several hosts");
  if (others.length > 0 && [first, ...others].some(({ name }) => name === "")) {
    throw wrong("a list of hosts with one that has no name");
  }
  return {
    scheme: scheme.toLowerCase(),
    ...{ user: user ?? "", password, hosts: [first, ...others], path },
    parameters: parametersOf(query, rules, wrong),
  };
}

/** Says how a text begins, if that is a known scheme. Any other may be a part of a password. */
export function beginningOf(text: string): string {
  const [, scheme = ""] = /^([a-z0-9+]+):\/\//i.exec(text) ?? [];
  return SCHEMES.includes(scheme.toLowerCase())
    ? `a URL that begins with ${scheme.toLowerCase()}://`
    : "a text that does not begin so";
}

const SCHEMES = [
  ...["redis", "rediss", "redis+sentinel", "rediss+sentinel", "valkey", "valkeys", "unix"],
  ...["postgres", "postgresql", "mysql", "mysql2", "mariadb", "sqlite", "sqlite3", "http", "https"],
];

/** Makes the problem of a URL from what it has instead. */
export type Wrong = (got: string) => UrlProblem;

export function expecting(shape: string): Wrong {
  return (got) => new UrlProblem(`expected ${shape}, got ${got}`);
}

function hostOf(text: string, wrong: Wrong): Host {
  const [, bracketed, plain = "", port = ""] =
    /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^:[\]]*))(?::(.*))?$/i.exec(text) ?? [];
  if (bracketed === undefined && /^[0-9a-f:.]*:[0-9a-f:.]*:/i.test(text)) {
    throw wrong("an IPv6 address without brackets; write [::1]");
  }
  if (port !== "" && !/^\d+$/.test(port)) throw wrong(`a port that is not a number; ${ENCODE}`);
  if (port !== "" && !(Number(port) >= 1 && Number(port) <= 65_535)) {
    throw wrong("a port that is not between 1 and 65535");
  }
  const name = bracketed ?? plain;
  if (name === "" && port !== "") throw wrong(`a port without a host; ${ENCODE}`);
  if (bracketed === undefined && !/^[\p{L}\p{N}._-]*$/u.test(plain)) {
    throw wrong(`a host with characters that host names do not have; ${ENCODE}`);
  }
  if (bracketed === undefined && text.includes("[")) throw wrong("an invalid IPv6 address");
  return { name, port: port === "" ? undefined : Number(port) };
}

/** @throws {UrlProblem} for a parameter that the rules do not name, or that is there twice. */
export function parametersOf(
  query: string,
  { parameters = [], instead = {} }: Pick<UrlRules, "parameters" | "instead">,
  wrong: Wrong,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (query === "") return found;
  for (const [name, value] of new URLSearchParams(query)) {
    const shown = /^[\w.-]{1,40}$/.test(name) ? `the parameter "${name}"` : "a parameter";
    if (found.has(name)) throw wrong(`${shown} twice`);
    found.set(name, value);
    if (parameters.includes(name)) continue;
    const meant = nearest(name, parameters);
    const advice = instead[name] ?? (meant === undefined ? undefined : `did you mean ${meant}?`) ??
      (parameters.length === 0 ? "these URLs have none" : `known: ${listed(parameters, "and")}`);
    throw wrong(`${shown}, which the app does not read; ${advice}`);
  }
  return found;
}

/** A text without percent-encoding; undefined if it is not valid. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Why a text cannot be parsed; undefined if it can. */
export function problemIn(parse: (text: string) => unknown, text: string): string | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    if (error instanceof UrlProblem) return error.message;
    throw error;
  }
}

/** @throws {UrlProblem} if a parameter has another value. */
export function oneOfParameter<const T extends string>(
  { parameters }: UrlParts,
  name: string,
  values: readonly T[],
  read: (value: string) => string = (value) => value,
): T | undefined {
  const value = parameters.get(name);
  if (value === undefined) return undefined;
  const found = values.find((known) => read(known) === read(value));
  if (found === undefined) throw new UrlProblem(`expected ${name} to be ${listed(values)}`);
  return found;
}

/** A URL for messages: without its password, and with these parameters only. */
export function addressOf(parts: UrlParts, parameters: readonly string[] = []): string {
  const { scheme, user, password, hosts, path } = parts;
  const login = user === "" && password === ""
    ? ""
    : `${encodeURIComponent(user)}${password === "" ? "" : ":***"}@`;
  const places = hosts.map(({ name, port }) => {
    return `${bracketed(name)}${port === undefined ? "" : `:${port}`}`;
  });
  const shown = parameters.flatMap((name) => {
    const value = parts.parameters.get(name);
    return value === undefined ? [] : [`${name}=${value}`];
  });
  const query = shown.length === 0 ? "" : `?${shown.join("&")}`;
  return printable(`${scheme}://${login}${places.join(",")}${path}${query}`);
}

/** A host name as it is written in a URL. */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
