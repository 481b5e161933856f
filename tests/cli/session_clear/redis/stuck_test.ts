/** A Redis that answers reads and no writes: the clear ends, and says why. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { Redis } from "ioredis";
import { runAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { observer, release } from "../../../support/servers/redis_cluster.ts";
import { startRedis } from "../../../support/servers/redis.ts";
import { tempDir } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");

/** Makes the server hold every write back, and closes the connections that wait. */
function refuseWrites(client: Redis): Disposable {
  client.call("CLIENT", "PAUSE", 600_000, "WRITE");
  const timer = setInterval(() => {
    client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").catch(() => {});
  }, 500);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

Deno.test("redis: a clear ends if no key can be removed", redisNeeded, async () => {
  await using server = await startRedis();
  await using app = await tempDir();
  const client = observer(server.url);
  await client.eval("for i = 1, 3000 do redis.call('SET', 'session:' .. i, 'x') end", 0);
  const began = performance.now();
  const refusing = refuseWrites(client);
  const result = await runAzu(["session:clear", "--force", "--json"], {
    ...{ cwd: app.path, env: { REDIS_URL: server.url }, timeoutMs: 40_000 },
  });
  refusing[Symbol.dispose]();
  const { outcome, cleared, remaining } = JSON.parse(result.stdout);
  deepStrictEqual([result.code, outcome, cleared, remaining], [1, "failed", 0, null]);
  match(
    result.stderr,
    /^error: (?:The connection to Redis was lost|The server at this address closed)/,
  );
  strictEqual(performance.now() - began < 25_000, true, `${performance.now() - began}`);
  await client.call("CLIENT", "UNPAUSE");
  strictEqual(await client.dbsize(), 3000);
  release(client);
});
