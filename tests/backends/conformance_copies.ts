/** What every store must do for copies of sessions: a part of the conformance suite. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Change, Dropped, FailedSession, Saved, Store } from "../../src/backends/contract.ts";
import { handleOf } from "../../src/backends/handle.ts";
import type { StoredSession } from "../../src/backends/stored.ts";
import { ImpossibleError } from "../../src/core/errors.ts";
import { listed, onlyOf } from "./conformance_selections.ts";
import { type Fixture, removed } from "./subject.ts";

const { signal } = new AbortController();
const HOUR = 3_600_000;
const NOW = Date.now();

/** Payloads of any bytes: none, control characters, no UTF-8, the protocols' own marks. */
const PAYLOADS: readonly Uint8Array[] = [
  ...["", "\0", "'", '"; --', "\\", "\\x41", "{a,b}", "\u{1f511}", "\r\n$5\r\n*3\r\n-ERR\r\n"]
    .map((text) => new TextEncoder().encode(text)),
  new Uint8Array([0xff, 0xfe, 0xc3, 0x28, 0x80]),
  Uint8Array.from({ length: 256 }, (_, byte) => byte),
  crypto.getRandomValues(new Uint8Array(1 << 16)),
];

export const copies: Readonly<Record<string, (fixture: Fixture) => Promise<void>>> = {
  "every payload is read byte for byte": async ({ backend, insert, packsPayloads }) => {
    if (packsPayloads) return;
    for (const payload of PAYLOADS) await insert(payload);
    await using store = await backend.connect(signal);
    const payloads = (await readAll(store)).sessions.map(({ payload }) => digest(payload));
    deepStrictEqual(payloads.sort(), PAYLOADS.map(digest).sort());
  },

  "what a selection reads is what it lists": async ({ backend, selectable }) => {
    if (selectable === undefined) return;
    const { untold = [], kept = (session) => session, save } = selectable;
    if (untold.includes("user")) return;
    const sessions = Array.from({ length: 300 }, (_, index) =>
      kept({
        ...session(`s${index}`, "{}"),
        user: index % 3 === 0 ? null : `${index % 7}`,
        createdAt: NOW - HOUR,
        visitedAt: NOW - index * 1000,
        expiresAt: NOW + HOUR,
      }));
    await save(sessions);
    await using store = await backend.connect(signal);
    const only = onlyOf(store, [{ fact: "user", oneOf: ["1", "5"] }]);
    const read: StoredSession[] = [];
    await only.read?.({ signal, onStored: (batch) => void read.push(...batch), onFailed: refuse });
    deepStrictEqual(read.map(({ id }) => handleOf(id)).sort(), (await listed(only)).sort());
    for (const { id, visitedAt, user, createdAt } of read) {
      const saved = sessions.find((session) => session.id === id);
      const expected = [saved?.user, untold.includes("createdAt") ? null : saved?.createdAt];
      deepStrictEqual([user, createdAt], expected);
      if (!untold.includes("visitedAt")) strictEqual(visitedAt, saved?.visitedAt);
    }
  },

  "what is saved is found again, to the byte and the millisecond": async (fixture) => {
    const { backend, look } = fixture;
    await using store = await backend.connect(signal);
    const saved = PAYLOADS.map((payload, index) => ({
      ...session(`id-${index}-ключ`, payload),
      expiresAt: NOW + HOUR + index,
      visitedAt: NOW - 1000 - index,
      user: index % 2 === 0 ? null : "42",
    }));
    const changes = saved.map((session) => ({ session, found: undefined }));
    if (await refusesCopies(fixture, store, changes)) return;
    const { neighbours } = await look();
    deepStrictEqual(await save(store, changes), saved.map(() => "done"));
    const found = await find(store, [...saved.map(({ id }) => id), "id-1", "ID-1-КЛЮЧ"]);
    deepStrictEqual(found.map(whole), [...saved, undefined, undefined].map(whole));
    deepStrictEqual(await look(), { sessions: saved.length, neighbours });
    deepStrictEqual(await save(store, changes), saved.map(() => "other"));
    strictEqual(removed(await store.clear({ signal, onProgress() {} })), saved.length);
  },

  "only what is as it was found is replaced, and whole": async (fixture) => {
    const { backend, look } = fixture;
    await using store = await backend.connect(signal);
    const old = Array.from({ length: 250 }, (_, index) => session(`s${index}`, `old ${index}`));
    const created = old.map((session) => ({ session, found: undefined }));
    if (await refusesCopies(fixture, store, created)) return;
    const { neighbours } = await look();
    await save(store, created);
    const later = (one: StoredSession, text: string) => ({
      ...one,
      payload: bytes(text),
      expiresAt: (one.expiresAt ?? 0) + HOUR,
    });
    const changes: Change[] = old.map((found, index) => ({
      session: later(found, `new ${index}`),
      // Some have another payload now, or another expiry, or are gone.
      found: index % 5 === 1
        ? { ...found, payload: bytes("else") }
        : index % 5 === 2
        ? { ...found, expiresAt: (found.expiresAt ?? 0) + 60_000 }
        : found,
    }));
    const answers = await save(store, changes);
    deepStrictEqual(answers, old.map((_, index) => [1, 2].includes(index % 5) ? "other" : "done"));
    const expected = changes.map(({ session }, index) => {
      return [1, 2].includes(index % 5) ? old[index] : session;
    });
    deepStrictEqual((await find(store, old.map(({ id }) => id))).map(whole), expected.map(whole));
    deepStrictEqual(await look(), { sessions: old.length, neighbours });
    await store.clear({ signal, onProgress() {} });
    deepStrictEqual(await save(store, changes.slice(0, 3)), ["other", "other", "other"]);
    strictEqual((await look()).sessions, 0);
  },

  "what a store says to have, it has to the byte, and not for a shorter time": async (fixture) => {
    await using store = await fixture.backend.connect(signal);
    const saved = PAYLOADS.map((payload, index) => session(`id-${index}-ключ"{},`, payload));
    const changes = saved.map((session) => ({ session, found: undefined }));
    if (store.hasSame === undefined || await refusesCopies(fixture, store, changes)) return;
    await save(store, changes);
    const same = async (sessions: readonly StoredSession[]) => {
      return await store.hasSame?.(sessions, signal) ?? [];
    };
    const later = (milliseconds: number) =>
      saved.map((session) => ({ ...session, expiresAt: NOW + HOUR + milliseconds }));
    const differing: StoredSession[] = [
      ...later(1000),
      ...saved.map((session) => ({ ...session, payload: bytes("something else") })),
      ...saved.map((session) => ({ ...session, id: `${session.id}2` })),
      ...saved.map((session) => ({ ...session, expiresAt: null })),
      session("id with \0", "{}"),
    ];
    deepStrictEqual(await same(differing), differing.map(() => false));
    deepStrictEqual(await same([]), []);
    const equal = [...saved, ...later(-1), ...later(-HOUR / 2)];
    const mixed = equal.flatMap((session) => [session, { ...session, payload: bytes("else") }]);
    deepStrictEqual(await same(mixed), mixed.map((_, index) => index % 2 === 0));
  },

  "a payload is replaced alone": async (fixture) => {
    await using store = await fixture.backend.connect(signal);
    const old = Array.from({ length: 120 }, (_, index) => ({
      ...session(`s${index}`, `old ${index}`),
      createdAt: NOW - HOUR,
      visitedAt: NOW - 1000 - index,
      user: `${index}`,
      ip: "192.0.2.1",
    }));
    const created = old.map((session) => ({ session, found: undefined }));
    if (await refusesCopies(fixture, store, created)) return;
    await save(store, created);
    const before = (await readAll(store)).sessions;
    const changes = before.map((found, index) => ({
      session: { ...factsOf(found), payload: bytes(`new ${index}`) },
      found: index % 3 === 1 ? { ...factsOf(found), payload: bytes("else") } : found,
      isOnlyPayload: true,
    }));
    const answers = await save(store, changes);
    deepStrictEqual(answers, before.map((_, index) => index % 3 === 1 ? "other" : "done"));
    const after = new Map((await readAll(store)).sessions.map((found) => [found.id, found]));
    for (const [index, found] of before.entries()) {
      const now = after.get(found.id);
      const payload = index % 3 === 1 ? found.payload : bytes(`new ${index}`);
      deepStrictEqual(now && factsOf(now), factsOf(found));
      strictEqual(digest(now?.payload), digest(payload));
    }
  },

  "only what is as it was read is removed": async (fixture) => {
    const { backend, look } = fixture;
    await using store = await backend.connect(signal);
    const all = Array.from({ length: 250 }, (_, index) => session(`s${index}`, `payload ${index}`));
    const created = all.map((session) => ({ session, found: undefined }));
    if (await refusesCopies(fixture, store, created)) return;
    const { neighbours } = await look();
    await save(store, created);
    const read = all.map((one, index) =>
      index % 5 === 1
        ? { ...one, payload: bytes("else") }
        : index % 5 === 2
        ? { ...one, expiresAt: (one.expiresAt ?? 0) + 60_000 }
        : index % 5 === 3
        ? { ...one, id: `${one.id}-gone` }
        : one
    );
    const isLeft = (index: number) => [1, 2, 3].includes(index % 5);
    const expected = all.map((_, index) => isLeft(index) ? "other" : "done");
    deepStrictEqual(await drop(store, read), expected);
    const left = all.filter((_, index) => isLeft(index));
    deepStrictEqual((await find(store, left.map(({ id }) => id))).map(whole), left.map(whole));
    deepStrictEqual(await look(), { sessions: left.length, neighbours });
    deepStrictEqual(await drop(store, read), all.map(() => "other"));
  },

  "a session is removed by one of several, and not after it was written": async (fixture) => {
    await using one = await fixture.backend.connect(signal);
    await using other = await fixture.backend.connect(signal);
    for (let round = 1; round <= 20; round++) {
      const found = Array.from({ length: 5 }, (_, index) => session(`s${index}`, `${round}`));
      const created = found.map((session) => ({ session, found: undefined }));
      if (await refusesCopies(fixture, one, created)) return;
      await save(one, created);
      const written = found.map((one) => ({ ...one, payload: bytes("new") }));
      const changes = written.map((session, index) => ({ session, found: found[index] }));
      const answers = await Promise.all([
        drop(one, found),
        round % 2 === 0 ? drop(other, found) : save(other, changes),
      ]);
      const now = await find(one, found.map(({ id }) => id));
      for (const [index, there] of now.entries()) {
        const [removed, second] = [answers[0][index], answers[1][index]];
        strictEqual([removed, second].sort().join(), "done,other", JSON.stringify(answers));
        const isWritten = round % 2 === 1 && second === "done";
        strictEqual(there === undefined, !isWritten);
      }
      await drop(one, written);
    }
  },

  "of two writers that compare at the same time, one wins": async (fixture) => {
    await using one = await fixture.backend.connect(signal);
    await using other = await fixture.backend.connect(signal);
    let before = Array.from({ length: 5 }, (_, index) => session(`s${index}`, "0"));
    const created = before.map((session) => ({ session, found: undefined }));
    if (await refusesCopies(fixture, one, created)) return;
    await save(one, created);
    for (let round = 1; round <= 20; round++) {
      const write = (store: Store, text: string) =>
        save(
          store,
          before.map((found) => ({ session: { ...found, payload: bytes(text) }, found })),
        );
      const texts = [`one ${round}`, `other ${round}`];
      const answers = await Promise.all([write(one, texts[0] ?? ""), write(other, texts[1] ?? "")]);
      const now = await find(one, before.map(({ id }) => id));
      before = before.map((found, index) => {
        const winners = answers.flatMap((saved, writer) => saved[index] === "done" ? [writer] : []);
        strictEqual(winners.length, 1, JSON.stringify(answers));
        const text = texts[winners[0] ?? 0] ?? "";
        strictEqual(digest(now[index]?.payload), digest(bytes(text)));
        return { ...found, payload: bytes(text) };
      });
    }
  },

  "what the store cannot hold is told, and the rest is saved": async (fixture) => {
    await using store = await fixture.backend.connect(signal);
    const changes = Array.from({ length: 50 }, (_, index) => ({
      session: {
        ...session(index % 20 === 7 ? "x".repeat(70_000 + index) : `s${index}`, "{}"),
        ...(index % 20 === 3 ? { expiresAt: null } : {}),
      },
      found: undefined,
    }));
    if (await refusesCopies(fixture, store, changes)) return;
    const answers = await save(store, changes);
    const isDone = answers.map((answer) => answer === "done");
    for (const [index, answer] of answers.entries()) {
      if (![3, 7].includes(index % 20)) strictEqual(answer, "done");
      else if (typeof answer === "object") ok(answer.failed.length > 10);
      else strictEqual(answer, "done"); // a Redis, a column without a limit
    }
    const found = await find(store, changes.map(({ session }) => session.id));
    deepStrictEqual(found.map((session) => session !== undefined), isDone);
    strictEqual((await fixture.look()).sessions, isDone.filter(Boolean).length);
  },
};

