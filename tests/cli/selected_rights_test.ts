/** The rights that a Redis user needs to read, revoke and sweep, as docs/reference/connections.md lists them. */
import { doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { payloadOf } from "../backends/subject.ts";
import { runAzu } from "../support/cli.ts";
import { needs } from "../support/env.ts";
import { startRedis } from "../support/servers/redis.ts";
import { tempDir } from "../support/temp.ts";
import { someSessions } from "./sessions.ts";

/** The rights of each command, and what it prints. */
const COMMANDS = [
  [["session:list"], ["+scan", "+mget", "+pexpiretime"], /^Handle /m],
  [["session:list", "--count"], ["+scan"], /^6$/m],
  [["session:status"], ["+scan", "+mget", "+pexpiretime"], /^Sessions +6$/m],
  [["session:status", "--quick"], ["+scan", "+mget", "+pexpiretime", "+dbsize"], /^Sessions +6$/m],
  [["session:sweep"], ["+scan", "+pexpiretime"], /^The store itself removes sessions/m],
  [["session:sweep", "--fix-ttl"], ["+scan", "+pexpiretime", "+pexpire"], /^Gave 6 session/m],
  [
    ["session:revoke", "--user", "42", "--dry-run"],
    ["+scan", "+unlink", "+mget", "+pexpiretime"],
    /^Would revoke 2 session/m,
  ],
  [
    ["session:revoke", "--user", "42", "--force"],
    ["+scan", "+unlink", "+mget", "+pexpiretime"],
    /^Revoked 2 session/m,
  ],
] as const;

/** A server with sessions, and a way to run a command as a user with these rights only. */
async function redisWithSessions() {
  const server = await startRedis();
  const app = await tempDir();
  const client = new Redis(server.url);
  return {
    client,
    async run(command: readonly string[], rights: readonly string[]) {
      for (const saved of someSessions()) await client.set(`session:${saved.id}`, payloadOf(saved));
      // MGET has no value for it, so azu asks whether it has expired.
      await client.hset("session:of-another-type", "field", "value");
      await client.call("ACL", "SETUSER", "azu", "reset", "on", ">hunter2", ...rights);
      const env = { REDIS_URL: server.url.replace("//", () => "//azu:hunter2@") };
      return await runAzu([...command, "-b", "redis"], { cwd: app.path, env });
    },
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await app[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

for (const [command, rights, printed] of COMMANDS) {
  Deno.test(`${command.join(" ")} needs no other right`, needs("redis-server"), async () => {
    await using redis = await redisWithSessions();
    const keys = /^session:(?:list|status)$/.test(command[0]) ? "%R~session:*" : "~session:*";
    const { code, stdout, stderr } = await redis.run(command, [keys, ...rights]);
    match(stdout, printed, stderr);
    strictEqual(code, 0, stderr);
  });

  Deno.test(`${command.join(" ")} names each missing right`, needs("redis-server"), async () => {
    await using redis = await redisWithSessions();
    for (const missing of rights) {
      const some = rights.filter((right) => right !== missing);
      const { code, stderr } = await redis.run(command, ["~session:*", ...some]);
      const name = missing.slice(1);
      match(stderr, new RegExp(`^error: The Redis user may not run ${name.toUpperCase()} `, "m"));
      match(stderr, new RegExp(`ACL SETUSER <user> \\+${name}\\b`));
      strictEqual(code, 1);
      strictEqual(await redis.client.dbsize(), 6);
    }
    if (rights.length === 1) return; // SCAN itself needs no right to a key
    const { code, stderr } = await redis.run(command, ["~other:*", ...rights]);
    match(stderr, /^error: The Redis user may not access keys under this prefix/m);
    doesNotMatch(stderr, /remove/);
    match(stderr, /ACL SETUSER <user> ~<prefix>\*/);
    strictEqual(code, 1);
    strictEqual(await redis.client.dbsize(), 6);
  });
}
