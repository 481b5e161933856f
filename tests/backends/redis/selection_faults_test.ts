/** Selections while the connection is cut: counts stay true, and nobody else's session goes. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { handleOf } from "../../../src/backends/handle.ts";
import { KeyReader } from "../../../src/backends/redis/selection/facts.ts";
import { openNode } from "../../../src/backends/redis/node.ts";
import { parseRedisUrl } from "../../../src/backends/redis/url.ts";
import { needs } from "../../support/env.ts";
import { startCluster } from "../../support/servers/redis_cluster.ts";
import { clear, place, session } from "./selected_place.ts";

const redisNeeded = needs("redis-server");
const { signal } = new AbortController();

const SESSIONS = 3000;

/** Cuts the connection, once, at the request with the n-th of these commands. */
function cutting(command: string, nth: number) {
  let seen = 0;
  let wasCut = false;
  return {
    before(request: string) {
      seen += request.split(command).length - 1;
      if (wasCut || seen < nth) return;
      wasCut = true;
      throw new Error("cut");
    },
    wasCut: () => wasCut,
  };
}

const cuts = [
  ["MGET", 1],
  ["MGET", 7],
  ["MGET", 29],
  ["UNLINK", 1],
  ["UNLINK", 3],
  ["SCAN", 3],
] as const;

for (const [command, nth] of cuts) {
  const when = `at ${command} number ${nth}`;
  Deno.test(`a clear of a selection that is cut ${when} counts right`, redisNeeded, async () => {
    await using redis = await place(cutting(command, nth));
    await redis.fill(SESSIONS);
    let retries = 0;
    const counts = await clear(redis.only(), { onRetry: () => retries++ });
    deepStrictEqual(counts, { cleared: SESSIONS / 2, remaining: 0, arrived: 0 });
    strictEqual(retries, 1);
    const ids = await redis.ids();
    ok(ids.length === SESSIONS / 2 && ids.every((id) => Number(id.slice(1)) % 2 === 1));
  });

  if (command === "UNLINK") continue;
  Deno.test(`a count and a list that are cut ${when} are whole`, redisNeeded, async () => {
    let cut = cutting(command, nth);
    await using redis = await place({ before: (request) => cut.before(request) });
    await redis.fill(SESSIONS);
    strictEqual(await redis.only().count(signal), SESSIONS / 2);
    strictEqual(cut.wasCut(), true);
    cut = cutting(command, nth);
    const handles: string[] = [];
    const onSessions = (batch: readonly { readonly handle: string }[]) => {
      handles.push(...batch.map(({ handle }) => handle));
    };
    await redis.store.list?.({ signal, onSessions });
    const all = Array.from({ length: SESSIONS }, (_, index) => handleOf(`s${index}`));
    deepStrictEqual(handles.sort(), all.sort());
    strictEqual(cut.wasCut(), true);
  });
}

Deno.test(
  "a session that comes back with other facts before a retry is not counted as gone",
  redisNeeded,
  async () => {
    let cut = false;
    await using redis = await place({
      async before(request) {
        if (cut || !request.includes("SCAN") || await redis.asked("unlink") === 0) return;
        cut = true;
        await redis.save(session("s0", "7"));
        throw new Error("cut");
      },
    });
    await redis.fill(2);
    deepStrictEqual(await clear(redis.only()), { cleared: 1, remaining: 0, arrived: 0 });
    deepStrictEqual([cut, await redis.ids()], [true, ["s1"]]);
  },
);

Deno.test("a selection gives up if it never gets further", redisNeeded, async () => {
  let reads = 0;
  await using redis = await place({
    before(request) {
      if (request.includes("MGET") && ++reads % 5 === 0) throw new Error("cut");
    },
  });
  await redis.fill(SESSIONS);
  const start = performance.now();
  await rejects(redis.only().count(signal), /^OperationError: The connection to Redis was lost/);
  const time = performance.now() - start;
  ok(time > 9000 && time < 30_000, `${time} ms`);
});

Deno.test("keys that the cluster sends elsewhere are not taken for read", redisNeeded, async () => {
  await using cluster = await startCluster({ replicas: false });
  const names = Array.from({ length: 300 }, (_, index) => `session:${index}`);
  await cluster.put(names);
  const [first] = cluster.masters;
  ok(first !== undefined);
  const endpoint = parseRedisUrl(first.server.url);
  const access = { endpoint, tls: undefined, connectTimeout: 5000 };
  using node = await openNode(access, endpoint.nodes[0], signal);
  const own = names.filter((name) => cluster.masterOf(Buffer.from(name)) === first);
  for (const wanted of [[true, false], [false, true], [true, true]] as const) {
    const [values, expiries] = wanted;
    const reader = new KeyReader({ values, expiries });
    const read: string[] = [];
    const receive = ({ key }: { readonly key: Buffer }) => void read.push(key.toString());
    const keys = (some: readonly string[]) => some.map((name) => Buffer.from(name));
    strictEqual(await reader.read(node, keys(names), receive), true);
    deepStrictEqual(read.sort(), own.toSorted());
    strictEqual(await reader.read(node, keys(own), () => {}), false);
  }
});
