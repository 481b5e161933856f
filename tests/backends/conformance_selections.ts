/** What every store must do with selections: a part of the conformance suite. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import type { SessionInfo, Sessions, Store } from "../../src/backends/contract.ts";
import { handleOf } from "../../src/backends/handle.ts";
import { ImpossibleError } from "../../src/core/errors.ts";
import type { Condition, Selection } from "../../src/core/selection.ts";
import { type Fixture, removed, type SavedSession, type Selectable } from "./subject.ts";

const { signal } = new AbortController();

/** A time around which the generated times lie, to the millisecond. */
const NOW = Date.now();
const DAY = 86_400_000;

/** Few values, so that conditions often meet several sessions, and no session. */
const USERS = ["1", "2", "42", "9223372036854775807", "ада", "o'neill"];
const ADDRESSES = ["10.0.0.1", "10.0.0.200", "192.168.1.9", "2001:db8::1", "2001:db8:1::2"];
const NETWORKS = ["10.0.0.0/24", "10.0.0.1", "2001:db8::/32", "0.0.0.0/0", "::/0", "10.0.0.128/25"];
const IDS = Array.from({ length: 24 }, (_, index) => `s${index}`);

const ago = fc.integer({ min: 0, max: 10 }).map((days) => NOW - days * DAY);

function sessionsOf({ keepsExpired, keepsForever }: Selectable): fc.Arbitrary<SavedSession[]> {
  const ahead = fc.integer({ min: 1, max: 10 }).map((days) => NOW + days * DAY);
  const expiry = fc.oneof(ahead, ...(keepsExpired ? [ago] : []));
  return fc.subarray(IDS).chain((ids) =>
    fc.tuple(...ids.map((id) =>
      fc.record({
        id: fc.constant(id),
        user: fc.option(fc.constantFrom(...USERS)),
        createdAt: ago,
        visitedAt: ago,
        expiresAt: keepsForever ? fc.option(expiry, { freq: 3 }) : expiry,
        ip: fc.option(fc.constantFrom(...ADDRESSES)),
        userAgent: fc.option(fc.constantFrom("Firefox", "curl/8 \u{1f511}")),
      })
    ))
  );
}

const some = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 });
const time = fc.integer({ min: -10, max: 10 }).chain((days) =>
  fc.constantFrom(-1, 0, 1).map((step) => NOW + days * DAY + step)
);
const handles = some([...IDS, "another"]).map((ids) => ids.map((id) => handleOf(id)));

/** Each kind of condition, and how sessions are chosen by it without azu. */
const KINDS: Readonly<Record<string, fc.Arbitrary<Condition>>> = {
  user: some(USERS).map((oneOf) => ({ fact: "user", oneOf })),
  exceptUser: some(USERS).map((noneOf) => ({ fact: "user", noneOf })),
  anonymous: fc.constant({ fact: "user", isNull: true }),
  loggedIn: fc.constant({ fact: "user", isNull: false }),
  noExpiry: fc.constant({ fact: "expiresAt", isNull: true }),
  live: time.map((from) => ({ fact: "expiresAt", from, orNull: true })),
  expired: time.map((before) => ({ fact: "expiresAt", before })),
  expiresFrom: time.map((from) => ({ fact: "expiresAt", from })),
  createdBefore: time.map((before) => ({ fact: "createdAt", before })),
  createdAfter: time.map((from) => ({ fact: "createdAt", from })),
  idle: time.map((before) => ({ fact: "visitedAt", before })),
  ip: some(NETWORKS).map((networks) => ({ fact: "ip", networks })),
  handle: handles.map((oneOf) => ({ fact: "handle", oneOf })),
};

/** The plain model. It shares no code with azu. */
function isMeant(session: SavedSession, condition: Condition): boolean {
  switch (condition.fact) {
    case "handle":
      return condition.oneOf.some((handle) => handle === handleOf(session.id));
    case "ip":
      return session.ip !== null && condition.networks.some((net) => isWithin(session.ip, net));
    case "user":
      if ("oneOf" in condition) return condition.oneOf.some((user) => user === session.user);
      if ("noneOf" in condition) return !condition.noneOf.some((user) => user === session.user);
      return condition.isNull ? session.user === null : session.user !== null;
    default: {
      const value = session[condition.fact];
      if ("isNull" in condition) return condition.isNull ? value === null : value !== null;
      if (value === null) return "orNull" in condition && condition.orNull === true;
      return "before" in condition ? value < condition.before : value >= condition.from;
    }
  }
}

/** By hand, for the networks above. */
function isWithin(address: string | null, network: string): boolean {
  const members: Readonly<Record<string, readonly string[]>> = {
    "10.0.0.0/24": ["10.0.0.1", "10.0.0.200"],
    "10.0.0.1": ["10.0.0.1"],
    "10.0.0.128/25": ["10.0.0.200"],
    "2001:db8::/32": ["2001:db8::1", "2001:db8:1::2"],
    "0.0.0.0/0": ["10.0.0.1", "10.0.0.200", "192.168.1.9"],
    "::/0": ["2001:db8::1", "2001:db8:1::2"],
  };
  return address !== null && (members[network] ?? []).includes(address);
}

