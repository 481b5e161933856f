/** Redis: against a script inside the server, the recipe of every operator, and KEYS. */
import { Redis } from "ioredis";
import type { RedisServer } from "../tests/support/servers/redis.ts";
import { type ClearRun, expectCleared } from "./support/azu.ts";
import type { Bench } from "./support/options.ts";
import { list } from "./support/report.ts";
import { benchRedisMemory } from "./redis_memory.ts";
import { benchRedisPings } from "./redis_others.ts";
import { benchRedisRevocation } from "./redis_selections.ts";
import { benchRedisStatus } from "./status.ts";
import {
  clearByRecipe,
  clearInside,
  makeRedisData,
  PATTERN,
  type RedisData,
  type RedisKeys,
  startFrom,
  waitedForProcessor,
} from "./support/redis_data.ts";
import { largest, median, ratios } from "./support/stats.ts";

/** How many sessions to remove one by one. All of them would take minutes. */
const ONE_BY_ONE = 100_000;

export async function benchRedis(bench: Bench): Promise<void> {
  const { report, folder, sessions } = bench;
  const keys = { sessions, others: Math.round(sessions / 10) };
  report.title(`Redis, ${keys.sessions} sessions among ${keys.others} other keys`);
  const data = await makeRedisData(folder, keys);
  const runs = await compare(bench, data);
  const ours = median(runs.map(({ milliseconds }) => milliseconds));
  await compareOneByOne(bench, keys, ours);
  await benchRedisPings(bench, data);
  await benchRedisRevocation(bench, data);
  await benchRedisStatus(bench, data);
  await benchRedisMemory(bench, keys, largest(runs.map(({ peak }) => peak)));
  const few = Math.round(sessions / 5);
  await compareAmongOthers(bench, { sessions: few, others: few * 9 });
}

async function compare({ azu, report, rounds }: Bench, data: RedisData): Promise<ClearRun[]> {
  const runs: ClearRun[] = [];
  const [floors, recipes, lost]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    floors.push(await timed(data, async (server) => void await clearInside(server)));
    await timed(data, async (server) => {
      const before = await waitedForProcessor(server);
      const run = expectCleared(await azu.redis(server.url), data.sessions);
      lost.push((await waitedForProcessor(server) - before) / run.milliseconds);
      runs.push(run);
    });
    recipes.push(await timed(data, clearByRecipe));
  }
  const times = runs.map(({ milliseconds }) => milliseconds);
  const [floor, recipe] = [ratios(times, floors), ratios(recipes, times)];
  report.figure("seconds", median(times) / 1000, list(times.map((time) => time / 1000)));
  report.figure("of which the server had no processor", median(lost), list(lost));
  report.bound("time over the floor inside the server", median(floor), { most: 1.15 }, list(floor));
  report.bound("recipe's time over ours", median(recipe), { least: 3 }, list(recipe));
  return runs;
}

/** Most keys are not sessions, as on a shared server. */
async function compareAmongOthers(bench: Bench, keys: RedisKeys): Promise<void> {
  const { azu, report, folder } = bench;
  const data = await makeRedisData(folder, keys);
  const [floors, times, recipes]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < 2; round++) {
    floors.push(2 * await timed(data, async (server) => void await clearInside(server)));
    times.push(
      await timed(data, async (server) => {
        expectCleared(await azu.redis(server.url), keys.sessions);
      }),
    );
    recipes.push(await timed(data, clearByRecipe));
  }
  report.title(`Redis, ${keys.sessions} sessions among ${keys.others} other keys`);
  const [found, possible] = [ratios(recipes, times), ratios(recipes, floors)];
  report.bound("recipe's time over ours", median(found), { least: 6 }, list(found));
  report.figure("over two walks inside the server", median(possible), list(possible));
}

/** KEYS, then a DEL for each: what a loop in an app's console does. */
async function compareOneByOne(bench: Bench, keys: RedisKeys, ours: number): Promise<void> {
  const { report, folder } = bench;
  const sessions = Math.min(ONE_BY_ONE, keys.sessions);
  const data = await makeRedisData(folder, { sessions, others: Math.round(sessions / 10) });
  const took = await timed(data, async (server) => {
    const client = new Redis(server.url);
    const found = await client.keysBuffer(PATTERN);
    if (found.length !== sessions) throw new Error("KEYS did not find them");
    for (const key of found) await client.del(key);
    client.disconnect();
  });
  const scaled = took * keys.sessions / sessions;
  const each = (1000 * took / sessions).toFixed(0);
  const detail = `${sessions} in ${(took / 1000).toFixed(1)} s, ${each} µs each, scaled`;
  report.bound("KEYS and DEL one by one, time over ours", scaled / ours, { least: 40 }, detail);
}

/** Milliseconds that some work takes on a new server. */
async function timed(data: RedisData, work: (server: RedisServer) => Promise<void>) {
  await using server = await startFrom(data);
  const start = performance.now();
  await work(server);
  return performance.now() - start;
}
