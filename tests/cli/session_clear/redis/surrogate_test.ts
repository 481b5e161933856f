/** An unpaired surrogate in a key prefix or channel is refused: as UTF-8 it would be U+FFFD. */
import { match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { observer, release } from "../../../support/servers/redis_cluster.ts";
import { startRedis } from "../../../support/servers/redis.ts";
import { tempDir, writeTree } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");

const config = (redis: string) => ({
  "azu.config.ts": `export default { session: { backends: { redis: ${redis} } } };`,
});

const stating: [where: string, files: Record<string, string>, said: RegExp][] = [
  [
    "the config's key prefix",
    config('{ keyPrefix: "ab\\ud800" }'),
    /session\.backends\.redis\.keyPrefix: expected a key prefix of whole characters, got "ab/,
  ],
  [
    "the config's channel",
    config('{ cluster: { channel: "ab\\udfff" } }'),
    /redis\.cluster\.channel: expected a channel's name of whole characters, got "ab/,
  ],
  [
    "the initializer's key prefix",
    {
      "src/initializers/session.cr":
        'class Store < Session::RedisStore(S)\n  def prefixed(key)\n    "ab\\u{d800}#{key}"\n' +
        "  end\nend\nSession.use_store(Store)\n",
    },
    /The app's initializer states a key prefix with half a character/,
  ],
];

for (const [where, files, said] of stating) {
  Deno.test(`redis: an unpaired surrogate is refused in ${where}`, redisNeeded, async () => {
    await using server = await startRedis();
    await using app = await tempDir();
    await writeTree(app.path, files);
    const client = observer(server.url);
    await client.set("ab\ufffd1", "x");
    const result = await runAzu(["session:clear", "--backend", "redis", "--force"], {
      ...{ cwd: app.path, env: { REDIS_URL: server.url } },
    });
    match(result.stderr, said);
    strictEqual(result.code, 2);
    strictEqual(await client.dbsize(), 1);
    release(client);
  });
}
