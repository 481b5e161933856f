/** That a clear reaches the caches of the app's nodes, or says that it did not. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu, spawnAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { pollUntil } from "../../../support/poll.ts";
import { startRedis } from "../../../support/servers/redis.ts";
import { observer, release } from "../../../support/servers/redis_cluster.ts";
import { tempDir, writeTree } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");
const CLEAR = ["session:clear", "--force"];
const CHANNEL = "session:cluster:invalidate";
const TOLD_ONE = "Told 1 app node(s) to drop their cached sessions";

/** What a node heard, and how many keys there were just then. */
interface Heard {
  readonly channel: string;
  readonly message: string;
  readonly keys: number;
}

/** A Redis, with one node of an app that listens on some channels. */
async function redisWithNode(
  channels: readonly string[] = [CHANNEL],
  options: Parameters<typeof startRedis>[0] = {},
) {
  const server = await startRedis(options);
  const client = new Redis(server.url);
  const node = observer(server.url);
  const heard: Heard[] = [];
  node.on("message", async (channel: string, message: string) => {
    heard.push({ channel, message, keys: await client.dbsize() });
  });
  if (channels.length > 0) await node.subscribe(...channels);
  return {
    server,
    client,
    heard,
    put: (count: number, prefix = "session:") =>
      client.eval(`for i=1,${count} do redis.call('SET',ARGV[1]..i,'x') end`, 0, prefix),
    async [Symbol.asyncDispose]() {
      client.disconnect();
      release(node);
      await server[Symbol.asyncDispose]();
    },
  };
}

type Fixture = Awaited<ReturnType<typeof redisWithNode>>;

const config = (cluster: string, prefix = "session:") => ({
  "azu.config.ts": `export default { session: { backends: { redis: {
    keyPrefix: "${prefix}", cluster: ${cluster} } } } };`,
});

const initializer = (store: string, settings = "") => ({
  "src/initializers/session.cr": `require "session"\nSession.use_store(${store})\n` +
    `Session.configure do |config|\n  ${settings}\nend\n`,
});

async function clear(
  redis: Pick<Fixture, "server">,
  files: Record<string, string>,
  args: readonly string[] = [],
  url = redis.server.url,
) {
  await using app = await tempDir();
  await writeTree(app.path, files);
  return await runAzu([...CLEAR, ...args], { cwd: app.path, env: { REDIS_URL: url } });
}

/** Waits for the message, which may arrive after the tool has ended. */
async function messageOf({ heard }: Fixture): Promise<Heard> {
  await pollUntil("a message", () => heard.length > 0);
  const [first] = heard;
  if (first === undefined || heard.length > 1) throw new Error(Deno.inspect(heard));
  return first;
}

