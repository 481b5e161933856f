/** Ends the tool with signals at many moments of a removal, also with SIGKILL. */
import { deepStrictEqual, doesNotMatch, ok, strictEqual } from "node:assert/strict";
import { spawnAzu } from "../support/cli.ts";
import { needs } from "../support/env.ts";
import { pollUntil } from "../support/poll.ts";
import { tempDir, writeTree } from "../support/temp.ts";
import { redisSubject } from "./redis_subject.ts";
import { mysql, postgres, sqlSubject } from "./sql_subjects.ts";
import { sqlitePlace } from "./sqlite_place.ts";
import { randoms } from "./places.ts";
import { clear, ENDLESS, EXPIRED, OF_ONE_USER, type Place } from "./sweep.ts";

/** Small batches with pauses, so that a removal takes long. */
const BUDGET = ["--batch", "50", "--pause", "10ms"];

const COMMANDS = new Map([
  [OF_ONE_USER, ["session:revoke", "--user", "42", "--force"]],
  [EXPIRED, ["session:sweep"]],
  [ENDLESS, ["session:sweep", "--fix-ttl"]],
]);
const CLEAR = ["session:clear", "--anything", "--force"];

/** The signals of one round. */
const ROUND: readonly Deno.Signal[] = [
  ...Array<Deno.Signal>(10).fill("SIGKILL"),
  ...Array<Deno.Signal>(2).fill("SIGINT"),
  ...Array<Deno.Signal>(2).fill("SIGTERM"),
];

const CODES: Partial<Record<Deno.Signal, number>> = { SIGKILL: 137, SIGINT: 130, SIGTERM: 143 };

const CONFIG =
  `export default { session: { backends: { redis: { keyPrefix: "shop:session:" } } } };`;

/** When to end a clear: milliseconds after it said that it clears, or after its first batch. */
interface Moment {
  readonly signal: Deno.Signal;
  readonly from: "said" | "begun";
  readonly after: number;
}

/** How a clear ended, and how many milliseconds it took after its first batch. */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly time: number;
}

async function run(
  { name, url, sessions, selection }: Place,
  total: number,
  end?: Moment,
): Promise<Ended> {
  await using app = await tempDir();
  await writeTree(app.path, { "azu.config.ts": CONFIG });
  const env = name === "redis" ? { REDIS_URL: url } : { DATABASE_URL: url };
  const command = [...COMMANDS.get(selection) ?? CLEAR, ...BUDGET, "--backend", name];
  await using azu = await spawnAzu(command, { cwd: app.path, env });
  await azu.waitFor(/(?:Clearing|Revoking|Sweeping) (?:\w+ )?sessions\b/);
  if (end?.from !== "said") {
    await pollUntil("the first batch", async () => await sessions() < total);
  }
  const begin = performance.now();
  if (end !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, end.after));
    azu.signal(end.signal);
  }
  return { ...await azu.finished(), time: performance.now() - begin };
}

/**
 * Ends a clear. The neighbours must be unchanged, the reported count must be true, and the next
 * clear must remove the rest.
 * @returns whether the clear was ended in between: some sessions were left, but not all.
 */
async function endAt(place: Place, moment: Moment): Promise<boolean> {
  const total = await place.fill();
  const neighbours = await place.neighbours();
  const { code, stdout, stderr } = await run(place, total, moment);
  await pollUntil("its connections to be gone", async () => await place.others() === 0, 5000);
  const left = await place.sessions();
  const where = `${JSON.stringify(moment)}, ${left} left: ${code}\n${stdout}\n${stderr}`;
  deepStrictEqual(await place.neighbours(), neighbours, where);
  doesNotMatch(stderr, /^ +at /m);
  if (code === 0 || stdout.includes("✓")) strictEqual(left, 0, where); // all had been done before
  else {
    strictEqual(code, CODES[moment.signal], where);
    if (moment.signal !== "SIGKILL") strictEqual(told(stdout), total - left, where);
  }
  const again = await clear(place);
  const expected = left === 0 ? "empty" : "cleared";
  deepStrictEqual([again.outcome, again.cleared], [expected, left], where);
  strictEqual(await place.sessions(), 0);
  return left > 0 && left < total;
}

function told(stdout: string): number {
  const line = /^(?:Cleared|Revoked|Removed|Gave) (?:at least )?(\d+) session/m;
  return Number(line.exec(stdout)?.[1] ?? 0);
}

/**
 * Ends clears at random moments, three at a time, each with its own store. The moments depend on the
 * time of a first clear. On a busy machine the next clear may take much longer or shorter, so there
 * are more moments, until a third of them were in the middle of a clear.
 */
async function endAtMoments(rounds: number, makePlace: () => Promise<Place>): Promise<void> {
  const random = randoms(20261122);
  const signals = Array.from({ length: rounds }, () => ROUND).flat();
  const failures: unknown[] = [];
  let amid = 0;
  const isEnough = (index: number) => index >= signals.length && amid > signals.length / 3;
  function* moments() {
    for (const [index, signal] of [...signals, ...signals, ...signals].entries()) {
      if (isEnough(index)) return;
      yield { signal, part: random(), from: index % 5 === 0 ? "said" as const : "begun" as const };
    }
  }
  const next = moments();
  const work = async () => {
    await using place = await makePlace();
    const { time, code, stderr } = await run(place, await place.fill());
    strictEqual(code, 0, stderr);
    for (const { part, ...moment } of next) {
      if (failures.length > 0) return;
      if (await endAt(place, { ...moment, after: part * time })) amid++;
    }
  };
  await Promise.all([1, 2, 3].map(() => work().catch((error) => failures.push(error))));
  if (failures.length > 0) throw failures[0];
  ok(amid > signals.length / 3, `only ${amid} of ${signals.length} were in the middle of a clear`);
}

const places = [
  ["redis", 2, needs("redis-server"), () => redisSubject()],
  ["redis, of one user", 1, needs("redis-server"), () => redisSubject(undefined, OF_ONE_USER)],
  ["postgres", 2, needs("postgres"), () => sqlSubject(postgres)],
  ["mysql", 2, needs("mariadb"), () => sqlSubject(mysql)],
  ["postgres, of one user", 1, needs("postgres"), () => sqlSubject(postgres, OF_ONE_USER)],
  ["mysql, of one user", 1, needs("mariadb"), () => sqlSubject(mysql, OF_ONE_USER)],
  ["redis, without a TTL", 1, needs("redis-server"), () => redisSubject(undefined, ENDLESS)],
  ["postgres, expired", 1, needs("postgres"), () => sqlSubject(postgres, EXPIRED)],
  ["mysql, expired", 1, needs("mariadb"), () => sqlSubject(mysql, EXPIRED)],
  ["sqlite (WAL)", 1, { ignore: false }, () => sqlitePlace("wal")],
  ["sqlite", 1, { ignore: false }, () => sqlitePlace("delete")],
] as const;

for (const [name, rounds, options, makePlace] of places) {
  const what = `${name}: ended at ${rounds * ROUND.length} moments of a clear`;
  Deno.test(what, options, () => endAtMoments(rounds, makePlace));
}
