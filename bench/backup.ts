/** Backups of a Redis and their restores, against reading and writing the same without azu. */
import { join } from "node:path";
import { Redis } from "ioredis";
import { openBackup } from "../src/backup/read.ts";
import { startRedis } from "../tests/support/servers/redis.ts";
import { loadRows, readAll, timed, writeRows } from "./copy.ts";
import { expectCopied, PASSPHRASE } from "./support/azu.ts";
import type { Bench } from "./support/options.ts";
import { PostgresData } from "./support/postgres_data.ts";
import { makeRedisData, PATTERN, startFrom } from "./support/redis_data.ts";
import { list } from "./support/report.ts";
import { largest, median, ratios } from "./support/stats.ts";

/** How often the time of reading alone a backup and a restore may take. */
const MOST_TIME = 1.5;

/** MiB, at the peak. */
const MOST_MEMORY = 150;

export async function benchBackup(bench: Bench): Promise<void> {
  const { report, folder, sessions, rounds } = bench;
  report.title(`Backups of Redis, ${sessions} sessions`);
  const keys = await makeRedisData(folder, { sessions, others: 0 });
  const file = join(folder, "backup.azu");
  await using empty = await PostgresData.make(0);
  const times = new Map<string, number[]>();
  const peaks: number[] = [];
  const record = (what: string, time: number) => {
    times.set(what, [...times.get(what) ?? [], time]);
  };
  for (let round = 0; round < rounds; round++) {
    await using server = await startFrom(keys);
    record("reading", await timed(() => readAll(server.url, sessions)));
    const backup = expectCopied(await bench.azu.backUp(server.url, file), sessions);
    record("backup", backup.milliseconds);
    record("reading", await timed(() => readAll(server.url, sessions)));
    record("file", await timed(() => readFile(file, sessions)));

    await using target = await startRedis();
    const toRedis = expectCopied(await bench.azu.restore(file, "redis", target.url), sessions);
    record("to Redis", toRedis.milliseconds);
    await using other = await startRedis();
    record("SET", await timedSets(server.url, other.url));

    await using database = await empty.copy();
    const { url } = database;
    const toDatabase = expectCopied(await bench.azu.restore(file, "database", url), sessions);
    record("to PostgreSQL", toDatabase.milliseconds);
    await writeRows(database);
    await using plain = await empty.copy();
    record("COPY", await timed(() => loadRows(plain, sessions)));
    peaks.push(backup.peak, toRedis.peak, toDatabase.peak);
  }
  const of = (what: string) => times.get(what) ?? [];
  // Twice a round, before and after the backup: the machine may be busy with other things.
  const pairs = of("reading");
  const readings = of("backup").map((_, round) => {
    return ((pairs[2 * round] ?? NaN) + (pairs[2 * round + 1] ?? NaN)) / 2;
  });
  const sum = (write: string) => of("file").map((time, round) => time + (of(write)[round] ?? NaN));
  for (const [what, all] of times) report.figure(`seconds: ${what}`, median(all) / 1000);
  const bound = (what: string, over: string, floors: readonly number[]) => {
    const found = ratios(of(what), floors);
    report.bound(`${what} over ${over}`, median(found), { most: MOST_TIME }, list(found));
  };
  bound("backup", "SCAN and GET", readings);
  bound("to Redis", "reading the file and SET", sum("SET"));
  bound("to PostgreSQL", "reading the file and COPY", sum("COPY"));
  for (const what of ["to Redis", "to PostgreSQL"]) {
    report.figure(`${what} over SCAN and GET`, median(ratios(of(what), readings)));
  }
  report.bound("MiB at the peak", largest(peaks), { most: MOST_MEMORY }, "", 1);
}

/** Reads and checks the file once. */
async function readFile(path: string, sessions: number): Promise<void> {
  using backup = await openBackup(path, PASSPHRASE);
  if (backup.count !== sessions) throw new Error(`The backup has ${backup.count} sessions`);
}

/** Only the writing: SETs with an expiry, 1000 of which are sent together. */
async function timedSets(from: string, to: string): Promise<number> {
  const [source, target] = [new Redis(from), new Redis(to)];
  let time = 0;
  let cursor = "0";
  do {
    const [next, keys] = await source.scanBuffer(cursor, "MATCH", PATTERN, "COUNT", "1000");
    cursor = next.toString();
    const values = await Promise.all(keys.map((key) => source.getBuffer(key)));
    const expiry = Date.now() + 86_400_000;
    time += await timed(async () => {
      await Promise.all(
        keys.map((key, index) => target.set(key, values[index] ?? "", "PXAT", expiry)),
      );
    });
  } while (cursor !== "0");
  source.disconnect();
  target.disconnect();
  return time;
}
