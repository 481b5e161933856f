/** Copies from Redis to PostgreSQL, against reading and writing the same rows without azu. */
import { Redis } from "ioredis";
import { expectCopied } from "./support/azu.ts";
import type { Bench } from "./support/options.ts";
import { PostgresData, type Sessions } from "./support/postgres_data.ts";
import { makeRedisData, PATTERN, startFrom } from "./support/redis_data.ts";
import { list } from "./support/report.ts";
import { largest, median, ratios } from "./support/stats.ts";

/** MiB, at the peak. */
const MOST_MEMORY = 150;

/** How many times more sessions the second measurement of the memory has. */
const LARGER = 5;

const COLUMNS = "session_id, data, created_at, updated_at, expires_at, user_id";

export async function benchCopy(bench: Bench): Promise<void> {
  const { azu, report, folder, sessions, rounds } = bench;
  report.title(`Copies from Redis to PostgreSQL, ${sessions} sessions`);
  const keys = await makeRedisData(folder, { sessions, others: 0 });
  await using empty = await PostgresData.make(0);
  const [reads, writes]: [number[], number[]] = [[], []];
  const [times, again, peaks]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    await using server = await startFrom(keys);
    await using database = await empty.copy();
    const run = expectCopied(await azu.copy(server.url, database.url), sessions);
    times.push(run.milliseconds);
    peaks.push(run.peak);
    again.push((await azu.copy(server.url, database.url)).milliseconds);
    reads.push(await timed(() => readAll(server.url, sessions)));
    await writeRows(database);
    await using other = await empty.copy();
    writes.push(await timed(() => loadRows(other, sessions)));
  }
  const floors = reads.map((read, round) => read + (writes[round] ?? NaN));
  const found = ratios(times, floors);
  report.figure("seconds", median(times) / 1000, list(times.map(seconds)));
  report.figure("seconds to copy again", median(again) / 1000);
  report.figure("seconds of SCAN and GET", median(reads) / 1000);
  report.figure("seconds of COPY", median(writes) / 1000);
  report.bound("time over SCAN and GET and COPY", median(found), { most: 1.5 }, list(found));
  report.bound("MiB at the peak", largest(peaks), { most: MOST_MEMORY }, "", 1);
  await benchMemory(bench, empty);
}

async function benchMemory({ azu, report, folder, sessions }: Bench, empty: PostgresData) {
  const more = LARGER * sessions;
  const keys = await makeRedisData(folder, { sessions: more, others: 0 });
  await using server = await startFrom(keys);
  await using database = await empty.copy();
  const run = expectCopied(await azu.copy(server.url, database.url), more);
  const detail = `in ${(run.milliseconds / 1000).toFixed(1)} s`;
  report.bound(`MiB for ${more}`, run.peak, { most: MOST_MEMORY }, detail, 1);
}

/** A bare loop of SCAN and GET. The GETs of a batch are sent together. */
export async function readAll(url: string, sessions: number): Promise<void> {
  const client = new Redis(url);
  let read = 0;
  let cursor = "0";
  do {
    const [next, keys] = await client.scanBuffer(cursor, "MATCH", PATTERN, "COUNT", "1000");
    cursor = next.toString();
    read += (await Promise.all(keys.map((key) => client.getBuffer(key)))).length;
  } while (cursor !== "0");
  client.disconnect();
  if (read < sessions) throw new Error(`The loop has read ${read} sessions`);
}

/** The server itself writes and reads the file. */
export async function writeRows({ client }: Sessions): Promise<void> {
  await client.query(`COPY (SELECT ${COLUMNS} FROM sessions) TO '${await fileOf(client)}'`);
}

export async function loadRows({ client }: Sessions, sessions: number): Promise<void> {
  const { rowCount } = await client.query(
    `COPY sessions (${COLUMNS}) FROM '${await fileOf(client)}'`,
  );
  if (rowCount !== sessions) throw new Error(`COPY has written ${rowCount} rows`);
}

/** In the folder of the server, which may run as another user. */
async function fileOf(client: Sessions["client"]): Promise<string> {
  const { rows } = await client.query("SHOW data_directory");
  return `${rows[0]?.data_directory}/rows`;
}

export async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}
