/** MariaDB: against one plain DELETE. */
import { createConnection } from "mysql2/promise";
import { createStatements } from "../src/backends/sql/ddl.ts";
import { startMariadb } from "../tests/support/servers/mariadb.ts";
import { type ClearRun, expectCleared } from "./support/azu.ts";
import type { Bench } from "./support/options.ts";
import { list } from "./support/report.ts";
import { largest, median, ratios } from "./support/stats.ts";

const ROUNDS = 5;

/** The settings of a server that must not lose data. */
const ARGS = ["--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=1G"];

/** The part of the sessions to use. A DELETE of a million rows takes many seconds. */
const PART = 1 / 5;

/** The most that the time of a clear may be over that of one plain DELETE. */
const MOST_TIME = 1.7;

export async function benchMysql({ azu, report, sessions }: Bench): Promise<void> {
  const rows = Math.round(sessions * PART);
  report.title(`MariaDB, ${rows} sessions, four indexes`);
  await using server = await startMariadb({ args: ARGS });
  const url = new URL(server.url);
  const client = await createConnection({ uri: url.href });
  await client.query("CREATE DATABASE bench");
  await client.query("USE bench");
  url.pathname = "/bench";
  for (const lines of createStatements("mysql", { name: "filled" })) {
    await client.query(lines.join("\n"));
  }
  await client.query(`INSERT INTO filled (session_id, data, created_at, updated_at, expires_at)
    SELECT md5(seq), repeat(md5(seq), 6), now(), now(), now() + INTERVAL seq SECOND
    FROM seq_1_to_${rows}`);
  const copy = async () => {
    await client.query("DROP TABLE IF EXISTS sessions");
    await client.query("CREATE TABLE sessions LIKE filled");
    await client.query("INSERT INTO sessions SELECT * FROM filled");
  };
  const [plain, ours]: [number[], ClearRun[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    await copy();
    const start = performance.now();
    await client.query("DELETE FROM sessions");
    plain.push(performance.now() - start);
    await copy();
    ours.push(expectCleared(await azu.database(url.href), rows));
  }
  await client.end();
  const times = ours.map(({ milliseconds }) => milliseconds);
  const found = ratios(times, plain);
  report.figure("seconds", median(times) / 1000, list(times.map((time) => time / 1000)));
  report.bound("time over one plain DELETE", median(found), { most: MOST_TIME }, list(found));
  report.figure("MiB at the peak", largest(ours.map(({ peak }) => peak)), "", 1);
}
