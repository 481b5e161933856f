/**
 * What every store must do, asked of each on its real server. A store is arranged and looked at
 * from outside, never through itself.
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Backend, Store } from "../../src/backends/contract.ts";
import { copies } from "./conformance_copies.ts";
import { during, MANY } from "./conformance_during.ts";
import { estimates, surveys } from "./conformance_survey.ts";
import { lists, selects } from "./conformance_selections.ts";
import { type Fixture, removed, type Subject } from "./subject.ts";

const { signal } = new AbortController();

const open = (backend: Backend) => backend.connect(signal);
const clear = async (store: Store) => removed(await store.clear({ signal, onProgress() {} }));

/** Asks it all of one store. */
export function conforms<Name>({ name, needs, hostile, start }: Subject<Name>): void {
  Deno.test(`conformance: ${name}`, needs, async (t) => {
    await using place = await start();
    const step = (what: string, ask: (fixture: Fixture) => Promise<void>, called?: Name) =>
      t.step({
        name: what,
        // The place outlives its steps; that nothing is left open is asked of the whole test.
        ...{ sanitizeOps: false, sanitizeResources: false },
        async fn() {
          await using fixture = await place.fixture(called);
          await ask(fixture);
        },
      });
    for (const [what, ask] of Object.entries({ ...questions, ...copies, ...during })) {
      await step(what, ask);
    }
    for (const called of hostile) {
      const text = JSON.stringify(called);
      const short = text.length > 60 ? `${text.slice(0, 60)}… (${text.length})` : text;
      await step(`nothing but its own goes, called ${short}`, clearsItsOwn(7), called);
    }
  });
}

/** A dry run counts what a clear then removes; doing it again changes nothing. */
const clearsItsOwn = (sessions: number) => async ({ backend, put, look }: Fixture) => {
  await put(sessions);
  const { neighbours } = await look();
  await using store = await open(backend);
  strictEqual(await store.count(signal), sessions);
  deepStrictEqual(await look(), { sessions, neighbours });
  strictEqual(await clear(store), sessions);
  deepStrictEqual(await look(), { sessions: 0, neighbours });
  strictEqual(await store.count(signal), 0);
  strictEqual(await clear(store), 0);
  deepStrictEqual(await look(), { sessions: 0, neighbours });
};

const questions: Readonly<Record<string, (fixture: Fixture) => Promise<void>>> = {
  "an empty store counts 0 and clears 0": clearsItsOwn(0),

  "a single session is counted and cleared": clearsItsOwn(1),

  "what was cleared is there again once it is put again": async ({ backend, put, look }) => {
    await using store = await open(backend);
    for (const count of [3, 5]) {
      await put(count);
      strictEqual(await clear(store), count);
    }
    strictEqual((await look()).sessions, 0);
  },

  "clears exactly what it counts, in batches, and nothing else": async (fixture) => {
    await fixture.put(MANY);
    const { neighbours } = await fixture.look();
    await using store = await open(fixture.backend);
    strictEqual(await store.count(signal), MANY);
    const progress: number[] = [];
    const cleared = await store.clear({ signal, onProgress: (count) => progress.push(count) });
    strictEqual(removed(cleared), MANY);
    strictEqual(progress.length > 1, true);
    strictEqual(progress.at(-1), MANY);
    deepStrictEqual(progress, progress.toSorted((a, b) => a - b));
    deepStrictEqual(await fixture.look(), { sessions: 0, neighbours });
    strictEqual(await store.count(signal), 0);
  },

  "batches of one are a clear too": async ({ backend, put, look }) => {
    await put(20);
    await using store = await open(backend);
    const budget = { batch: 1 };
    strictEqual(removed(await store.clear({ signal, budget, onProgress() {} })), 20);
    strictEqual((await look()).sessions, 0);
  },

  "an interruption stops after a batch, and the last progress is true": async (fixture) => {
    await fixture.put(MANY);
    const { neighbours } = await fixture.look();
    const abort = new AbortController();
    let last = 0;
    const onProgress = (count: number) => {
      last = count;
      if (count > 0) abort.abort(new Error("enough"));
    };
    await using store = await open(fixture.backend);
    await rejects(store.clear({ signal: abort.signal, onProgress }), /enough/);
    strictEqual(last > 0 && last < MANY, true);
    deepStrictEqual(await fixture.look(), { sessions: MANY - last, neighbours });
    await using another = await open(fixture.backend);
    strictEqual(await clear(another), MANY - last);
  },

  "an aborted signal opens nothing and clears nothing": async ({ backend, put, look }) => {
    await put(10);
    await rejects(backend.connect(AbortSignal.abort(new Error("no"))), /no/);
    await using store = await open(backend);
    const aborted = AbortSignal.abort(new Error("no"));
    await rejects(store.clear({ signal: aborted, onProgress() {} }), /no/);
    await rejects(store.count(aborted), /no/);
    strictEqual((await look()).sessions, 10);
  },

  "describes itself without a credential": ({ backend }) => {
    strictEqual(/hunter2|:[^*@/]+@/.test(JSON.stringify(backend.describe())), false);
    return Promise.resolve();
  },

  "sessions of any payload are sessions": async ({ backend, insert, look }) => {
    const payloads = [
      ...["", "\0", "'", '"; --', "\u{1f511}"].map((text) => new TextEncoder().encode(text)),
      new Uint8Array([0xff, 0xfe, 0xc3, 0x28, 0x80]), // no UTF-8
      new TextEncoder().encode("\r\n$5\r\n*3\r\n-ERR\r\n"),
      crypto.getRandomValues(new Uint8Array(256)),
      new Uint8Array(1 << 20).fill(0x61),
    ];
    for (const payload of payloads) await insert(payload);
    await using store = await open(backend);
    strictEqual(await store.count(signal), payloads.length);
    strictEqual(await clear(store), payloads.length);
    strictEqual((await look()).sessions, 0);
  },

  "a list says what each session is": lists,

  "its state is told exactly, if there are few sessions": surveys,

  "what is estimated of many sessions is near the truth": estimates,

  "each selection, alone and in pairs, is exactly what it says": selects,

  "whatever the store holds where sessions are goes with them": async (fixture) => {
    await fixture.put(3);
    const all = 3 + await fixture.putOdd();
    strictEqual((await fixture.look()).sessions, all);
    await using store = await open(fixture.backend);
    strictEqual(await store.count(signal), all);
    strictEqual(await clear(store), all);
    strictEqual((await fixture.look()).sessions, 0);
  },
};
