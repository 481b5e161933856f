/** Selections of sessions, as data: built from the options of a command, and put into words. */
import { BlockList, isIP } from "node:net";
import { UsageError } from "./errors.ts";
import { listed, printable } from "./text.ts";

/** What is known about a session besides its handle. Times are in milliseconds since 1970. */
export interface Facts {
  /** Null if nobody is logged in. */
  readonly user: string | null;
  readonly createdAt: number | null;
  /** When it was last visited, as precisely as the app records it. */
  readonly visitedAt: number | null;
  /** Null if it never expires. */
  readonly expiresAt: number | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

export type Fact = keyof Facts;

export const timeFacts = ["createdAt", "visitedAt", "expiresAt"] as const;

export type TimeFact = typeof timeFacts[number];

/** A condition that a session meets or not. A fact that is null meets only those that say so. */
export type Condition =
  | { readonly fact: "user"; readonly oneOf: readonly string[] }
  /** Also met by sessions without a user. */
  | { readonly fact: "user"; readonly noneOf: readonly string[] }
  | { readonly fact: "user" | "expiresAt"; readonly isNull: boolean }
  /** Before this time, exclusively. */
  | { readonly fact: TimeFact; readonly before: number }
  /** At this time or later; with `orNull`, or never. */
  | { readonly fact: TimeFact; readonly from: number; readonly orNull?: boolean }
  /** In one of these networks: an address, or CIDR. */
  | { readonly fact: "ip"; readonly networks: readonly string[] }
  | { readonly fact: "handle"; readonly oneOf: readonly string[] };

/** A session is selected if it meets all conditions. Without any, all sessions are. */
export type Selection = readonly Condition[];

/** What the options of a command say. Durations are in milliseconds. */
export interface SelectionOptions {
  readonly user?: readonly string[] | undefined;
  readonly exceptUser?: readonly string[] | undefined;
  readonly anonymous?: boolean | undefined;
  readonly loggedIn?: boolean | undefined;
  readonly live?: boolean | undefined;
  readonly expired?: boolean | undefined;
  readonly expiry?: boolean | undefined;
  readonly olderThan?: number | undefined;
  readonly idle?: number | undefined;
  readonly createdBefore?: number | undefined;
  readonly createdAfter?: number | undefined;
  readonly expiresWithin?: number | undefined;
  readonly ip?: readonly string[] | undefined;
  readonly handle?: readonly string[] | undefined;
}

/** Options of which a session meets one at most. */
const CONTRARY = [
  ["--user", "--anonymous"],
  ["--logged-in", "--anonymous"],
  ["--live", "--expired"],
  ["--expired", "--no-expiry"],
  ["--expired", "--expires-within"],
  ["--no-expiry", "--expires-within"],
] as const;

/**
 * The selection of a command's options.
 * @param now The time that relative options start from, in milliseconds.
 * @throws {UsageError} if two options contradict each other.
 */
export function selectionOf(options: SelectionOptions, now: number): Selection {
  checkContrary(options);
  const { user, exceptUser, ip, handle, olderThan, idle, expiresWithin } = options;
  const { createdBefore, createdAfter } = options;
  const conditions: (Condition | false | undefined)[] = [
    user && { fact: "user", oneOf: user },
    exceptUser && { fact: "user", noneOf: exceptUser },
    options.anonymous && { fact: "user", isNull: true },
    options.loggedIn && { fact: "user", isNull: false },
    options.live && { fact: "expiresAt", from: now, orNull: true },
    options.expired && { fact: "expiresAt", before: now },
    options.expiry === false && { fact: "expiresAt", isNull: true },
    olderThan !== undefined && { fact: "createdAt", before: now - olderThan },
    idle !== undefined && { fact: "visitedAt", before: now - idle },
    createdBefore !== undefined && { fact: "createdAt", before: createdBefore },
    createdAfter !== undefined && { fact: "createdAt", from: createdAfter },
    ...(expiresWithin === undefined ? [] : [
      { fact: "expiresAt", from: now } as const,
      { fact: "expiresAt", before: now + expiresWithin } as const,
    ]),
    ip && { fact: "ip", networks: ip },
    handle && { fact: "handle", oneOf: handle },
  ];
  return conditions.filter((condition) => condition !== undefined && condition !== false);
}

function checkContrary(options: SelectionOptions): void {
  const given = new Set([
    ...(options.user ? ["--user"] : []),
    ...(options.anonymous ? ["--anonymous"] : []),
    ...(options.loggedIn ? ["--logged-in"] : []),
    ...(options.live ? ["--live"] : []),
    ...(options.expired ? ["--expired"] : []),
    ...(options.expiry === false ? ["--no-expiry"] : []),
    ...(options.expiresWithin === undefined ? [] : ["--expires-within"]),
  ]);
  const found = CONTRARY.find((pair) => pair.every((option) => given.has(option)));
  if (found === undefined) return;
  throw new UsageError(`No session can be selected by both ${found[0]} and ${found[1]}`);
}

/** The facts that a selection needs. A handle can always be told. */
export function factsOf(selection: Selection): readonly Fact[] {
  const facts = selection.flatMap(({ fact }) => fact === "handle" ? [] : [fact]);
  return [...new Set(facts)];
}

const FACT_NAMES: Readonly<Record<Fact, string>> = {
  user: "the user",
  createdAt: "when a session was created",
  visitedAt: "when a session was last visited",
  expiresAt: "when a session expires",
  ip: "the IP address",
  userAgent: "the user agent",
};

/** Facts in words, for a sentence. */
export function factNames(facts: readonly Fact[], conjunction: "or" | "and"): string {
  return listed(facts.map((fact) => FACT_NAMES[fact]), conjunction);
}

/**
 * A session as a selection sees it. A fact that is undefined is not known: such a session meets no
 * condition on it.
 */
export type Candidate = { readonly [Name in Fact]: Facts[Name] | undefined } & {
  readonly handle: string;
};

/**
 * Whether a session does not tell a fact. Every visitor has an address and most have a browser, so
 * an app that saved none has not recorded it.
 */
export function isUntold(candidate: Candidate, fact: Fact): boolean {
  const value = candidate[fact];
  if (fact === "ip" || fact === "userAgent") {
    return value === null || value === "" || value === undefined;
  }
  return value === undefined;
}

/** Makes the test that tells whether a session is selected. */
export function matcherOf(selection: Selection): (candidate: Candidate) => boolean {
  const tests = selection.map(testOf);
  return (candidate) => tests.every((test) => test(candidate));
}

function testOf(condition: Condition): (candidate: Candidate) => boolean {
  if ("networks" in condition) {
    const networks = networksOf(condition.networks);
    return ({ ip }) => isKnown(ip) && isIn(networks, ip);
  }
  if ("oneOf" in condition) {
    const values = new Set(condition.oneOf);
    return condition.fact === "handle"
      ? ({ handle }) => values.has(handle)
      : ({ user }) => isKnown(user) && values.has(user);
  }
  if ("noneOf" in condition) {
    const users = new Set(condition.noneOf);
    return ({ user }) => user === null || isKnown(user) && !users.has(user);
  }
  const { fact } = condition;
  if ("isNull" in condition) {
    const { isNull } = condition;
    return (candidate) => candidate[fact] !== undefined && (candidate[fact] === null) === isNull;
  }
  const timeOf = (candidate: Candidate) => candidate[condition.fact];
  if ("before" in condition) {
    return (candidate) => {
      const time = timeOf(candidate);
      return isKnown(time) && time < condition.before;
    };
  }
  const { from, orNull = false } = condition;
  return (candidate) => {
    const time = timeOf(candidate);
    return time === null ? orNull : isKnown(time) && time >= from;
  };
}

function isKnown<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

/** @throws {UsageError} if one of them is neither an address nor a network. */
export function networksOf(texts: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const text of texts) {
    const [, address = "", bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const family = familyOf(address);
    const most = family === "ipv4" ? 32 : 128;
    const prefix = Number(bits ?? most);
    if (family === undefined || prefix > most) {
      throw new UsageError(
        `"${printable(text)}" is neither an IP address nor a network such as 10.0.0.0/8`,
      );
    }
    networks.addSubnet(address, prefix, family);
  }
  return networks;
}

function isIn(networks: BlockList, address: string): boolean {
  const family = familyOf(address);
  return family !== undefined && networks.check(address, family);
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  if (address.includes("%")) return undefined; // a zone has a meaning on one machine only
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? "ipv4" : "ipv6";
}

/** More names than this are counted instead of listed. */
const MOST_NAMES = 3;

/** A selection in words, for a sentence: `of the user 42, created before 2026-11-28T03:00:00Z`. */
export function inWords(selection: Selection): string {
  return selection.map(conditionInWords).join(", ");
}

const TIMES = { createdAt: "created", visitedAt: "last visited", expiresAt: "expiring" } as const;

function conditionInWords(condition: Condition): string {
  if ("networks" in condition) return `from ${names("address", condition.networks, "networks")}`;
  if ("noneOf" in condition) return `not of ${names("the user", condition.noneOf, "users")}`;
  if ("oneOf" in condition) {
    return condition.fact === "handle"
      ? `with ${names("the handle", condition.oneOf, "handles")}`
      : `of ${names("the user", condition.oneOf, "users")}`;
  }
  if ("isNull" in condition) {
    if (condition.fact === "user") return condition.isNull ? "without a user" : "logged in";
    return condition.isNull ? "that never expire" : "that expire";
  }
  const what = TIMES[condition.fact];
  if ("before" in condition) return `${what} before ${timeText(condition.before)}`;
  if (condition.orNull) return `not expired at ${timeText(condition.from)}`;
  return `${what} at or after ${timeText(condition.from)}`;
}

function names(one: string, values: readonly string[], many: string): string {
  if (values.length > MOST_NAMES) return `one of ${values.length} ${many}`;
  return `${one} ${listed(values)}`;
}

/** A time in messages: to the second, in UTC. */
export function timeText(milliseconds: number): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return "a time out of range";
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
