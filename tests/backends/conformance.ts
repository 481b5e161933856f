/**
 * What every store must do, asked of each on its real server. A store is arranged and looked at
 * from outside, never through itself.
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Backend, ClearCounts } from "../../src/backends/contract.ts";

/** A place for sessions, with neighbours that nothing may touch. */
export interface Fixture extends AsyncDisposable {
  readonly backend: Backend;
  put(count: number): Promise<void>;
  /** The number of sessions, and a fingerprint of everything else in the same store. */
  look(): Promise<{ sessions: number; neighbours: unknown }>;
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
}
