/** PostgreSQL: sweeping the expired half against one plain DELETE, and the memory of a list. */
import { type ClearRun, expectCleared, expectListed, SWEEP } from "./support/azu.ts";
import type { Bench } from "./support/options.ts";
import { expiredOf, type PostgresData } from "./support/postgres_data.ts";
import { list } from "./support/report.ts";
import { largest, median, ratios } from "./support/stats.ts";
import { MOST_MEMORY } from "./redis_memory.ts";

const DELETE = "DELETE FROM sessions WHERE expires_at < now()";

export async function benchSweep(bench: Bench, data: PostgresData): Promise<void> {
  const { azu, report, sessions, rounds } = bench;
  const [plain, ours]: [number[], ClearRun[]] = [[], []];
  const sweep = async () => {
    await using copy = await data.copy();
    ours.push(expectCleared(await azu.database(copy.url, SWEEP), expiredOf(sessions)));
  };
  for (let round = 0; round < rounds; round++) {
    // In turns, because the disk is still busy with the first when the second begins.
    if (round % 2 === 1) await sweep();
    plain.push(await deletePlainly(data));
    if (round % 2 === 0) await sweep();
  }
  const times = ours.map(({ milliseconds }) => milliseconds);
  const found = ratios(times, plain);
  report.figure("seconds to sweep the expired half", median(times) / 1000);
  report.bound("time over one DELETE of it", median(found), { most: 1.4 }, list(found));
  const peak = largest(ours.map(({ peak }) => peak));
  report.bound("MiB at the peak of a sweep", peak, { most: MOST_MEMORY }, "", 1);
}

export async function benchList({ azu, report, sessions }: Bench, data: PostgresData) {
  await using copy = await data.copy();
  const { peak } = expectListed(await azu.listDatabase(copy.url), sessions);
  report.bound("MiB at the peak of a list", peak, { most: MOST_MEMORY }, "", 1);
}

async function deletePlainly(data: PostgresData): Promise<number> {
  await using copy = await data.copy();
  const start = performance.now();
  await copy.client.query(DELETE);
  return performance.now() - start;
}
