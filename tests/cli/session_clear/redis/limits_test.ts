/** Limits of the server that end connections: azu adapts to them. */
import { match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { startRedis } from "../../../support/servers/redis.ts";
import { tempDir } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");

async function redisWith(sessions: number, idLength: number, args: string[]) {
  const server = await startRedis({ args });
  const client = new Redis(server.url);
  const id = "x".repeat(idLength);
  const fill = `for i=1,${sessions} do redis.call('SET','session:'..i..'${id}','x') end`;
  await client.eval(fill, 0);
  return {
    client,
    env: { REDIS_URL: server.url },
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a pause longer than the server's idle timeout", redisNeeded, async () => {
  await using redis = await redisWith(30, 0, ["--timeout", "1"]);
  await using app = await tempDir();
  // The server looks for idle clients every second.
  const args = ["session:clear", "--force", "--batch", "10", "--pause", "3s"];
  const { code, stdout, stderr } = await runAzu(args, { cwd: app.path, env: redis.env });
  match(stdout, /Cleared 30 session\(s\)\n✓/, stderr);
  strictEqual(code, 0);
});

Deno.test("a small limit of the output buffer: batches become smaller", redisNeeded, async () => {
  const limit = ["--client-output-buffer-limit", "normal 20kb 0 0"];
  await using redis = await redisWith(2000, 200, limit);
  await using app = await tempDir();
  const args = ["session:clear", "--force", "--anything"];
  const { code, stdout, stderr } = await runAzu(args, { cwd: app.path, env: redis.env });
  match(stdout, /Cleared 2000 session\(s\)\n✓/, stderr);
  strictEqual(code, 0);
});