Deno.test("nodes are told to drop their caches once every key is gone", redisNeeded, async () => {
  await using redis = await redisWithNode();
  await redis.put(20_000);
  const before = Date.now();
  const result = await clear(redis, config("true"));
  strictEqual(
    result.decision,
    `Backend: redis (default, because nothing selects another), environment production (the default), target ${redis.server.url} (from REDIS_URL), ` +
      `keys session:*, channel ${CHANNEL}`,
  );
  deepStrictEqual(result.stdout.split("\n"), [
    "Clearing sessions...",
    "Backend: redis",
    `Redis URL: ${redis.server.url}`,
    "Clearing Redis sessions with pattern: session:*",
    "Cleared 20000 session(s)",
    TOLD_ONE,
    "✓ Sessions cleared successfully",
    "",
  ]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  const { channel, message, keys } = await messageOf(redis);
  deepStrictEqual([channel, keys], [CHANNEL, 0]);
  match(
    message,
    /^\{"type":"cache_clear","session_id":"","node_id":"azu-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}","timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}$/,
  );
  const time = Date.parse(JSON.parse(message).timestamp);
  strictEqual(time > before - 2000 && time <= Date.now(), true, message);
});

const clustered: [name: string, files: Record<string, string>, channel: string][] = [
  ["cluster: true in the config", config("true"), CHANNEL],
  ["a channel in the config", config('{ channel: "shop:cache" }'), "shop:cache"],
  ["a time alone in the config", config('{ cacheTtl: "2m" }'), CHANNEL],
  ["ClusteredRedisStore", initializer("Session::ClusteredRedisStore(U)"), CHANNEL],
  [
    "ClusteredRedisStore and its channel",
    initializer("::Session::ClusteredRedisStore(U)", 'config.cluster.channel = "mine"'),
    "mine",
  ],
  [
    "a store that inherits, and what turns it on",
    {
      "src/initializers/session.cr": "module App\n  class S < ::Session::RedisStore(U)\n" +
        '    KEY_PREFIX = "session:"\n    def prefixed(key)\n      "#{KEY_PREFIX}#{key}"\n    end\n' +
        "  end\n  class C < S\n  end\nend\nSession.use_store(App::C)\n" +
        "Session.configure do |config|\n  config.cluster.enabled = true\n" +
        '  config.cluster.channel = "on"\nend\n',
    },
    "on",
  ],
  [
    "the initializer over cluster: false in the config",
    { ...config("false"), ...initializer("Session::ClusteredRedisStore(U)") },
    CHANNEL,
  ],
  [
    "the config's channel where the initializer states none",
    { ...config('{ channel: "c" }'), ...initializer("Session::ClusteredRedisStore(U)") },
    "c",
  ],
  [
    "the config, where the initializer turns nothing on",
    { ...config('{ channel: "c" }'), ...initializer("Session::RedisStore(U)") },
    "c",
  ],
];
for (const [name, files, channel] of clustered) {
  Deno.test(`nodes are told: ${name}`, redisNeeded, async () => {
    await using redis = await redisWithNode([channel]);
    await redis.put(3);
    const { code, stdout, stderr } = await clear(redis, files);
    match(
      stdout,
      new RegExp(`^Cleared 3 .*\n${TOLD_ONE.replace(/[()]/g, "\\$&")}\n✓`, "m"),
      stderr,
    );
    deepStrictEqual([code, stderr], [0, ""]);
    strictEqual((await messageOf(redis)).channel, channel);
  });
}

Deno.test("the app's own channel wins over the config's, with a warning", redisNeeded, async () => {
  await using redis = await redisWithNode(["app's"]);
  const source = initializer("Session::ClusteredRedisStore(U)", `config.cluster.channel = "app's"`);
  const { stderr } = await clear(redis, { ...config('{ channel: "other" }'), ...source });
  strictEqual(
    stderr,
    `warning: src/initializers/session.cr states the cluster's channel "app's", but the config ` +
      '(session.backends.redis.cluster.channel) states "other": azu uses the value in the ' +
      "initializer, as the app does\n",
  );
  strictEqual((await messageOf(redis)).channel, "app's");
});

Deno.test(
  "a channel that is not certain is that of the config, or asked for",
  redisNeeded,
  async () => {
    await using redis = await redisWithNode();
    const source = initializer(
      "Session::ClusteredRedisStore(U)",
      'config.cluster.channel = ENV["C"]',
    );
    const asked = await clear(redis, source);
    strictEqual(asked.code, 2);
    match(
      asked.stderr,
      /^error: It is not certain on which channel .* listen .*\nState it in .*redis\.cluster\.channel$/m,
    );
    const { code, stderr } = await clear(redis, {
      ...source,
      ...config(`{ channel: "${CHANNEL}" }`),
    });
    match(
      stderr,
      /^warning: It is not certain on which channel .*: azu uses that of the config/,
    );
    strictEqual(code, 0);
  },
);

Deno.test("several nodes, and a store that was empty already", redisNeeded, async () => {
  await using redis = await redisWithNode();
  const other = redis.client.duplicate();
  await other.subscribe(CHANNEL);
  const result = await clear(redis, config("true"), ["--json"]);
  other.disconnect();
  const { outcome, cleared, remaining, nodesTold, channel, warnings } = JSON.parse(result.stdout);
  deepStrictEqual(
    { outcome, cleared, remaining, nodesTold, channel, warnings },
    { outcome: "empty", cleared: 0, remaining: 0, nodesTold: 2, channel: CHANNEL, warnings: [] },
  );
  await messageOf(redis);
});

Deno.test("no message is sent if no node caches", redisNeeded, async () => {
  await using redis = await redisWithNode();
  const commented = initializer("Session::RedisStore(U)", "# config.cluster.enabled = true");
  for (const files of [{}, config("false"), initializer("Session::RedisStore(U)"), commented]) {
    await redis.put(3);
    const result = await clear(redis, files, ["--json"]);
    deepStrictEqual([result.code, JSON.parse(result.stdout).nodesTold], [0, null]);
    const quiet = await clear(redis, files, ["--no-broadcast"]);
    deepStrictEqual([quiet.code, quiet.stderr], [0, ""]);
  }
  await redis.put(3);
  const dry = await clear(redis, config("true"), ["--dry-run", "--json"]);
  const { outcome, remaining, nodesTold } = JSON.parse(dry.stdout);
  deepStrictEqual([outcome, remaining, nodesTold, dry.stderr], ["found", 3, null, ""]);
  await redis.client.publish(CHANNEL, "the end");
  strictEqual((await messageOf(redis)).message, "the end");
});

Deno.test("--no-broadcast sends no message, and warns", redisNeeded, async () => {
  await using redis = await redisWithNode();
  await redis.put(3);
  const files = config('{ cacheTtl: "90s" }');
  const { code, stdout, stderr } = await clear(redis, files, ["--no-broadcast"]);
  match(stdout, /^Cleared 3 session\(s\)\n✓ Sessions cleared successfully$/m);
  strictEqual(
    stderr,
    "warning: The app's nodes were not told (--no-broadcast): each may serve cleared sessions " +
      "from its cache for up to 90 s\n",
  );
  strictEqual(code, 0);
  const json = JSON.parse((await clear(redis, files, ["--no-broadcast", "--json"])).stdout);
  deepStrictEqual([json.nodesTold, json.warnings.length], [null, 1]);
  await redis.client.publish(CHANNEL, "the end");
  strictEqual((await messageOf(redis)).message, "the end");
});

Deno.test("that no node listens is said, with the channel made visible", redisNeeded, async () => {
  const channel = 'grün 通道 "\u001b[31m\n✓ Sessions cleared\u202e';
  await using redis = await redisWithNode([]);
  await redis.put(3);
  const files = config(`{ channel: ${JSON.stringify(channel)} }`);
  const { code, stdout, stderr } = await clear(redis, files);
  strictEqual(
    stderr,
    'warning: No app node listens on the channel "grün 通道 "\\u001b[31m\\n✓ Sessions ' +
      'cleared\\u202e": nodes that are running may serve cleared sessions for up to 30 s: restart ' +
      "them, or check the channel\n",
  );
  match(stdout, /^Cleared 3 session\(s\)\n✓ Sessions cleared successfully$/m);
  deepStrictEqual([stdout.includes("\u001b"), stdout.includes("\u202e")], [false, false]);
  strictEqual(code, 0);
  await using listening = await redisWithNode([channel]);
  match((await clear(listening, files)).stdout, /^Told 1 app node/m);
  strictEqual((await messageOf(listening)).channel, channel);
});

Deno.test(
  "a user who may not publish: no check mark, exit 1, and what to do",
  redisNeeded,
  async () => {
    await using redis = await redisWithNode();
    const rights = ["~*", "+@all", "resetchannels"];
    await redis.client.call("ACL", "SETUSER", "app", "on", ">hunter2", ...rights);
    const url = redis.server.url.replace("://", "://app:hunter2@");
    const files = config("true");
    await redis.put(5);
    const result = await clear(redis, files, [], url);
    match(result.stdout, /^Cleared 5 session\(s\)\n$/m);
    doesNotMatch(result.stdout, /✓|Told/);
    match(
      result.stderr,
      /^error: 5 session\(s\) are gone from the store, but the app's nodes could not be told to drop their cached sessions: The Redis user may not publish on the channel of the app's nodes \(redis:\/\/app:\*\*\*@127\.0\.0\.1:\d+: NOPERM .*\)\nEach node may serve cleared sessions for up to 30 s: restart the nodes, or run the command again once they can be told\. Allow this user PUBLISH and the channel \(ACL SETUSER <user> \+publish &<channel>\)\n$/,
    );
    strictEqual(result.code, 1);
    strictEqual(await redis.client.dbsize(), 0);
    await redis.client.call("ACL", "SETUSER", "app", "-publish", `&${CHANNEL}`);
    const again = await clear(redis, files, ["--json"], url);
    const { outcome, cleared, remaining, nodesTold, error } = JSON.parse(again.stdout);
    deepStrictEqual([again.code, outcome, cleared, remaining, nodesTold], [
      1,
      "failed",
      0,
      0,
      null,
    ]);
    match(error.message, /^There are no sessions in the store, but the app's nodes .* NOPERM/);
    await redis.client.call("ACL", "SETUSER", "app", "+publish");
    match((await clear(redis, files, [], url)).stdout, /^Told 1 app node/m);
  },
);

Deno.test("a server without PUBLISH fails the clear", redisNeeded, async () => {
  await using redis = await redisWithNode([CHANNEL], { args: ["--rename-command", "PUBLISH", ""] });
  await redis.put(5);
  const { code, stdout, stderr } = await clear(redis, config("true"));
  match(stderr, /^error: 5 session\(s\) are gone .*unknown command 'PUBLISH'\)\nEach node may /i);
  doesNotMatch(stdout + stderr, /✓|node_id/);
  strictEqual(code, 1);
});

Deno.test("nodes are told after a failure", redisNeeded, async () => {
  await using redis = await redisWithNode([CHANNEL], {
    args: ["--rename-command", "UNLINK", "", "--rename-command", "DEL", ""],
  });
  await redis.put(5);
  const { code, stdout, stderr } = await clear(redis, config("true"));
  match(stderr, /unknown command 'DEL'/i);
  match(stdout, /^Told 1 app node/m);
  doesNotMatch(stdout, /✓/);
  strictEqual(code, 1);
  await messageOf(redis);
});

Deno.test("nodes are told after Ctrl-C", redisNeeded, async () => {
  await using redis = await redisWithNode();
  await using app = await tempDir();
  await writeTree(app.path, config("true"));
  const total = 300_000;
  await redis.put(total);
  const env = { REDIS_URL: redis.server.url };
  await using azu = await spawnAzu(CLEAR, { cwd: app.path, env });
  while (await redis.client.dbsize() === total);
  azu.signal("SIGINT");
  const { code, stdout, stderr } = await azu.finished();
  const left = await redis.client.dbsize();
  match(
    stdout,
    new RegExp(`^Cleared ${total - left} session\\(s\\), then interrupted\nTold 1 `, "m"),
  );
  deepStrictEqual([code, left > 0], [130, true], stderr);
  strictEqual((await messageOf(redis)).keys, left);
});

Deno.test(
  "a server that accepts no message is not waited for without limit",
  redisNeeded,
  async () => {
    await using redis = await redisWithNode();
    await using app = await tempDir();
    await writeTree(app.path, config("true"));
    const env = { REDIS_URL: redis.server.url };
    await redis.client.call("CLIENT", "PAUSE", 120_000, "WRITE"); // PUBLISH counts as a write
    const start = performance.now();
    const { code, stdout, stderr } = await runAzu(CLEAR, { cwd: app.path, env });
    strictEqual(performance.now() - start < 12_000, true);
    match(
      stderr,
      /^error: There are no sessions in the store, but .* No answer within a few seconds\n/m,
    );
    doesNotMatch(stdout, /✓/);
    strictEqual(code, 1);

    await redis.client.call("CLIENT", "UNPAUSE");
    await redis.put(3);
    await redis.client.call("CLIENT", "PAUSE", 120_000, "WRITE");
    await using azu = await spawnAzu(CLEAR, { cwd: app.path, env });
    const clients = async () => String(await redis.client.call("CLIENT", "LIST"));
    await pollUntil("a batch", async () => (await clients()).includes("cmd=unlink"));
    azu.signal("SIGINT");
    const interrupted = performance.now();
    const cut = await azu.finished();
    strictEqual(performance.now() - interrupted < 7000, true);
    match(cut.stderr, /^warning: The app's nodes could not be told: each may serve cleared /m);
    strictEqual(cut.code, 130);
  },
);

for (const [signal, exit] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(
    `${signal} while nodes are told: interrupted, and what is not known`,
    redisNeeded,
    async () => {
      await using redis = await redisWithNode();
      await using app = await tempDir();
      await writeTree(app.path, config("true"));
      const env = { REDIS_URL: redis.server.url };
      await redis.client.call("CLIENT", "PAUSE", 120_000, "WRITE"); // PUBLISH counts as a write
      await using azu = await spawnAzu(CLEAR, { cwd: app.path, env });
      const clients = async () => String(await redis.client.call("CLIENT", "LIST"));
      await pollUntil("the telling", async () => (await clients()).includes("cmd=publish"));
      azu.signal(signal);
      const { code, stdout, stderr } = await azu.finished();
      match(stdout, /^Cleared 0 session\(s\), then interrupted$/m);
      doesNotMatch(stdout + stderr, /✓|error/);
      match(stderr, /^warning: The app's nodes could not be told: each may serve cleared /m);
      match(
        stderr,
        /^None remain, but the app's nodes may not know it: run/m,
      );
      strictEqual(code, exit);
    },
  );
}

/** A backend of the config's own, that counts as the list says, one after the other. */
const acme = (counts: string, dropCaches: string) => ({
  "azu.config.ts": `const counts = ${counts};
const acme = () => ({
  name: "acme",
  capabilities: { clear: true, createTable: false },
  describe: () => ({}),
  connect: async () => ({
    count: async () => counts.shift() ?? 0,
    clear: async () => 2,
    dropCaches: ${dropCaches},
    async [Symbol.asyncDispose]() {},
  }),
});
export default { session: { backend: "acme", backends: { acme } } };`,
});

Deno.test("what a node saved back before it heard is cleared too, and told again", async () => {
  await using app = await tempDir();
  const drop = "async (signal, now) => { console.log('drop', now.getFullYear()); return 4; }";
  await writeTree(app.path, acme("[0, 3, 0, 0, 9]", drop));
  const { code, stdout, stderr } = await runAzu(CLEAR, { cwd: app.path });
  match(stdout, /^Cleared 4 session\(s\)\nTold 4 app node\(s\) to .*\n✓ Sessions cleared/m);
  match(stderr, /^drop 20\d\d\ndrop 20\d\d\n$/);
  strictEqual(code, 0);
});

for (
  const [name, drop, message] of [
    ["returns no count", "async () => undefined", /it is not known whether the nodes were told/],
    ["throws", "() => { throw new Error('no x://u:hunter2@h'); }", /failed: no x:\/\/u:\*\*\*@h$/m],
    ["is no function", "5", /The acme backend failed/],
    ["never answers", "() => new Promise(() => {})", /No answer within a few seconds/],
  ] as const
) {
  Deno.test(`a backend whose dropCaches ${name} has told nobody`, async () => {
    await using app = await tempDir();
    await writeTree(app.path, acme("[]", drop));
    const { code, stdout, stderr } = await runAzu(CLEAR, { cwd: app.path });
    // Where that takes five seconds, a line before it may say what is waited for.
    match(stderr, /^error: 2 session\(s\) are gone from the store, but the app's nodes could not/m);
    match(stderr, message);
    match(stderr, /^Each node may serve cleared sessions for as long as it caches: restart /m);
    doesNotMatch(stdout, /✓/);
    strictEqual(code, 1);
  });
}