/** Asks a store to save, if its sessions may not be copied into. */
async function refusesCopies(
  { takesCopies, look }: Fixture,
  store: Store,
  changes: readonly Change[],
): Promise<boolean> {
  if (takesCopies) return false;
  if (store.save !== undefined) await rejects(save(store, changes), ImpossibleError);
  strictEqual((await look()).sessions, 0);
  return true;
}

async function readAll(store: Store) {
  const sessions: StoredSession[] = [];
  const failed: FailedSession[] = [];
  await store.read?.({
    signal,
    onStored: (batch) => void sessions.push(...batch),
    onFailed: (session) => void failed.push(session),
  });
  deepStrictEqual(failed, []);
  return { sessions };
}

async function find(store: Store, ids: readonly string[]) {
  return await store.find?.(ids, signal) ?? [];
}

async function save(store: Store, changes: readonly Change[]): Promise<readonly Saved[]> {
  return await store.save?.(changes, signal, new Date()) ?? [];
}

async function drop(store: Store, sessions: readonly StoredSession[]): Promise<readonly Dropped[]> {
  return await store.drop?.(sessions, signal) ?? [];
}

function session(id: string, payload: string | Uint8Array): StoredSession {
  return {
    id,
    payload: bytes(payload),
    expiresAt: NOW + HOUR,
    createdAt: null,
    visitedAt: null,
    user: null,
    ip: null,
    userAgent: null,
  };
}

/** Everything but the payload. */
function factsOf({ id, expiresAt, createdAt, visitedAt, user, ip, userAgent }: StoredSession) {
  return { id, expiresAt, createdAt, visitedAt, user, ip, userAgent };
}

/** What a copy promises of a session. */
function whole(session: StoredSession | undefined) {
  return session && [session.id, digest(session.payload), session.expiresAt];
}

function bytes(payload: string | Uint8Array): Uint8Array {
  return typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
}

/** Bytes for a comparison, whose failure prints them. */
function digest(bytes: Uint8Array | undefined): string {
  return createHash("sha256").update(bytes ?? "").digest("hex");
}

function refuse({ reason }: FailedSession): void {
  throw new Error(reason);
}
