/** Sorting and stopping, without a terminal. */
import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import type { SessionInfo, Sessions } from "../../src/backends/contract.ts";
import { Best } from "../../src/commands/session_list/best.ts";
import { type ListRequest, listSessions } from "../../src/commands/session_list/list.ts";
import { comparer, sortFields } from "../../src/commands/session_list/sort.ts";
import { walk } from "../../src/commands/walk.ts";
import { backendOf, never } from "./stores.ts";

Deno.test("the best of many are those that sorting all of them would give", () => {
  fc.assert(fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 20 }), (all, most) => {
    const best = new Best<number>(most, (a, b) => a - b);
    for (const item of all) best.add(item);
    deepStrictEqual(best.sorted(), all.toSorted((a, b) => a - b).slice(0, most));
  }));
});

const sessions: fc.Arbitrary<SessionInfo> = fc.record({
  handle: fc.stringMatching(/^[a-z2-7]{12}$/),
  user: fc.constantFrom("1", "10", "9", "007", "ann", "", null, undefined),
  createdAt: fc.constantFrom(1, 2, 3, null, undefined),
  visitedAt: fc.constantFrom(-1, 0, 1e15, undefined),
  expiresAt: fc.constantFrom(5, 6, null, undefined),
  ip: fc.constant(null),
  userAgent: fc.constant(null),
  size: fc.nat(3),
});

Deno.test("every order is a total order, with the unknown last in both directions", () => {
  for (const field of sortFields) {
    for (const isDescending of [false, true]) {
      const compare = comparer({ field, isDescending });
      fc.assert(fc.property(sessions, sessions, sessions, (a, b, c) => {
        strictEqual(Math.sign(compare(a, b)), -Math.sign(compare(b, a)) + 0);
        if (compare(a, b) <= 0 && compare(b, c) <= 0) strictEqual(compare(a, c) <= 0, true);
      }));
    }
  }
  const of = (expiresAt: number | null | undefined, handle: string): SessionInfo => ({
    handle,
    expiresAt,
    size: 1,
    user: null,
    createdAt: 0,
    visitedAt: 0,
    ip: null,
    userAgent: null,
  });
  const all = [of(undefined, "a"), of(null, "b"), of(5, "c"), of(6, "d")];
  const sorted = (isDescending: boolean) =>
    all.toSorted(comparer({ field: "expires", isDescending })).map(({ handle }) => handle).join("");
  deepStrictEqual([sorted(false), sorted(true)], ["cdba", "bdca"]);
});

function info(index: number): SessionInfo {
  const handle = `h${index}`;
  const facts = { user: null, createdAt: index, visitedAt: 0, expiresAt: null, ip: null };
  return { handle, size: 1, ...facts, userAgent: null };
}

/** Sessions that are read in batches, until the signal aborts. */
function store(batches: number, size: number, read: { batches: number }): Partial<Sessions> {
  return {
    async list({ signal, onSessions }) {
      for (let batch = 0; batch < batches; batch++) {
        signal.throwIfAborted();
        read.batches++;
        await onSessions(Array.from({ length: size }, (_, index) => info(batch * size + index)));
      }
    },
  };
}

async function list(sessions: Partial<Sessions>, more: Partial<ListRequest> = {}) {
  const { signal } = new AbortController();
  const shown: string[] = [];
  const report = await listSessions([backendOf(sessions)], {
    signal,
    selection: [],
    homes: undefined,
    onlyCount: false,
    limit: 50,
    sort: undefined,
    budget: {},
    timeout: undefined,
    onFound() {},
    onPhase() {},
    onSlow() {},
    onSessions: (batch) => shown.push(...batch.map(({ handle }) => handle)) > 0,
    ...more,
  });
  return { report, shown };
}

Deno.test("a list reads one session more than it shows, and then stops", async () => {
  for (
    const [limit, shown, more, batches] of [
      [25, 25, true, 3],
      [29, 29, true, 3],
      [30, 30, true, 4],
      [99, 99, true, 10],
      [100, 100, false, 10],
      [undefined, 100, false, 10],
    ] as const
  ) {
    const read = { batches: 0 };
    const { report, shown: found } = await list(store(10, 10, read), { limit });
    deepStrictEqual(
      [found.length, report.shown, report.more, read.batches, report.outcome],
      [shown, shown, more, batches, "listed"],
    );
  }
});

Deno.test("with an order, all are read and the best are shown", async () => {
  const read = { batches: 0 };
  const sort = { field: "created", isDescending: true } as const;
  const { report, shown } = await list(store(10, 500, read), { limit: 2500, sort });
  deepStrictEqual([read.batches, report.shown, report.more], [10, 2500, true]);
  deepStrictEqual([shown[0], shown.at(-1)], ["h4999", "h2500"]);
});

Deno.test("if nobody reads on, it is not known whether there are more", async () => {
  const read = { batches: 0 };
  const { report } = await list(store(10, 10, read), { onSessions: () => false });
  deepStrictEqual([report.outcome, report.more, read.batches], ["listed", undefined, 1]);
});

Deno.test("an interruption ends a walk that never ends", async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error("interrupted")), 100);
  const { report } = await list({ list: never }, { signal: abort.signal });
  deepStrictEqual([report.outcome, report.more], ["interrupted", undefined]);
});

Deno.test("a walk swallows its own abort only", async () => {
  const { signal } = new AbortController();
  const after = (error: unknown) =>
    walk({
      count: never,
      clear: never,
      async list({ onSessions, signal }) {
        await onSessions([info(1)]);
        throw error ?? signal.reason;
      },
    }, { backend: backendOf({}), signal, visit: () => false });
  await after(undefined);
  await rejects(after(new Error("the disk is gone")), /the disk is gone/);
});

Deno.test("a user agent is cut once it is read, and what else a store adds is left out", async () => {
  const { signal } = new AbortController();
  const seen: SessionInfo[] = [];
  const odd = { ...info(1), userAgent: "é".repeat(5000), id: "secret" };
  await walk({
    count: never,
    clear: never,
    list: async ({ onSessions }) => await onSessions([odd]),
  }, {
    backend: backendOf({}),
    signal,
    visit: (batch) => seen.push(...batch) > 0,
  });
  match(seen[0]?.userAgent ?? "", /^é{1000}…$/);
  strictEqual(JSON.stringify(seen).includes("secret"), false);
});