/** Every kind alone, and every pair of kinds. */
export function kindsOfSelections(): readonly (readonly string[])[] {
  const names = Object.keys(KINDS);
  const pairs = names.flatMap((one, index) => names.slice(index + 1).map((two) => [one, two]));
  return [...names.map((name) => [name]), ...pairs];
}

function selections(kinds: readonly string[]): fc.Arbitrary<Selection> {
  const chosen = kinds.flatMap((kind) => KINDS[kind] ?? []);
  return fc.tuple(...chosen);
}

export async function selects(fixture: Fixture): Promise<void> {
  const { backend, selectable } = fixture;
  if (selectable === undefined) return;
  await using store = await backend.connect(signal);
  const { neighbours } = await fixture.look();
  for (const kinds of kindsOfSelections()) {
    const property = fc.asyncProperty(
      sessionsOf(selectable),
      selections(kinds),
      async (sessions, selection) => {
        await selectable.save(sessions);
        const kept = sessions.map((session) => selectable.kept?.(session) ?? session);
        if (isTold(selection, selectable)) {
          await checkSelection(store, selectable, kept, selection);
        } else await checkRefusal(store, selectable, kept, selection);
        strictEqual(removed(await store.clear({ signal, onProgress() {} })) >= 0, true);
      },
    );
    await fc.assert(property, { numRuns: selectable.cases });
  }
  deepStrictEqual(await fixture.look(), { sessions: 0, neighbours });
}

async function checkSelection(
  store: Store,
  { ids }: Selectable,
  sessions: readonly SavedSession[],
  selection: Selection,
): Promise<void> {
  const meant = sessions.filter((session) => {
    return selection.every((condition) => isMeant(session, condition));
  });
  const others = sessions.filter((session) => !meant.includes(session));
  const only = onlyOf(store, selection);
  strictEqual(await only.count(signal), meant.length);
  deepStrictEqual(sorted(await listed(only)), sorted(meant.map(({ id }) => handleOf(id))));
  strictEqual(removed(await only.clear({ signal, onProgress() {} })), meant.length);
  deepStrictEqual(sorted(await ids()), sorted(others.map(({ id }) => id)));
  strictEqual(await only.count(signal), 0);
}

function isTold(selection: Selection, { untold = [] }: Selectable): boolean {
  return selection.every(({ fact }) => fact === "handle" || !untold.includes(fact));
}

/** A selection that needs what the store cannot tell removes nothing. */
async function checkRefusal(
  store: Store,
  { ids }: Selectable,
  sessions: readonly SavedSession[],
  selection: Selection,
): Promise<void> {
  const only = onlyOf(store, selection);
  await rejects(only.count(signal), ImpossibleError);
  await rejects(listed(only), ImpossibleError);
  await rejects(async () => await only.clear({ signal, onProgress() {} }), ImpossibleError);
  deepStrictEqual(sorted(await ids()), sorted(sessions.map(({ id }) => id)));
}

export function onlyOf(store: Store, selection: Selection): Sessions {
  const only = store.only?.(selection);
  if (only === undefined) throw new Error("a store that knows no selections");
  return only;
}

export async function listed(sessions: Sessions): Promise<string[]> {
  const handles: string[] = [];
  await sessions.list?.({
    signal,
    onSessions: (batch) => void handles.push(...batch.map(({ handle }) => handle)),
  });
  return handles;
}

function sorted(texts: readonly string[]): string[] {
  return texts.toSorted();
}

/** A list says of each session what the app has saved, each once, also over many batches. */
export async function lists(fixture: Fixture): Promise<void> {
  const { selectable } = fixture;
  if (selectable === undefined) return;
  const saved = Array.from({ length: 3000 }, (_, index): SavedSession => ({
    id: `list${index}`,
    user: index % 3 === 0 ? null : String(1 + index % 7),
    createdAt: NOW - index * 1000,
    visitedAt: NOW - index * 500,
    expiresAt: NOW + DAY,
    ip: index % 2 === 0 ? null : `10.0.${index % 256}.1`,
    userAgent: index % 2 === 0 ? null : `agent ${index}`,
  }));
  await selectable.save(saved);
  const { untold = [] } = selectable;
  const told = ({ id, ...facts }: SavedSession) => ({
    ...facts,
    ...Object.fromEntries(untold.map((fact) => [fact, undefined])),
    handle: handleOf(id),
  });
  const expected = saved.map((session) => told(selectable.kept?.(session) ?? session));
  await using store = await fixture.backend.connect(signal);
  const found = new Map<string, SessionInfo>();
  let rows = 0;
  await store.list?.({
    signal,
    onSessions(batch) {
      rows += batch.length;
      for (const info of batch) found.set(info.handle, info);
    },
  });
  strictEqual(rows, saved.length);
  for (const { expiresAt, ...facts } of expected) {
    const { size = 0, expiresAt: readExpiry, ...read } = found.get(facts.handle) ?? {};
    deepStrictEqual(read, facts);
    strictEqual(size > 10, true);
    // A time left is read a moment later.
    strictEqual(Math.abs((readExpiry ?? 0) - (expiresAt ?? 0)) < 5000, true);
  }
  strictEqual(await store.count(signal), saved.length);
}
