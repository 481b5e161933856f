/** Measures the memory on Redis. It must not depend on the number of sessions. */
import { startRedis } from "../tests/support/servers/redis.ts";
import { expectCleared, expectListed, revocationOf } from "./support/azu.ts";
import { type Bench, SESSIONS_PER_USER } from "./support/options.ts";
import { fillRedis, type RedisKeys } from "./support/redis_data.ts";

/** MiB, at the peak. */
export const MOST_MEMORY = 130;

/** Of 5,000,000 different keys, the filter against repeated ones takes one or two for known. */
const MISTAKEN = 2;

/** @param peak The peak in MiB, measured with these keys. */
export async function benchRedisMemory(bench: Bench, keys: RedisKeys, peak: number): Promise<void> {
  const { azu, report } = bench;
  const sessions = 5 * keys.sessions;
  await using server = await startRedis();
  await fillRedis(server, { sessions, others: keys.others });
  const listed = expectListed(await azu.listRedis(server.url), sessions, MISTAKEN);
  const revoked = expectCleared(await azu.redis(server.url, revocationOf(1)), SESSIONS_PER_USER);
  const larger = expectCleared(await azu.redis(server.url), sessions - SESSIONS_PER_USER);
  const most = { most: MOST_MEMORY };
  report.bound(`MiB of a list of ${sessions}`, listed.peak, most, inSeconds(listed), 1);
  report.bound(`MiB of a revocation among ${sessions}`, revoked.peak, most, inSeconds(revoked), 1);
  report.bound(
    "MiB at the peak of a clear",
    peak,
    { most: MOST_MEMORY },
    "the most of all rounds",
    1,
  );
  const detail = `${larger.peak.toFixed(1)} MiB ${inSeconds(larger)}`;
  report.bound(`MiB for ${sessions} over that`, larger.peak / peak, { most: 1.1 }, detail);
}

function inSeconds({ milliseconds }: { readonly milliseconds: number }): string {
  return `in ${(milliseconds / 1000).toFixed(1)} s`;
}
