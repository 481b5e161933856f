/** Measures the memory of a clear of Redis. It must not depend on the number of sessions. */
import { startRedis } from "../tests/support/servers/redis.ts";
import { expectCleared } from "./support/azu.ts";
import type { Bench } from "./support/options.ts";
import { fillRedis, type RedisKeys } from "./support/redis_data.ts";

/** MiB, at the peak. */
export const MOST_MEMORY = 130;

/** @param peak The peak in MiB, measured with these keys. */
export async function benchRedisMemory(bench: Bench, keys: RedisKeys, peak: number): Promise<void> {
  const { azu, report } = bench;
  const sessions = 5 * keys.sessions;
  await using server = await startRedis();
  await fillRedis(server, { sessions, others: keys.others });
  const larger = expectCleared(await azu.redis(server.url), sessions);
  report.bound("MiB at the peak", peak, { most: MOST_MEMORY }, "the most of all rounds", 1);
  const detail = `${larger.peak.toFixed(1)} MiB in ${(larger.milliseconds / 1000).toFixed(1)} s`;
  report.bound(`MiB for ${sessions} over that`, larger.peak / peak, { most: 1.1 }, detail);
}
