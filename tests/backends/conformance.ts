/**
 * What every store must do, asked of each on its real server. A store is arranged and looked at
 * from outside, never through itself.
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Backend, ClearCounts, Store } from "../../src/backends/contract.ts";

/** A place for sessions, with neighbours that nothing may touch. */
export interface Fixture extends AsyncDisposable {
  readonly backend: Backend;
  put(count: number): Promise<void>;
  /** The number of sessions, and a fingerprint of everything else in the same store. */
  look(): Promise<{ sessions: number; neighbours: unknown }>;
  /** What an app does while it is cleared, where the store can tell. */
  readonly app?: {
    /** Puts one session, whose payload is these bytes. */
    insert(payload?: Uint8Array): Promise<void>;
    /** Saves the sessions with these numbers again, of those that {@link put} made. */
    update(from: number, upTo: number): Promise<void>;
    /** How many there are of those that {@link put} made. */
    old(): Promise<number>;
  };
}

export interface Subject {
  readonly name: string;
  readonly needs: { readonly ignore: boolean };
  fixture(): Promise<Fixture>;
}

/** More than any adapter takes in one batch. */
const MANY = 11_000;

/** How many a clear removed, where it says that nothing else is there. */
export function removed(answer: number | ClearCounts): number {
  if (typeof answer === "number") return answer;
  const { remaining, arrived } = answer;
  deepStrictEqual({ remaining, arrived }, { remaining: 0, arrived: 0 });
  return answer.cleared;
}

export function conforms({ name, needs, fixture }: Subject): void {
  const test = (what: string, fn: (fixture: Fixture) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, needs, async () => {
      await using made = await fixture();
      await fn(made);
    });
  const open = (backend: Backend) => backend.connect(new AbortController().signal);

  test("an empty store counts 0 and clears 0", async ({ backend }) => {
    await using store = await open(backend);
    const { signal } = new AbortController();
    strictEqual(await store.count(signal), 0);
    strictEqual(removed(await store.clear({ signal, onProgress() {} })), 0);
  });

  test("clears exactly what it counts, in batches, and nothing else", async ({ backend, ...f }) => {
    await f.put(MANY);
    const before = await f.look();
    await using store = await open(backend);
    const { signal } = new AbortController();
    strictEqual(await store.count(signal), MANY);
    const progress: number[] = [];
    const cleared = await store.clear({ signal, onProgress: (count) => progress.push(count) });
    strictEqual(removed(cleared), MANY);
    strictEqual(progress.length > 1, true);
    strictEqual(progress.at(-1), MANY);
    deepStrictEqual(progress, [...progress].sort((a, b) => a - b));
    deepStrictEqual(await f.look(), { sessions: 0, neighbours: before.neighbours });
    strictEqual(await store.count(signal), 0);
  });

  test("an interruption stops after a batch, and the last progress is true", async ({ backend, ...f }) => {
    await f.put(MANY);
    await using store = await open(backend);
    const abort = new AbortController();
    let last = 0;
    const clearing = store.clear({
      signal: abort.signal,
      onProgress(count) {
        last = count;
        if (count > 0) abort.abort(new Error("enough"));
      },
    });
    await rejects(clearing, /enough/);
    const { sessions } = await f.look();
    strictEqual(last > 0 && last < MANY, true);
    strictEqual(sessions, MANY - last);
  });

  test("an aborted signal opens nothing and clears nothing", async ({ backend, ...f }) => {
    await f.put(10);
    await rejects(backend.connect(AbortSignal.abort(new Error("no"))), /no/);
    await using store = await open(backend);
    const signal = AbortSignal.abort(new Error("no"));
    await rejects(store.clear({ signal, onProgress() {} }), /no/);
    await rejects(store.count(signal), /no/);
    strictEqual((await f.look()).sessions, 10);
  });

  test("describes itself without a credential", ({ backend }) => {
    strictEqual(/hunter2|:[^*@/]+@/.test(JSON.stringify(backend.describe())), false);
    return Promise.resolve();
  });

  test("sessions of any payload are sessions", async ({ backend, app, ...f }) => {
    if (app === undefined) return;
    const payloads = [
      ...["", "\0", "'", '"; --', "\u{1f511}"].map((text) => new TextEncoder().encode(text)),
      new Uint8Array([0xff, 0xfe, 0xc3, 0x28, 0x80]), // no UTF-8
      crypto.getRandomValues(new Uint8Array(256)),
      new Uint8Array(1 << 20).fill(0x61),
    ];
    for (const payload of payloads) await app.insert(payload);
    await using store = await open(backend);
    const { signal } = new AbortController();
    strictEqual(await store.count(signal), payloads.length);
    strictEqual(removed(await store.clear({ signal, onProgress() {} })), payloads.length);
    strictEqual((await f.look()).sessions, 0);
  });

  test("what is written meanwhile is none of the start's", async ({ backend, app, ...f }) => {
    if (app === undefined) return;
    await f.put(MANY);
    const before = await f.look();
    await using store = await open(backend);
    const counts = await during(store, () => app.insert());
    const after = await f.look();
    deepStrictEqual([counts.remaining, await app.old()], [0, 0]);
    strictEqual(counts.arrived > 0, true);
    strictEqual(counts.cleared >= MANY, true);
    strictEqual(after.sessions >= counts.arrived, true);
    deepStrictEqual(after.neighbours, before.neighbours);
  });

  test("what is saved again meanwhile goes all the same", async ({ backend, app, ...f }) => {
    if (app === undefined) return;
    await f.put(MANY);
    await using store = await open(backend);
    const counts = await during(store, async (turn) => {
      await app.update((turn * 997) % MANY, (turn * 997) % MANY + 500);
    });
    deepStrictEqual(counts, { cleared: MANY, remaining: 0, arrived: 0 });
    deepStrictEqual([await app.old(), (await f.look()).sessions], [0, 0]);
  });
}

/** Clears, and has an app work from the first batch to the end. */
async function during(
  store: Store,
  work: (turn: number) => Promise<void>,
): Promise<ClearCounts> {
  const { signal } = new AbortController();
  let working = true;
  let app: Promise<void> | undefined;
  const begin = async () => {
    for (let turn = 0; working; turn++) {
      await work(turn);
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  try {
    const counts = await store.clear({
      signal,
      budget: { batch: 700 },
      onProgress(cleared) {
        if (cleared > 0) app ??= begin();
      },
    });
    if (typeof counts === "number") throw new Error("a store that only counts");
    const { cleared, remaining, arrived } = counts;
    return { cleared, remaining, arrived };
  } finally {
    working = false;
    await app;
  }
}
