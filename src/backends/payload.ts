/** Reads the facts of a session from its payload. No part of a payload is ever shown. */
import { gunzipSync } from "node:zlib";
import { isRecord } from "../core/record.ts";
import type { Facts } from "../core/selection.ts";
import { sealedIn, SealingSecret } from "./sealing.ts";

/** Where a fact is in a payload: names of properties, from the outside in. */
export type Path = readonly string[];

/** Where facts are in the payload. A fact that is not there is not known from the payload. */
export type PayloadLayout = Partial<Readonly<Record<keyof Facts, Path>>>;

/** What the session shard writes, and the generated `UserSession`. */
export const SHARD_PAYLOAD: PayloadLayout = {
  user: ["user_id"],
  createdAt: ["created_at"],
  visitedAt: ["visited_at"],
  expiresAt: ["expires_at"],
  ip: ["ip"],
  userAgent: ["user_agent"],
};

/**
 * How a payload is packed. Each of the first three may also be packed as those before it: JSON;
 * compressed; sealed by the session shard. `opaque`: it is something else.
 */
export type Packing = "json" | "gzip" | "sealed" | "opaque";

/**
 * What a payload says. `sealed`: it is encrypted, and no secret opens it. `unreadable`: it is
 * neither JSON, nor compressed or sealed JSON.
 */
export type Reading = Partial<Facts> | "sealed" | "unreadable";

/** The JSON in a payload; or why there is none. */
type Opened =
  | { readonly text: string; readonly problem?: never }
  | { readonly text?: never; readonly problem: "sealed" | "unreadable" };

/** Bytes that a compressed payload may have once it is unpacked. */
const LARGEST = 64 * 1024 * 1024;

/** Reads payloads, with the secrets of the app if they are known. */
export class PayloadReader {
  readonly #layout: PayloadLayout;
  readonly #packing: Packing;
  #secrets: readonly SealingSecret[];

  /** @param secrets Those with which the app may have sealed them, the current one first. */
  constructor(layout: PayloadLayout, packing: Packing, secrets: readonly string[]) {
    this.#layout = layout;
    this.#packing = packing;
    this.#secrets = secrets.map((secret) => new SealingSecret(secret));
  }

  /** Whether it looks where the session shard writes, and in no place that a config names. */
  get isUsual(): boolean {
    return this.#layout === SHARD_PAYLOAD;
  }

  get hasSecret(): boolean {
    return this.#secrets.length > 0;
  }

  /** A reader of these facts only: to parse times takes as long as to parse JSON. */
  only(facts: readonly (keyof Facts)[]): PayloadReader {
    const paths = facts.map((fact) => [fact, this.#layout[fact]] as const);
    const layout = Object.fromEntries(paths.filter(([, path]) => path !== undefined));
    const reader = new PayloadReader(layout, this.#packing, []);
    reader.#secrets = this.#secrets;
    return reader;
  }

  read(payload: Uint8Array): Reading {
    if (Object.keys(this.#layout).length === 0) return {}; // nothing to look for
    const { text, problem } = this.#open(payload);
    return text === undefined ? problem : this.#factsIn(text);
  }

  /** See {@linkcode StoredSession.storedIn}: the property `stored_in`, which generated apps write. */
  storedIn(payload: Uint8Array): string | null | undefined {
    const { text } = this.#open(payload);
    const value = text === undefined ? undefined : objectIn(text);
    return value && textOrNull(at(value, ["stored_in"]));
  }

  #open(payload: Uint8Array): Opened {
    const plain = jsonIn(payload, this.#packing !== "json");
    if (plain !== undefined) return { text: plain };
    const sealed = this.#packing === "sealed" ? sealedIn(payload) : undefined;
    if (sealed === undefined) return { problem: "unreadable" };
    for (const secret of this.#secrets) {
      for (const { bytes } of secret.open(sealed)) {
        const text = jsonIn(bytes, true);
        if (text !== undefined) return { text };
      }
    }
    return { problem: "sealed" };
  }

  #factsIn(text: string): Reading {
    const value = objectIn(text);
    if (value === undefined) return "unreadable";
    const { user, createdAt, visitedAt, expiresAt, ip, userAgent } = this.#layout;
    const facts: { -readonly [Name in keyof Facts]?: Facts[Name] } = {};
    if (user !== undefined) {
      const found = userIn(value, user, text);
      if (found !== undefined) facts.user = found;
    }
    for (const [fact, path] of [["createdAt", createdAt], ["visitedAt", visitedAt]] as const) {
      const time = path === undefined ? null : timeOf(at(value, path));
      if (time !== null) facts[fact] = time; // otherwise it is not known
    }
    if (expiresAt !== undefined) facts.expiresAt = timeOf(at(value, expiresAt));
    if (ip !== undefined) facts.ip = textOrNull(at(value, ip));
    if (userAgent !== undefined) facts.userAgent = textOrNull(at(value, userAgent));
    return facts;
  }
}

function objectIn(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function at(value: unknown, path: Path): unknown {
  let found: unknown = value;
  for (const name of path) {
    if (!isRecord(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

/** @returns undefined if there is something else than a number or a text. */
function userIn(value: unknown, path: Path, json: string): string | null | undefined {
  const user = at(value, path);
  if (user === undefined || user === null || user === "") return null;
  if (typeof user === "string") return user;
  if (typeof user !== "number") return undefined;
  return Number.isSafeInteger(user) ? String(user) : sourceOf(json, path);
}

/** A number as it is written: JavaScript cannot hold all 64-bit ids. */
function sourceOf(json: string, path: Path): string | undefined {
  const exact = JSON.parse(json, (_key, value: unknown, context?: { source?: string }) => {
    return typeof value === "number" && context?.source !== undefined ? context.source : value;
  });
  const source = at(exact, path);
  return typeof source === "string" ? source : undefined;
}

/** Seconds since 1970 are below this, and milliseconds above it: both mean a time since 1973. */
const SECONDS_BELOW = 100_000_000_000;

/** A time as a text of ISO 8601, or as a number of seconds or milliseconds since 1970. */
function timeOf(value: unknown): number | null {
  if (typeof value === "number") {
    return Math.floor(Math.abs(value) < SECONDS_BELOW ? value * 1000 : value);
  }
  const time = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? null : time;
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The text of a JSON object, maybe compressed; undefined if it is anything else. */
export function jsonIn(payload: Uint8Array, mayBeGzip: boolean): string | undefined {
  try {
    const isGzip = mayBeGzip && payload[0] === 0x1f && payload[1] === 0x8b;
    const bytes = isGzip ? gunzipSync(payload, { maxOutputLength: LARGEST }) : payload;
    return bytes[0] === 0x7b ? utf8.decode(bytes) : undefined; // begins with {
  } catch {
    return undefined;
  }
}
