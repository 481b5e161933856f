/** The output and exit code of the tool when its connection fails. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { runAzu } from "../support/cli.ts";
import { type Fault, faultProxy } from "../support/network/fault_proxy.ts";
import { needs } from "../support/env.ts";
import { tempDir, writeTree } from "../support/temp.ts";
import { faultsOf, randoms } from "./places.ts";
import { redisSubject } from "./redis_subject.ts";
import { mysql, postgres, sqlSubject } from "./sql_subjects.ts";
import { conversation, countsAreExact, type Subject } from "./sweep.ts";

const CLEAR = ["session:clear", "--force", "--batch", "100", "--backend"];

const CONFIG =
  `export default { session: { backends: { redis: { keyPrefix: "shop:session:" } } } };`;

/** How many faults of each kind on each side. */
const EACH = 3;

async function printed(subject: Subject, fault: Fault): Promise<void> {
  const { name, url } = subject;
  const total = await subject.fill();
  const neighbours = await subject.neighbours();
  await using app = await tempDir();
  await writeTree(app.path, { "azu.config.ts": CONFIG });
  await using proxy = faultProxy(subject.port, subject.protocol, fault);
  const way = subject.through(proxy.port);
  const env = name === "redis" ? { REDIS_URL: way } : { DATABASE_URL: way };
  const { code, stdout, stderr } = await runAzu([...CLEAR, name], { cwd: app.path, env });
  const left = await subject.sessions();
  const gone = total - left;
  const where = `${JSON.stringify(fault)}, ${left} left: ${code}\n${stdout}\n${stderr}`;
  deepStrictEqual(await subject.neighbours(), neighbours, where);
  doesNotMatch(stdout + stderr, /^ +at |^Trace/m);
  const { password } = new URL(url);
  ok(password === "" || !(stdout + stderr).includes(password), where);
  const sure = Number(
    /^Cleared (?:at least )?(\d+) session|^(?:At least )?(\d+) session\(s\) are gone/m
      .exec(`${stdout}\n${stderr}`)?.slice(1).find(Boolean) ?? 0,
  );
  const told = countsAreExact(subject, fault) ? sure : gone;
  if (code === 0) {
    deepStrictEqual([left, told], [0, total], where);
    match(stdout, /✓/);
    return;
  }
  strictEqual(code, 1, where);
  match(stderr, /^error: /m);
  doesNotMatch(stdout, /✓/);
  const more = Number(/up to (\d+) more/.exec(stderr)?.[1] ?? 0);
  ok(told <= gone && gone <= told + more, where);
  if (left < total) match(stderr, /safe/);
}

for (
  const [name, options, makeSubject] of [
    ["redis", needs("redis-server"), redisSubject],
    ["postgres", needs("postgres"), () => sqlSubject(postgres)],
    ["mysql", needs("mariadb"), () => sqlSubject(mysql)],
  ] as const
) {
  Deno.test(`${name}: the output is true when the connection fails`, options, async () => {
    await using first = await makeSubject();
    const sent = await conversation(first);
    const random = randoms(20261122);
    const todo = (["cut", "half-close", "garble"] as const).flatMap((kind) =>
      (["request", "answer"] as const).flatMap((side) => {
        const all = faultsOf(sent, kind, side, 30);
        return Array.from({ length: EACH }, () => all[Math.floor(random() * all.length)])
          .filter((fault) => fault !== undefined);
      })
    ).values();
    const work = async () => {
      await using subject = await makeSubject();
      for (const fault of todo) await printed(subject, fault);
    };
    const failed = await Promise.allSettled([1, 2, 3, 4].map(work));
    for (const result of failed) if (result.status === "rejected") throw result.reason;
  });
}
