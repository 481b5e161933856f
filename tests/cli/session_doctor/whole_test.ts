/** The whole doctor: on a sound app, on one that is broken in ten ways, and without its store. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { Redis } from "ioredis";
import { needs } from "../../support/env.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { SECRET, type SoundApp, soundApp } from "./app.ts";

/** What nobody may see: an id, a payload and the password of the store. */
const ID = "canary-0e8a7c52-6a3e-4f0c-9a57";
const PAYLOAD = '{"user_id":42,"note":"canary-payload"}';
const PASSWORD = "canary-password";

/** A sound app on a Redis of its own, with sessions. */
async function redisApp() {
  const server = await startRedis({ password: PASSWORD, args: ["--appendonly", "yes"] });
  const { url } = server;
  const app = await soundApp();
  const config = await app.read("azu.config.ts");
  await app.write("azu.config.ts", config.replace('backend: "database"', 'backend: "redis"'));
  const shard = await app.read("shard.yml");
  await app.write("shard.yml", `${shard}  redis:\n    github: stefanwille/crystal-redis\n`);
  const lock = await app.read("shard.lock");
  await app.write("shard.lock", `${lock}  redis:\n    version: 2.9.1\n`);
  await app.write(".env", `AZU_ENV=production\nSESSION_SECRET=${SECRET}\nREDIS_URL=${url}\n`);
  const { code, stderr } = await app.azu("session:setup", "--force", "--yes");
  strictEqual(code, 0, stderr);
  const redis = new Redis(url);
  await redis.config("SET", "maxmemory-policy", "noeviction");
  await redis.set(`shop:session:${ID}`, PAYLOAD, "PX", 7_000_000);
  return {
    app,
    redis,
    server,
    async [Symbol.asyncDispose]() {
      redis.disconnect();
      await app[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function replaced(app: SoundApp, name: string, from: string | RegExp, to: string) {
  await app.write(name, (await app.read(name)).replace(from, to));
}

async function breakInTenWays(app: SoundApp, redis: Redis): Promise<void> {
  await Deno.chmod(join(app.path, "azu.config.ts"), 0o666);
  await replaced(app, ".env", SECRET, "changeme");
  await app.git("add", "--force", ".env");
  await Deno.chmod(join(app.path, ".env"), 0o644);
  await app.write(".gitignore", "*.db\n");
  await replaced(app, "src/shop.cr", 'require "./initializers/**"\n', "");
  await replaced(app, "src/shop.cr", "Shop::SessionHandler", "Session::SessionHandler");
  await replaced(app, "shard.yml", / {2}session:\n.*\n/, "");
  await replaced(app, "azu.config.ts", '"2h"', '"30m"');
  await redis.config("SET", "maxmemory-policy", "allkeys-lru", "maxmemory", "100mb");
  await redis.set("shop:session:endless", PAYLOAD);
}

const BROKEN = [
  "config.writable",
  "secret.strength",
  "secret.tracked",
  "secret.readable",
  "secret.ignored",
  "app.required",
  "app.handler",
  "app.shard-handler",
  "app.shards",
  "lifetime.agrees",
  "redis.policy",
];

Deno.test("the whole doctor, from a sound app to a broken one", needs("redis-server"), async () => {
  await using place = await redisApp();
  const { app, redis, server } = place;
  const sound = await app.findings();
  const bad = [...sound.values()].filter(({ status }) =>
    status === "failure" || status === "warning"
  );
  deepStrictEqual([sound.code, bad], [0, []]);

  await breakInTenWays(app, redis);
  const broken = await app.findings();
  const failures = [...broken.values()].filter(({ status }) => status === "failure");
  deepStrictEqual(BROKEN.filter((id) => broken.get(id)?.status !== "failure"), []);
  strictEqual(broken.get("redis.endless")?.status === "ok", false);
  ok(failures.every(({ fix }) => fix !== null));
  strictEqual(broken.code, 1);

  const fixed = await app.azu("session:doctor", "--fix", "--yes");
  const after = await app.findings();
  for (const id of ["config.writable", "secret.readable", "secret.ignored"]) {
    strictEqual(after.get(id)?.status, "ok", id);
  }

  redis.disconnect();
  await server[Symbol.asyncDispose]();
  const down = await app.azu("session:doctor");
  match(down.stdout, /^✗ reach\.\w+: /m);
  match(down.stdout, /^- reach\.\w+ and \d+ more: the store cannot be reached$/m);
  match(down.stdout, /^✗ app\.required: /m);

  const printed = [fixed, down].flatMap(({ stdout, stderr }) => [stdout, stderr]).join("");
  const all = printed + JSON.stringify([...sound.values(), ...broken.values()]);
  for (const secret of [SECRET, "canary", "changeme"]) strictEqual(all.includes(secret), false);
});
