/** PostgreSQL: against one plain DELETE, and what other clients notice. */
import { type ClearRun, expectCleared, SWEEP } from "./support/azu.ts";
import type { Bench } from "./support/options.ts";
import { OtherProcess } from "./support/other_process.ts";
import { PostgresData, type Sessions } from "./support/postgres_data.ts";
import { list } from "./support/report.ts";
import { largest, median, quantile, ratios } from "./support/stats.ts";
import { benchRevoke } from "./postgres_revoke.ts";
import { benchList, benchSweep } from "./postgres_selections.ts";
import { benchPostgresStatus } from "./status.ts";
import { MOST_MEMORY } from "./redis_memory.ts";

/** Milliseconds to measure the writers before a clear. */
const QUIET = 4000;

/** Milliseconds between two queries about the locks. */
const LOOK = 20;

/**
 * The oldest transaction of ours that has locked anything: what it has locked, it keeps to its end.
 * Its own number, which nobody but itself wants, does not count.
 */
const OLDEST = `SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) AS age
  FROM pg_stat_activity JOIN pg_locks USING (pid)
  WHERE application_name LIKE 'azu%' AND granted AND locktype <> 'virtualxid'`;

const DELETE = "DELETE FROM sessions";

export async function benchPostgres(bench: Bench): Promise<void> {
  const { azu, report, sessions, rounds } = bench;
  report.title(`PostgreSQL, ${sessions} sessions, four indexes`);
  await using data = await PostgresData.make(sessions);
  const [plain, ours]: [number[], ClearRun[]] = [[], []];
  const clear = async () => {
    await using copy = await data.copy();
    ours.push(expectCleared(await azu.database(copy.url), sessions));
  };
  for (let round = 0; round < rounds; round++) {
    // In turns, because the disk is still busy with the first when the second begins.
    if (round % 2 === 1) await clear();
    plain.push(await deletePlainly(data));
    if (round % 2 === 0) await clear();
  }
  const times = ours.map(({ milliseconds }) => milliseconds);
  const found = ratios(times, plain);
  report.figure("seconds", median(times) / 1000, list(times.map((time) => time / 1000)));
  report.bound("time over one plain DELETE", median(found), { most: 1.3 }, list(found));
  report.bound("MiB at the peak", largest(ours.map(({ peak }) => peak)), { most: MOST_MEMORY });
  await benchRevoke(bench, data);
  await benchSweep(bench, data);
  await benchPostgresStatus(bench, data);
  await benchList(bench, data);
  await benchWriters(bench, data);
}

async function deletePlainly(data: PostgresData): Promise<number> {
  await using copy = await data.copy();
  const start = performance.now();
  await copy.client.query(DELETE);
  return performance.now() - start;
}

/** Over all rounds, because one clear is too short for a p99. */
async function benchWriters({ azu, report, sessions, rounds }: Bench, data: PostgresData) {
  const [quiet, busy, beside]: [number[], number[], number[]] = [[], [], []];
  const swept: number[] = [];
  const [visits, ages]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const clear = await writing(data, sessions, async (copy) => {
      const run = azu.database(copy.url);
      ages.push(await oldestLock(copy, run));
      const { code, said } = await run;
      if (code !== 0) throw new Error(`azu ended with ${code}: ${said}`);
    });
    quiet.push(...clear.before);
    busy.push(...clear.visits, ...clear.creations);
    visits.push(...clear.visits);
    const sweep = await writing(data, sessions, async (copy) => {
      const { code, said } = await azu.database(copy.url, SWEEP);
      if (code !== 0) throw new Error(`azu ended with ${code}: ${said}`);
    });
    swept.push(...sweep.visits, ...sweep.creations);
    await using other = await data.copy();
    const plain = await writing(data, sessions, () => other.client.query(DELETE));
    quiet.push(...plain.before);
    beside.push(...plain.visits, ...plain.creations);
  }
  const [p99, before] = [quantile(busy, 0.99), quantile(quiet, 0.99)];
  const detail = `${p99.toFixed(1)} of ${busy.length} over ${before.toFixed(1)} of ${quiet.length}`;
  report.bound("writers' p99 over their quiet p99", p99 / before, { most: 2 }, detail);
  const sweeps = quantile(swept, 0.99);
  const detailOfSweeps = `${sweeps.toFixed(1)} of ${swept.length}`;
  report.bound("p99 during a sweep over that", sweeps / p99, { most: 1 }, detailOfSweeps);
  const floor = quantile(beside, 0.99);
  const elsewhere = `${floor.toFixed(1)} of ${beside.length}, in another database`;
  report.figure("the same beside one plain DELETE", floor / before, elsewhere);
  report.figure("longest wait of a writer, ms", largest(busy), "", 1);
  report.figure("visits to sessions of the start, p99, ms", quantile(visits, 0.99), "", 1);
  report.bound("longest that locks were held, seconds", largest(ages), { most: 1 }, list(ages));
}

/** Milliseconds that writers of an app waited, before some work and during it. */
async function writing(
  data: PostgresData,
  sessions: number,
  work: (copy: Sessions) => Promise<unknown>,
) {
  await using copy = await data.copy();
  const module = new URL("./postgres_writers.ts", import.meta.url).pathname;
  await using writers = await OtherProcess.start(module, copy.url, `${sessions}`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await writers.since();
  await new Promise((resolve) => setTimeout(resolve, QUIET));
  const before = Object.values(await writers.since()).flat();
  await work(copy);
  const { visits = [], creations = [] } = await writers.since();
  return { before, visits, creations };
}

async function oldestLock({ client }: Sessions, clear: Promise<unknown>): Promise<number> {
  let [ended, oldest] = [false, 0];
  const end = () => void (ended = true);
  clear.then(end, end);
  while (!ended) {
    const { rows } = await client.query(OLDEST);
    oldest = Math.max(oldest, Number(rows[0]?.age));
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  return oldest;
}
