/** That a clear slows down before others notice, and speeds up again. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { type Budget, Pace, sleep } from "../../src/backends/pace.ts";

const DEFAULTS = { batch: 500, maxLatency: 20 };
const aborted = AbortSignal.abort();
const { signal } = new AbortController();

/** The batches after each of the latencies; the signal leaves out the rests. */
async function batches(pace: Pace, latencies: readonly number[]): Promise<number[]> {
  const sizes: number[] = [];
  for (const latency of latencies) {
    await pace.after(latency, aborted);
    sizes.push(pace.batch);
  }
  return sizes;
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Of three times, for a machine that others use may stand still in one. */
async function leastTimeOf(work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 3; run++) times.push(await timeOf(work));
  return Math.min(...times);
}

Deno.test("a quick store gets the largest batches, without a rest", async () => {
  const pace = new Pace({}, DEFAULTS);
  strictEqual(pace.batch, 500);
  deepStrictEqual(await batches(pace, [0, 5, 9]), [500, 500, 500]);
  const patient = new Pace({ maxLatency: 10_000 }, DEFAULTS);
  strictEqual(await leastTimeOf(() => patient.after(9000, signal)) < 500, true);
});

Deno.test("a slow one gets half, down to a part, and more again once it is quick", async () => {
  const pace = new Pace({}, DEFAULTS);
  deepStrictEqual(await batches(pace, [21, 21, 21, 21]), [250, 125, 63, 31]);
  deepStrictEqual(await batches(pace, Array(9).fill(1e6)), [16, ...Array(8).fill(10)]);
  deepStrictEqual(await batches(pace, [15, 9, 9, 9]), [10, 13, 16, 20]);
  strictEqual((await batches(pace, Array(30).fill(1))).at(-1), 500);
});

Deno.test("where little is work, more is looked at, unless the operator has said how much", () => {
  const pace = new Pace({}, { ...DEFAULTS, stretch: 4 });
  const parts = [3, 1, 0.5, 0.1, 0];
  deepStrictEqual(parts.map((part) => pace.lookAt(part)), [500, 500, 1000, 2000, 2000]);
  pace.shrink();
  deepStrictEqual([1, 0].map((part) => pace.lookAt(part)), [125, 500]);
  const told = new Pace({ batch: 100 }, { ...DEFAULTS, stretch: 4 });
  deepStrictEqual([1, 0].map((part) => told.lookAt(part)), [100, 100]);
  strictEqual(new Pace({ batch: 1 }, DEFAULTS).lookAt(3), 1); // SCAN refuses a COUNT of 0
});

Deno.test("the rest is as long as the store was busy, and a second at most", async () => {
  const pace = new Pace({}, DEFAULTS);
  const short = await leastTimeOf(() => pace.after(60, signal));
  strictEqual(short >= 55 && short < 500, true, `${short}`);
  const long = await timeOf(() => pace.after(60_000, signal));
  strictEqual(long >= 990 && long < 5000, true, `${long}`);
});

Deno.test("a rest is as long as the batch, up to a limit", async () => {
  const pace = new Pace({}, { ...DEFAULTS, maxLatency: 1000, turn: 110 });
  strictEqual(await timeOf(() => pace.after(80, signal)) >= 75, true);
  const limited = await leastTimeOf(() => pace.after(900, signal));
  strictEqual(limited >= 105 && limited < 500, true, `${limited}`);
  const slower = new Pace({ pause: 80 }, { ...DEFAULTS, turn: 110 });
  strictEqual(await timeOf(() => slower.after(5, signal)) >= 75, true);
});

Deno.test("a pause is taken after every batch, and ends with the signal", async () => {
  const pace = new Pace({ pause: 80 }, DEFAULTS);
  strictEqual(await timeOf(() => pace.after(0, signal)) >= 75, true);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 20);
  const rest = new Pace({ pause: 30_000 }, DEFAULTS);
  strictEqual(await timeOf(() => rest.after(0, abort.signal)) < 5000, true);
  strictEqual(await timeOf(() => sleep(30_000, aborted)) < 5000, true);
});

Deno.test("a distant store does not count as slow", async () => {
  const far = new Pace({}, DEFAULTS);
  far.distance(150);
  deepStrictEqual(await batches(far, [152, 155, 148, 158]), [500, 500, 500, 500]);
  deepStrictEqual(await batches(far, [180]), [250]);
  const slow = new Pace({}, DEFAULTS);
  slow.distance(1);
  deepStrictEqual(await batches(slow, [152, 152]), [250, 125]);
  const unknown = new Pace({}, DEFAULTS);
  deepStrictEqual(await batches(unknown, [152, 152]), [250, 125]);
});

Deno.test("a first answer that was late is corrected by the next", async () => {
  const pace = new Pace({}, DEFAULTS);
  pace.distance(400); // a name that took long to look up
  deepStrictEqual(await batches(pace, [2, 30]), [500, 250]);
});

Deno.test("the operator's words count", async () => {
  const pace = new Pace({ batch: 8, maxLatency: 100 }, DEFAULTS);
  strictEqual(pace.batch, 8);
  deepStrictEqual(await batches(pace, [99, 101, 101, 101, 101, 101]), [8, 4, 2, 1, 1, 1]);
  strictEqual(new Pace({ batch: 1 }, DEFAULTS).batch, 1);
});

Deno.test("batches double at first, and grow slowly after a slow one", async () => {
  const pace = new Pace({}, { batch: 100, first: 5, least: 4, maxLatency: 20 });
  strictEqual(pace.batch, 5);
  deepStrictEqual(await batches(pace, [1, 1, 15, 1, 1]), [10, 20, 20, 25, 31]);
  deepStrictEqual(await batches(pace, [25, 25, 25, 25]), [16, 8, 4, 4]);
  strictEqual(new Pace({ batch: 3 }, { batch: 100, first: 5, maxLatency: 20 }).batch, 3);
});

Deno.test("where somebody waits for a batch, the next is half, at once and without a rest", async () => {
  const pace = new Pace({}, DEFAULTS);
  strictEqual(await timeOf(() => pace.after(19, signal, true)) < 15, true);
  strictEqual(pace.batch, 250);
  for (let time = 0; time < 9; time++) await pace.after(1, signal, true);
  strictEqual(pace.batch, 10);
  deepStrictEqual(await batches(pace, [1, 1]), [13, 16]);
});

Deno.test("a failed batch shrinks the next one below the minimum", async () => {
  const pace = new Pace({}, { batch: 100, least: 50, maxLatency: 20 });
  pace.shrink();
  strictEqual(pace.batch, 25);
  deepStrictEqual(await batches(pace, [25, 1]), [25, 31]);
  for (let time = 0; time < 9; time++) pace.shrink();
  strictEqual(pace.batch, 1);
});

Deno.test("property: a batch is a whole number, never more than the most, never none", async () => {
  const latencies = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 60 });
  const budgets = fc.record({
    batch: fc.integer({ min: 1, max: 100_000 }),
    maxLatency: fc.integer({ min: 1, max: 60_000 }),
  }, { requiredKeys: [] });
  await fc.assert(fc.asyncProperty(budgets, latencies, async (budget: Budget, all) => {
    const pace = new Pace(budget, DEFAULTS);
    if (all.length % 2 === 0) pace.distance(all[0] ?? 0);
    for (const size of await batches(pace, all)) {
      const most = budget.batch ?? DEFAULTS.batch;
      strictEqual(Number.isInteger(size) && size >= 1 && size <= most, true, `${size}`);
    }
  }));
});
