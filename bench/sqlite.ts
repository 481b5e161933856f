/** SQLite: against one plain DELETE. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createStatements } from "../src/backends/sql/ddl.ts";
import { type ClearRun, expectCleared, expectListed } from "./support/azu.ts";
import type { Bench } from "./support/options.ts";
import { list } from "./support/report.ts";
import { largest, median, ratios } from "./support/stats.ts";
import { MOST_MEMORY } from "./redis_memory.ts";

/** The most that the time of a clear may be over that of one plain DELETE. */
const MOST_TIME = 2;

export async function benchSqlite({ azu, report, folder, sessions: most, rounds }: Bench) {
  const sessions = Math.round(most / 5); // with a million rows, its journal takes minutes
  report.title(`SQLite, ${sessions} sessions, three indexes`);
  const [filled, copy] = [join(folder, "filled.db"), join(folder, "copy.db")];
  fill(filled, sessions);
  const [plain, ours]: [number[], ClearRun[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    await Deno.copyFile(filled, copy);
    plain.push(deletePlainly(copy));
    await Deno.copyFile(filled, copy);
    ours.push(expectCleared(await azu.database(`sqlite3://${copy}`), sessions));
  }
  const listed = expectListed(await azu.listDatabase(`sqlite3://${filled}`), sessions);
  await Deno.remove(filled);
  await Deno.remove(copy);
  const times = ours.map(({ milliseconds }) => milliseconds);
  const found = ratios(times, plain);
  report.figure("seconds", median(times) / 1000, list(times.map((time) => time / 1000)));
  report.bound("time over one plain DELETE", median(found), { most: MOST_TIME }, list(found));
  const bound = { most: MOST_MEMORY };
  report.bound("MiB at the peak", largest(ours.map(({ peak }) => peak)), bound, "", 1);
  report.bound("MiB at the peak of a list", listed.peak, bound, "", 1);
}

function fill(path: string, sessions: number): void {
  const database = new DatabaseSync(path);
  for (const lines of createStatements("sqlite", { name: "sessions" })) {
    database.exec(lines.join("\n"));
  }
  database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${sessions})
    INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at)
    SELECT lower(hex(randomblob(16))), randomblob(192), datetime(), datetime(),
      datetime('now', i || ' seconds') FROM n`);
  database.close();
}

/** With a condition, because without one SQLite drops whole pages, like TRUNCATE. */
function deletePlainly(path: string): number {
  const database = new DatabaseSync(path);
  const start = performance.now();
  database.exec("DELETE FROM sessions WHERE id IS NOT NULL");
  const took = performance.now() - start;
  database.close();
  return took;
}
