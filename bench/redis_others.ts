/** Measures how long other clients of Redis wait during a clear. */
import type { RedisServer } from "../tests/support/servers/redis.ts";
import { startRedis } from "../tests/support/servers/redis.ts";
import { expectCleared } from "./support/azu.ts";
import type { Bench } from "./support/options.ts";
import { OtherProcess } from "./support/other_process.ts";
import { PATTERN, redisCli, type RedisData, startFrom } from "./support/redis_data.ts";
import { list } from "./support/report.ts";
import { largest, median, quantile } from "./support/stats.ts";

/** Milliseconds. */
const QUIET = 2000;

interface Pings {
  readonly worst: number;
  readonly p99: number;
  /** The worst ping of an idle server at the same time: the machine's own part of the wait. */
  readonly elsewhere: number;
}

/** The worst ping of each round. Their median is compared with the bound. */
export async function benchRedisPings(bench: Bench, data: RedisData): Promise<void> {
  const { azu, report, rounds } = bench;
  const [quiet, clears]: [Pings[], Pings[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const [before, during] = await pinged(data, async (server) => {
      expectCleared(await azu.redis(server.url), data.sessions);
    });
    quiet.push(before);
    clears.push(during);
  }
  const [, keys] = await pinged(data, async (server) => {
    await redisCli(server, "keys", PATTERN);
  });
  const worst = clears.map(({ worst }) => worst);
  const elsewhere = clears.map(({ elsewhere }) => elsewhere);
  const idle = quiet.map(({ worst }) => worst);
  report.figure("worst ping of the idle server, ms", median(idle), list(idle, 1), 1);
  report.bound("worst ping during a clear, ms", median(worst), { most: 20 }, list(worst, 1), 1);
  report.figure("of another server meanwhile", median(elsewhere), list(elsewhere, 1), 1);
  report.figure("p99 of pings during a clear, ms", median(clears.map(({ p99 }) => p99)), "", 1);
  report.figure("worst ping during KEYS, ms", keys.worst, "", 1);
}

/** Pings before the work, and during it. */
async function pinged(
  data: RedisData,
  work: (server: RedisServer) => Promise<void>,
): Promise<[Pings, Pings]> {
  await using server = await startFrom(data);
  await using other = await startRedis();
  const module = new URL("./redis_pings.ts", import.meta.url).pathname;
  await using pings = await OtherProcess.start(module, `${server.port}`, `${other.port}`);
  const taken = async (): Promise<Pings> => {
    const waits = await pings.since();
    const [here, there] = [server, other].map(({ port }) => waits[`${port}`] ?? []);
    return {
      worst: largest(here ?? []),
      p99: quantile(here ?? [], 0.99),
      elsewhere: largest(there ?? []),
    };
  };
  await taken();
  await new Promise((resolve) => setTimeout(resolve, QUIET));
  const before = await taken();
  await work(server);
  return [before, await taken()];
}
