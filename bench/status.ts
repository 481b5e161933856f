/** What a status costs: against the least that the same count costs, and when it is quick. */
import { Redis } from "ioredis";
import type { Bench } from "./support/options.ts";
import type { PostgresData } from "./support/postgres_data.ts";
import { PATTERN, type RedisData, startFrom } from "./support/redis_data.ts";
import { list } from "./support/report.ts";
import { median, ratios } from "./support/stats.ts";

/** A walk over all keys inside the server: the least that a count costs. */
const SCAN = `
local cursor, found = "0", 0
repeat
  local reply = redis.call("SCAN", cursor, "MATCH", ARGV[1], "COUNT", 1000)
  cursor, found = reply[1], found + #reply[2]
until cursor == "0"
return found`;

/** What a status counts. */
const COUNT = `SELECT count(*), count(CASE WHEN expires_at < now() THEN 1 END),
  count(CASE WHEN expires_at IS NULL OR expires_at = 'infinity' THEN 1 END),
  count(CASE WHEN user_id = 0 THEN 1 END), count(CASE WHEN user_id IS NULL THEN 1 END),
  min(created_at), max(created_at) FROM sessions`;

export async function benchRedisStatus(bench: Bench, data: RedisData): Promise<void> {
  await using server = await startFrom(data);
  const client = new Redis(server.url);
  await compare(bench, {
    plain: async () => void await client.eval(SCAN, 0, PATTERN),
    status: (args) => bench.azu.status("redis", server.url, args),
    floor: "one SCAN loop inside the server",
    isShort: false,
  });
  client.disconnect();
}

export async function benchPostgresStatus(bench: Bench, data: PostgresData): Promise<void> {
  await using copy = await data.copy();
  await copy.client.query("VACUUM ANALYZE sessions");
  await compare(bench, {
    plain: async () => void await copy.client.query(COUNT),
    status: (args) => bench.azu.status("database", copy.url, args),
    floor: "the counting query",
    isShort: true,
  });
}

interface Compared {
  plain(): Promise<void>;
  /** Milliseconds that azu takes. */
  status(args: readonly string[]): Promise<number>;
  readonly floor: string;
  /** Whether the floor is so low that the start of a process counts for more. */
  readonly isShort: boolean;
}

async function compare(
  { azu, report, rounds }: Bench,
  { plain, status, floor, isShort }: Compared,
): Promise<void> {
  const [floors, exact, quick, starts]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await plain();
    floors.push(performance.now() - start);
    exact.push(await status([]));
    quick.push(await status(["--quick"]));
    starts.push(await azu.version());
  }
  // A quick status does all but the count.
  const counts = isShort ? exact.map((time, round) => time - (quick[round] ?? 0)) : exact;
  const found = ratios(counts, floors);
  const what = isShort ? "status beyond a quick one" : "status";
  report.bound(`${what} over ${floor}`, median(found), { most: 1.3 }, list(found));
  report.figure("seconds", median(exact) / 1000, list(exact.map((time) => time / 1000)));
  const more = quick.map((time, round) => time - (starts[round] ?? 0));
  report.bound("quick status beyond --version, ms", median(more), { most: 300 }, list(more, 0), 0);
}
