/** Copies whose source or target is cut off, half-closed or delayed, and copies that are killed. */
import { deepStrictEqual, doesNotMatch, ok, strictEqual } from "node:assert/strict";
import { lookOf, mysqlEnd, postgresEnd, redisEnd, sqliteEnd } from "../cli/session_copy/ends.ts";
import { copyApp } from "../cli/session_copy/app.ts";
import { spawnAzu } from "../support/cli.ts";
import { needs, type ServiceName } from "../support/env.ts";
import type { Fault } from "../support/network/fault_proxy.ts";
import { pollUntil } from "../support/poll.ts";
import {
  ALL,
  changedIn,
  conversationOf,
  type CopySubject,
  copyWithFault,
  refill,
  SESSIONS,
} from "./copy_subject.ts";
import { faultsOf, randoms } from "./places.ts";

const WORKERS = 4;

const ways = {
  "Redis to PostgreSQL, whose target": [redisEnd, postgresEnd, "target", "postgres"],
  "Redis to MySQL, whose target": [redisEnd, mysqlEnd, "target", "mysql"],
  "PostgreSQL to Redis, whose target": [postgresEnd, redisEnd, "target", "redis"],
  "Redis to SQLite, whose source": [redisEnd, sqliteEnd, "source", "redis"],
  "PostgreSQL to SQLite, whose source": [postgresEnd, sqliteEnd, "source", "postgres"],
} as const;

const SERVICES: Readonly<Record<string, readonly ServiceName[]>> = {
  postgres: ["postgres", "redis-server"],
  mysql: ["mariadb", "redis-server"],
  redis: ["redis-server", "postgres"],
};

for (const [name, [makeSource, makeTarget, failing, protocol]] of Object.entries(ways)) {
  const options = needs(...SERVICES[protocol] ?? []);
  Deno.test(`a copy from ${name} fails at one place`, options, async () => {
    const make = async (): Promise<CopySubject> => {
      const source = await makeSource();
      const target = await makeTarget();
      const way = { failing, protocol };
      const dispose = async () => {
        await source[Symbol.asyncDispose]();
        await target[Symbol.asyncDispose]();
      };
      return { source, target, way, [Symbol.asyncDispose]: dispose };
    };
    const faults = await chosen(make);
    const outcomes: Record<string, number> = {};
    const failures: unknown[] = [];
    await Promise.all(Array.from({ length: WORKERS }, async () => {
      await using subject = await make();
      for (const fault of faults) {
        if (failures.length > 0) return;
        try {
          const outcome = await copyWithFault(subject, fault);
          outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        } catch (error) {
          failures.push(error);
        }
      }
    }));
    if (failures.length > 0) throw failures[0];
    ok((outcomes["copied"] ?? 0) > 10, JSON.stringify(outcomes));
    ok((outcomes["interrupted"] ?? 0) > 0, JSON.stringify(outcomes));
  });
}

/** Faults of each kind on both sides, all from one list for the workers. */
async function chosen(make: () => Promise<CopySubject>): Promise<Iterable<Fault>> {
  await using subject = await make();
  const sent = await conversationOf(subject);
  const faults = (["request", "answer"] as const).flatMap((side) => {
    const atRequests = faultsOf(sent, "cut", side, 0);
    const atBytes = (kind: Fault["kind"], bytes: number) => {
      return faultsOf({ ...sent, requests: 0 }, kind, side, bytes);
    };
    const forGood = atRequests.map((fault): Fault => ({ ...fault, forGood: true }));
    return [
      ...some(atRequests, 10),
      ...(side === "answer" ? some(forGood, 6) : []),
      ...[...atBytes("cut", 6), ...atBytes("half-close", 5), ...atBytes("delay", 5).slice(3)],
    ];
  });
  return faults.values();
}

/** At most so many of them, evenly spread. */
function some(faults: readonly Fault[], most: number): readonly Fault[] {
  const step = Math.max(1, faults.length / most);
  return faults.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

const SIGNALS: readonly Deno.Signal[] = [
  ...Array<Deno.Signal>(6).fill("SIGKILL"),
  ...Array<Deno.Signal>(3).fill("SIGINT"),
  "SIGTERM",
];
const CODES: Partial<Record<Deno.Signal, number>> = { SIGKILL: 137, SIGINT: 130, SIGTERM: 143 };

Deno.test("a copy is ended at many moments", needs("redis-server", "postgres"), async () => {
  const random = randoms(20261128);
  const moments = SIGNALS.map((signal) => ({ signal, after: random() * 900 })).values();
  let amid = 0;
  const work = async () => {
    await using source = await redisEnd();
    await using target = await postgresEnd();
    const subject = { source, target, way: { failing: "target", protocol: "postgres" } } as const;
    for (const { signal, after } of moments) {
      await using app = await copyApp({ source: source.entry, target: target.entry });
      await refill({ ...subject, [Symbol.asyncDispose]: () => Promise.resolve() });
      const command = ["session:copy", "--from", "source", "--to", "target"];
      const slow = ["--ledger", "ledger", "--force", "--batch", "5", "--pause", "40ms"];
      await using azu = await spawnAzu([...command, ...slow], app.options);
      await azu.waitFor("Copying sessions");
      const ended = azu.finished();
      await pollUntil("the first batch", async () => {
        return changedIn(await target.look(), "") > 0;
      });
      await new Promise((resolve) => setTimeout(resolve, after));
      azu.signal(signal);
      const { code, stdout, stderr } = await ended;
      const where = `${signal} after ${after}: ${code}\n${stdout}\n${stderr}`;
      const changed = changedIn(await target.look(), where);
      if (changed < SESSIONS) amid++;
      doesNotMatch(stderr, /^ +at /m);
      if (code !== 0) {
        strictEqual(code, CODES[signal], where);
        doesNotMatch(stdout, /✓/);
        const told = Number(/^Copied (?:at least )?(\d+) session/m.exec(stdout)?.[1] ?? 0);
        if (signal !== "SIGKILL") strictEqual(told, changed, where);
      }
      const again = await app.counts();
      deepStrictEqual([again["outcome"], again["removed"], again.code], ["copied", 0, 0], where);
      deepStrictEqual(await target.look(), lookOf(ALL), where);
    }
  };
  await Promise.all([1, 2, 3].map(work));
  ok(amid > SIGNALS.length / 3, `only ${amid} were in the middle of a copy`);
});
