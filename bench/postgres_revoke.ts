/** PostgreSQL: revoking the sessions of one user, against a program that runs one DELETE. */
import { join } from "node:path";
import { expectCleared, revocationOf } from "./support/azu.ts";
import { type Bench, SESSIONS_PER_USER } from "./support/options.ts";
import { compilePlain } from "./support/plain_program.ts";
import type { PostgresData, Sessions } from "./support/postgres_data.ts";
import { list } from "./support/report.ts";
import { median, ratios } from "./support/stats.ts";

const PAIRS = 15;
const WARM_UPS = 2;

/** How many times fewer sessions the small table has. */
const SMALLER = 100;

export async function benchRevoke(bench: Bench, data: PostgresData): Promise<void> {
  const { report, sessions, folder } = bench;
  const plain = await compilePlain("plain_delete.ts", join(folder, "plain_delete"));
  await using large = await data.copy();
  await using small = await data.copy();
  const users = Math.floor(sessions / SESSIONS_PER_USER / SMALLER);
  await small.client.query("DELETE FROM sessions WHERE user_id > $1", [users]);
  await small.client.query("VACUUM (FULL, ANALYZE) sessions");
  const inLarge = await revokeInPairs(bench, large, plain);
  const inSmall = await revokeInPairs(bench, small, plain);
  const found = ratios(inLarge.ours, inLarge.plain);
  report.figure("milliseconds to revoke one user", median(inLarge.ours), list(inLarge.ours), 0);
  report.bound(
    "time to revoke one user over that of a plain DELETE",
    median(found),
    { most: 3 },
    list(found),
  );
  const growth = median(found) / median(ratios(inSmall.ours, inSmall.plain));
  report.bound(`the same over that among ${sessions / SMALLER} sessions`, growth, { most: 1.2 });
}

/** Milliseconds of each process, in turns. Every run removes the sessions of another user. */
async function revokeInPairs({ azu }: Bench, { url }: Sessions, plain: string) {
  const [ours, others]: [number[], number[]] = [[], []];
  for (let pair = 0; pair < WARM_UPS + PAIRS; pair++) {
    const run = await azu.database(url, revocationOf(2 * pair + 1));
    const { milliseconds } = expectCleared(run, SESSIONS_PER_USER);
    const start = performance.now();
    const { stdout } = await new Deno.Command(plain, {
      args: [url, `${2 * pair + 2}`],
      clearEnv: true,
      stdin: "null",
    }).output();
    const taken = performance.now() - start;
    const removed = Number(new TextDecoder().decode(stdout));
    if (removed !== SESSIONS_PER_USER) throw new Error(`The DELETE has removed ${removed}`);
    if (pair < WARM_UPS) continue;
    ours.push(milliseconds);
    others.push(taken);
  }
  return { ours, plain: others };
}
