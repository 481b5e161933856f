/** A replica is not what a clear is aimed at, nor the dry run that one aims with. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { observer, release } from "../../support/redis_cluster.ts";
import { startRedis } from "../../support/redis.ts";
import { tempDir } from "../../support/temp.ts";

const redisNeeded = needs("redis-server");

Deno.test("redis: a dry run on a replica is refused, as the clear is", redisNeeded, async () => {
  await using primary = await startRedis();
  const args = ["--replicaof", "127.0.0.1", `${primary.port}`];
  await using replica = await startRedis({ args });
  const client = observer(primary.url);
  await client.set("session:1", "x");
  await using app = await tempDir();
  for (const how of ["--dry-run", "--force"]) {
    const result = await runAzu(["session:clear", how, "--json"], {
      ...{ cwd: app.path, env: { REDIS_URL: replica.url } },
    });
    const { outcome, cleared, remaining } = JSON.parse(result.stdout);
    deepStrictEqual([result.code, outcome, cleared, remaining], [1, "failed", 0, null]);
    match(
      result.stderr,
      /^error: This Redis is a read-only replica .*\nUse the URL of the primary/,
    );
  }
  strictEqual(await client.dbsize(), 1);
  release(client);
});
