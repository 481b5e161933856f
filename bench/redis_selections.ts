/** Redis: revoking the sessions of one user, against a loop that only reads all keys and values. */
import { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import { expectCleared, revocationOf } from "./support/azu.ts";
import { type Bench, SESSIONS_PER_USER } from "./support/options.ts";
import { PATTERN, type RedisData, startFrom } from "./support/redis_data.ts";
import { list } from "./support/report.ts";
import { largest, median, ratios } from "./support/stats.ts";
import { MOST_MEMORY } from "./redis_memory.ts";

const KEYS_PER_SCAN = "1000";

export async function benchRedisRevocation(bench: Bench, data: RedisData): Promise<void> {
  const { azu, report, rounds } = bench;
  await using server = await startFrom(data);
  const [loops, times, peaks]: [number[], number[], number[]] = [[], [], []];
  for (let round = 1; round <= rounds; round++) {
    loops.push(await readAll(server.url, data.sessions - SESSIONS_PER_USER * (round - 1)));
    const run = expectCleared(await azu.redis(server.url, revocationOf(round)), SESSIONS_PER_USER);
    times.push(run.milliseconds);
    peaks.push(run.peak);
  }
  const found = ratios(times, loops);
  report.figure("seconds to revoke one user", median(times) / 1000, list(times.map(seconds)));
  report.figure("seconds of a loop of SCAN and MGET", median(loops) / 1000);
  report.bound("time over that loop", median(found), { most: 1.5 }, list(found));
  report.bound("MiB at the peak of a revocation", largest(peaks), { most: MOST_MEMORY }, "", 1);
}

/**
 * Reads the keys and values of all sessions, and searches each value for a user.
 * @returns the milliseconds.
 */
async function readAll(url: string, sessions: number): Promise<number> {
  const start = performance.now();
  const client = new Redis(url);
  const user = Buffer.from('"user_id":0,');
  let read = 0;
  let found = 0;
  let cursor = "0";
  do {
    const [next, keys] = await client
      .scanBuffer(cursor, "MATCH", PATTERN, "COUNT", KEYS_PER_SCAN);
    cursor = next.toString();
    if (keys.length === 0) continue;
    for (const value of await client.mgetBuffer(keys)) if (value?.includes(user)) found++;
    read += keys.length;
  } while (cursor !== "0");
  client.disconnect();
  if (read !== sessions || found === 0) throw new Error(`The loop has read ${read} sessions`);
  return performance.now() - start;
}

function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}
