/** Revocations on Redis: nodes that cache, prefixes inside each other, and lists of keys. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { tempDir, writeTree } from "../../support/temp.ts";
import { payloadOf, type SavedSession } from "../../backends/subject.ts";
import { handle, SECRET, session, someSessions } from "../sessions.ts";

const redisNeeded = needs("redis-server");
const REVOKE = ["session:revoke", "--force"];

async function redisWith(sessions: readonly SavedSession[], prefix = "session:", config = "") {
  const server = await startRedis();
  const app = await tempDir();
  if (config !== "") await writeTree(app.path, { "azu.config.ts": config });
  const client = new Redis(server.url);
  const save = async (more: readonly SavedSession[], under = prefix) => {
    for (const saved of more) await client.set(under + saved.id, payloadOf(saved), "EX", 1000);
  };
  await save(sessions);
  return {
    client,
    save,
    options: { cwd: app.path, env: { REDIS_URL: server.url } },
    names: async () => (await client.keys("*")).map((key) => key.replace(`${SECRET}-`, "")).sort(),
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await app[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a list and a revocation on Redis", redisNeeded, async () => {
  await using redis = await redisWith(someSessions());
  const { stdout, decision } = await runAzu(["session:list", "--user", "42"], redis.options);
  match(decision, /target redis:.* \(from REDIS_URL\), keys session:\*$/);
  match(stdout, new RegExp(`^${handle("a")} {2}42 +3 h ago +60 min ago +in 17 min `, "m"));
  const json = JSON.parse((await runAzu(["session:list", "--json"], redis.options)).stdout);
  deepStrictEqual([json.sessions.length, json.pattern], [5, "session:*"]);
  const revoked = await runAzu([...REVOKE, "--user", "42"], redis.options);
  deepStrictEqual([revoked.code, revoked.stderr], [0, ""]);
  match(revoked.stdout, /^Revoked 2 session\(s\)\n✓ Sessions revoked$/m);
  doesNotMatch(stdout + revoked.stdout, new RegExp(SECRET));
  deepStrictEqual(await redis.names(), ["session:c", "session:d", "session:e"]);
});

Deno.test("nodes with caches are told, unless they shall not be", redisNeeded, async () => {
  const config = "export default { session: { backends: { redis: { cluster: true, " +
    'keyPrefix: "session:" } } } };';
  await using redis = await redisWith(someSessions(), "session:", config);
  const node = redis.client.duplicate();
  await node.subscribe("session:cluster:invalidate");
  const heard: string[] = [];
  node.on("message", (_channel: string, text: string) => heard.push(text));
  const { code, stdout } = await runAzu([...REVOKE, "--user", "42"], redis.options);
  strictEqual(code, 0);
  match(stdout, /^Revoked 2 session\(s\)\nTold 1 app node\(s\) to drop their cached sessions\n✓/m);
  strictEqual(JSON.parse(heard[0] ?? "").type, "cache_clear");
  const before = heard.length;
  const quiet = await runAzu([...REVOKE, "--user", "7", "--no-broadcast"], redis.options);
  match(
    quiet.stderr,
    /^warning: The app's nodes were not told .*: each may serve revoked sessions /m,
  );
  strictEqual(heard.length, before);
  node.disconnect();
});

Deno.test("sessions of another environment under the same prefix", redisNeeded, async () => {
  const config = `export default { session: { backends: { redis: { keyPrefix: "shop:" } } },
    environments: { staging: { session: { backends: { redis: { keyPrefix: "shop:staging:" } } } } } };`;
  await using redis = await redisWith([session("a", { user: "42" })], "shop:", config);
  await redis.save([session("b", { user: "42" })], "shop:staging:");
  const args = ["session:revoke", "--user", "42", "--env", "production"];
  const warning =
    /^warning: A revocation reaches the sessions of staging \(keys shop:staging:\*\) too$/m;
  const dry = await runAzu([...args, "--dry-run"], redis.options);
  match(dry.stderr, warning);
  match(dry.stdout, /^Would revoke 2/);
  const { code, stderr } = await runAzu([...args, "--force"], redis.options);
  strictEqual(code, 1);
  match(
    stderr,
    /^error: Nothing was revoked, because a revocation reaches the sessions of staging/m,
  );
  match(stderr, /^Change one of the key prefixes; or run the command at a terminal/m);
  strictEqual((await redis.names()).length, 2);
  const list = await runAzu(["session:list", "--env", "production"], redis.options);
  match(
    list.stderr,
    /^warning: A list shows the sessions of staging \(keys shop:staging:\*\) too$/m,
  );
  // In the other environment there is nothing to doubt.
  const other = [...REVOKE, "--user", "42", "--env", "staging"];
  strictEqual((await runAzu(other, redis.options)).code, 0);
  deepStrictEqual(await redis.names(), ["shop:a"]);
});

Deno.test("at a terminal, they are a warning before the question", {
  ignore: redisNeeded.ignore || needs("script").ignore,
}, async () => {
  const config = `export default { session: { backends: { redis: { keyPrefix: "shop:" } } },
    environments: { staging: { session: { backends: { redis: { keyPrefix: "shop:staging:" } } } } } };`;
  await using redis = await redisWith([session("a", { user: "42" })], "shop:", config);
  const { code, output } = await runAzuOnTerminal(
    ["session:revoke", "--user", "42", "--env", "production"],
    { ...redis.options, answer: [{ waitFor: "[y/N]: ", type: "y\n" }] },
  );
  strictEqual(code, 0);
  match(output, /warning:.* A revocation reaches the sessions of staging[^]*Are you sure/);
  deepStrictEqual(await redis.names(), []);
});

Deno.test("an environment must be named if they differ in their place", redisNeeded, async () => {
  const config = `export default { session: { backends: { redis: { keyPrefix: "a:" } } },
    environments: { staging: { session: { backends: { redis: { keyPrefix: "b:" } } } } } };`;
  await using redis = await redisWith([session("a", { user: "42" })], "a:", config);
  for (const args of [["session:list"], [...REVOKE, "--user", "42"]]) {
    const { code, stderr } = await runAzu(args, redis.options);
    strictEqual(code, 2);
    match(stderr, /^error: No environment is named, and their sessions are in different places:/);
  }
  strictEqual((await redis.names()).length, 1);
});

Deno.test("what is gone is told if a sealed session is found late", redisNeeded, async () => {
  const count = 3000;
  const saved = Array.from({ length: count }, (_, n) => session(`s${n}`, { user: "42" }));
  await using redis = await redisWith(saved);
  const sealed = btoa(JSON.stringify([btoa("x".repeat(64)), btoa("y".repeat(32))]));
  // The last key of a walk, so that others have been removed before.
  let cursor = "0";
  let last = "";
  do {
    const [next, keys] = await redis.client.scan(cursor, "MATCH", "session:*", "COUNT", 100);
    [cursor, last] = [next, keys.at(-1) ?? last];
  } while (cursor !== "0");
  await redis.client.set(last, sealed);
  const args = [...REVOKE, "--user", "42", "--batch", "50"];
  const { code, stdout, stderr } = await runAzu(args, redis.options);
  const revoked = Number(/^Revoked (\d+) session\(s\), then failed$/m.exec(stdout)?.[1]);
  match(stderr, /^error: Some sessions are sealed, so azu cannot tell the user \(redis:/m);
  match(stderr, new RegExp(`^${revoked} session\\(s\\) are gone; it is not known how many`, "m"));
  strictEqual(revoked > 0, true);
  deepStrictEqual([code, (await redis.names()).length], [1, count - revoked]);
});

Deno.test("sessions without a recorded address stay, and are named", redisNeeded, async () => {
  await using redis = await redisWith(someSessions());
  await redis.client.set("session:null", '{"ip":null}', "EX", 1000);
  const { code, stdout, stderr } = await runAzu([...REVOKE, "--ip", "0.0.0.0/0"], redis.options);
  match(stdout, /^Revoked 1 session\(s\)$/m);
  match(stderr, /^warning: 4 session\(s\) do not tell the IP address, and were not selected: /m);
  deepStrictEqual([code, (await redis.names()).length], [0, 5]);
});
