/** What every store must say of its state: a part of the conformance suite. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Store } from "../../src/backends/contract.ts";
import { handleOf } from "../../src/backends/handle.ts";
import { SAMPLE, type Survey } from "../../src/backends/survey.ts";
import { statusOf } from "../../src/commands/session_status/status.ts";
import type { Fixture, SavedSession, Selectable } from "./subject.ts";

const { signal } = new AbortController();
const HOUR = 3_600_000;

/** Of a few sessions, everything is exact. Of many, what is estimated is near the truth. */
export async function surveys(fixture: Fixture): Promise<void> {
  const { backend, selectable } = fixture;
  if (selectable === undefined) return;
  await using store = await backend.connect(signal);
  deepStrictEqual(counts(await survey(store)), { ...NONE, sessions: 0 });
  for (const isQuick of [false, true]) {
    const few = sessionsFor(selectable, 60);
    await selectable.save(few);
    const found = await survey(store, isQuick);
    // A server may estimate how many there are, and then the others are estimates, too.
    const isExact = found.figures.sessions?.isExact;
    ok(isExact || isQuick);
    if (isExact) deepStrictEqual(counts(found), modelOf(few));
    const ids = few.map(({ id }) => handleOf(id));
    deepStrictEqual(found.sample.map(({ handle }) => handle).sort(), ids.sort());
    await store.clear({ signal, onProgress() {} });
  }
}

/** More sessions than a sample has. */
export async function estimates(fixture: Fixture): Promise<void> {
  const { backend, selectable } = fixture;
  if (selectable === undefined) return;
  const many = sessionsFor(selectable, 3 * SAMPLE);
  const model = modelOf(many);
  await selectable.save(many);
  await using store = await backend.connect(signal);
  const exact = await survey(store);
  deepStrictEqual(exact.figures.sessions, { value: many.length, isExact: true });
  ok(exact.sample.length >= SAMPLE / 2 && exact.sample.length <= SAMPLE);
  checkEstimates(exact, model);
  const quick = await survey(store, true);
  ok(quick.sample.length <= SAMPLE + 3 && quick.sample.length >= SAMPLE / 2);
  checkEstimates(quick, model);
  deepStrictEqual((await fixture.look()).sessions, many.length);
}

function survey(store: Store, isQuick = false): Promise<Survey> {
  if (store.survey === undefined) throw new Error("a store that cannot tell its state");
  return store.survey({ signal, now: Date.now(), isQuick });
}

const NONE = { live: 0, expired: 0, endless: 0, loggedIn: 0, anonymous: 0 };

function counts(survey: Survey) {
  const { figures } = statusOf(survey, Date.now());
  const value = (name: keyof typeof NONE | "sessions") => figures[name]?.value;
  return {
    live: value("live"),
    expired: value("expired"),
    endless: value("endless"),
    loggedIn: value("loggedIn"),
    anonymous: value("anonymous"),
    sessions: value("sessions"),
  };
}

/** A third without a user; if the store can have them, a fifth has expired and a seventh never does. */
function sessionsFor(selectable: Selectable, count: number): SavedSession[] {
  const { keepsExpired, keepsForever } = selectable;
  const now = Date.now();
  const sessions = Array.from({ length: count }, (_, index): SavedSession => ({
    id: `survey${index}`,
    user: index % 3 === 0 ? null : String(1 + index % 50),
    createdAt: now - HOUR,
    visitedAt: index % 5 === 0 ? now - 30 * HOUR : now - HOUR,
    expiresAt: keepsForever && index % 7 === 0
      ? null
      : keepsExpired && index % 5 === 0
      ? now - HOUR
      : now + HOUR,
    ip: null,
    userAgent: null,
  }));
  return sessions.map((session) => selectable.kept?.(session) ?? session);
}

function modelOf(sessions: readonly SavedSession[]): typeof NONE & { sessions: number } {
  const number = (isMet: (session: SavedSession) => boolean) => sessions.filter(isMet).length;
  const now = Date.now();
  return {
    live: number(({ expiresAt }) => expiresAt === null || expiresAt > now),
    expired: number(({ expiresAt }) => expiresAt !== null && expiresAt < now),
    endless: number(({ expiresAt }) => expiresAt === null),
    loggedIn: number(({ user }) => user !== null),
    anonymous: number(({ user }) => user === null),
    sessions: sessions.length,
  };
}

/** What is exact must be so. An estimate may be off by a sixth: MariaDB's of all rows is. */
function checkEstimates(survey: Survey, model: ReturnType<typeof modelOf>): void {
  const { figures } = statusOf(survey, Date.now());
  for (const [name, truth] of Object.entries(model)) {
    const figure = figures[name as keyof typeof model];
    ok(figure !== undefined, name);
    if (figure.isExact) strictEqual(figure.value, truth, name);
    else {
      const isNear = Math.abs(figure.value - truth) <= model.sessions / 6;
      ok(isNear, `${name}: ${figure.value} for ${truth}`);
    }
  }
}
