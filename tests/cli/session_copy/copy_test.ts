/** Copies between real stores: the first, repeated ones, and what changes in between. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { copyApp } from "./app.ts";
import {
  clusterEnd,
  type End,
  type Kept,
  lookOf,
  mysqlEnd,
  postgresEnd,
  redisEnd,
  sqliteEnd,
} from "./ends.ts";

const NOW = Date.now();
const HOUR = 3_600_000;

function session(name: string, facts: Partial<Kept> = {}): Kept {
  const visitedAt = facts.visitedAt ?? NOW - HOUR;
  const visit = new Date(visitedAt).toISOString();
  return {
    payload: `{"session_id":"${name}","user_id":42,"visited_at":"${visit}","note":"é\\u0000"}`,
    expiresAt: NOW + HOUR + 123,
    ...facts,
    visitedAt,
  };
}

function sessions(count: number): Record<string, Kept> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const name = `s${index}`;
      return [name, session(name, { expiresAt: NOW + HOUR + index })] as const;
    }),
  );
}

const NOTHING = {
  ...{ created: 0, replaced: 0, extended: 0, same: 0, kept: 0, unclear: 0, removed: 0 },
  ...{ expired: 0, failed: 0, missing: 0, differing: 0, inDoubt: 0 },
};

const directions: Readonly<
  Record<string, readonly [() => Promise<End>, () => Promise<End>, ...Parameters<typeof needs>]>
> = {
  "Redis to PostgreSQL": [redisEnd, postgresEnd, "redis-server", "postgres"],
  "PostgreSQL to Redis": [postgresEnd, redisEnd, "redis-server", "postgres"],
  "SQLite to PostgreSQL": [sqliteEnd, postgresEnd, "postgres"],
  "Redis to MySQL": [redisEnd, mysqlEnd, "redis-server", "mariadb"],
  "MySQL to SQLite": [mysqlEnd, sqliteEnd, "mariadb"],
  "a cluster to Redis": [clusterEnd, redisEnd, "redis-server"],
  "SQLite to a cluster": [sqliteEnd, clusterEnd, "redis-server"],
};

for (const [name, [makeSource, makeTarget, ...services]] of Object.entries(directions)) {
  Deno.test(`session:copy from ${name}`, needs(...services), async () => {
    await using source = await makeSource();
    await using target = await makeTarget();
    await using app = await copyApp({ source: source.entry, target: target.entry });
    const keepsExpired = source.entry["type"] === "database";
    const all = sessions(300);
    await source.write(all);
    if (keepsExpired) await source.write({ old: session("old", { expiresAt: NOW - HOUR }) });
    const expired = keepsExpired ? 1 : 0;

    const first = await app.copy("--force");
    deepStrictEqual([first.code, await target.look()], [0, lookOf(all)], first.stderr);
    match(first.stdout, /^Copied 300 session\(s\): 300 new there$/m);
    match(first.stdout, /^✓ Compared 30[01] session\(s\): nothing is missing at the target$/m);
    const again = await app.counts();
    deepStrictEqual(picked(again), { ...NOTHING, code: 0, same: 300, expired });

    const later = { visitedAt: NOW - HOUR / 2, expiresAt: NOW + 2 * HOUR };
    const changed = {
      s0: session("s0", later),
      s1: { ...session("s1"), expiresAt: NOW + 3 * HOUR }, // a later expiry only
      new: session("new"),
    };
    const there = {
      s2: session("s2", later),
      s3: { ...session("s3"), expiresAt: NOW + 4 * HOUR },
    };
    await source.write(changed);
    await source.remove("s4");
    await target.write(there);
    await target.remove("s4", "s5");
    const { s4: _4, s5, ...others } = all;
    const expected = {
      ...NOTHING,
      ...{ created: 1, replaced: 1, extended: 1, same: 295, kept: 1, removed: 1, expired },
      code: 0,
    };
    const before = await target.look();
    const dry = { ...expected, missing: null, differing: null };
    deepStrictEqual(picked(await app.counts("--dry-run")), dry);
    deepStrictEqual(await target.look(), before);
    const second = await app.counts();
    deepStrictEqual(picked(second), expected);
    deepStrictEqual(await target.look(), lookOf({ ...others, ...changed, ...there }));

    const restored = await app.counts("--restore-removed");
    deepStrictEqual([restored["created"], restored["removed"], restored.code], [1, 0, 0]);
    deepStrictEqual(
      await target.look(),
      lookOf({ ...others, ...changed, ...there, ...(s5 && { s5 }) }),
    );
  });
}

function picked(counts: Readonly<Record<string, unknown>>) {
  return Object.fromEntries([...Object.keys(NOTHING), "code"].map((name) => [name, counts[name]]));
}

Deno.test("a copy reads its source only, and large payloads whole", needs("postgres"), async () => {
  await using source = await sqliteEnd();
  await using target = await postgresEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  const all: Record<string, Kept> = {};
  for (const [index, size] of [0, 1, 70_000, 1 << 20, 3 << 20, 5 << 20].entries()) {
    const payload = new Uint8Array(size).map((_, at) => at * 31 % 256);
    all[`large${index}`] = session("", { payload, expiresAt: NOW + HOUR + index });
  }
  await source.write(all);
  const { code, stderr } = await app.copy("--force");
  strictEqual(code, 0, stderr);
  deepStrictEqual(await target.look(), lookOf(all));
  deepStrictEqual(await source.look(), lookOf(all));
});
