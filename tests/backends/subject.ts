/** What the conformance suite is asked of: a real server, and places for sessions on it. */
import { deepStrictEqual } from "node:assert/strict";
import type { Backend, ClearCounts } from "../../src/backends/contract.ts";
import type { Fact, Facts } from "../../src/core/selection.ts";

/** A place for sessions, with neighbours that nothing may touch. It is looked at from outside. */
export interface Fixture extends AsyncDisposable {
  readonly backend: Backend;
  /** Puts so many sessions, which differ from those that {@link insert} puts. */
  put(count: number): Promise<void>;
  /** Puts one session, as an app does, whose payload is these bytes. */
  insert(payload?: Uint8Array): Promise<void>;
  /** Saves again, as an app does, those sessions of {@link put} with these numbers that are there. */
  update(from: number, upTo: number): Promise<void>;
  /** How many there are of those that {@link put} made. */
  old(): Promise<number>;
  /** Whether sessions that are new can be told from those of the start; default true. */
  readonly tellsNew?: boolean;
  /** What sessions can be, for the questions about selections; undefined if none can be asked. */
  readonly selectable?: Selectable;
  /** Whether {@link insert} stores a payload in another form than it is given. */
  readonly packsPayloads?: boolean;
  /** Whether sessions can be copied into it. */
  readonly takesCopies: boolean;
  /** Puts what else the store can hold where sessions are; says how much that is. */
  putOdd(): Promise<number>;
  /** The number of sessions, and a fingerprint of everything else in the same store. */
  look(): Promise<{ sessions: number; neighbours: unknown }>;
}

/** A session as an app saves it. */
export interface SavedSession extends Facts {
  readonly id: string;
}

export interface Selectable {
  /** How many cases of each kind of selection are worth the time. */
  readonly cases: number;
  /** Whether sessions can be there that have expired. */
  readonly keepsExpired: boolean;
  /** Whether sessions can be there that never expire. */
  readonly keepsForever: boolean;
  /** The facts that the store cannot tell; default: none. */
  readonly untold?: readonly Fact[];
  /** What is left of a session once it is saved; default: all of it. */
  kept?(session: SavedSession): SavedSession;
  /** Saves sessions as an app does. */
  save(sessions: readonly SavedSession[]): Promise<void>;
  /** The ids of all sessions. */
  ids(): Promise<readonly string[]>;
}

/** The payload of a session as the generated app writes it. */
export function payloadOf({ id, ...facts }: SavedSession): string {
  const time = (ms: number | null) => ms === null ? null : new Date(ms).toISOString();
  return JSON.stringify({
    session_id: id,
    created_at: time(facts.createdAt),
    expires_at: time(facts.expiresAt),
    visited_at: time(facts.visitedAt),
    user_id: facts.user === null || !/^\d{1,15}$/.test(facts.user)
      ? facts.user
      : Number(facts.user),
    ...(facts.ip === null ? {} : { ip: facts.ip }),
    ...(facts.userAgent === null ? {} : { user_agent: facts.userAgent }),
  });
}

/** A server that runs, or that is started for each fixture. */
export interface Place<Name> extends AsyncDisposable {
  /** An empty place of that name, beside neighbours whose names are nearly the same. */
  fixture(name?: Name): Promise<Fixture>;
}

export interface Subject<Name> {
  readonly name: string;
  readonly needs: { readonly ignore: boolean };
  /** Names, of a prefix or of a table, that something might take for something else. */
  readonly hostile: readonly Name[];
  start(): Promise<Place<Name>>;
}

/** The least that a backend is made from. */
export const context = {
  app: "app",
  root: "/",
  env: () => undefined,
  isInDotenv: () => false,
  recorded: { user: "int64", ip: false, userAgent: false },
  hasApp: true,
  driver: undefined,
  stated: {},
} as const;

/** How many a clear removed, where it says that nothing else is there. */
export function removed(answer: number | ClearCounts): number {
  if (typeof answer === "number") return answer;
  const { remaining, arrived } = answer;
  deepStrictEqual({ remaining, arrived }, { remaining: 0, arrived: 0 });
  return answer.cleared;
}
