/** A list passes handles on to a revocation. */
import { deepStrictEqual, match } from "node:assert/strict";
import { Redis } from "ioredis";
import { needs } from "../../support/env.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { tempDir } from "../../support/temp.ts";
import { payloadOf } from "../../backends/subject.ts";
import { shell } from "../in_shell.ts";
import { appWith, session, someSessions } from "../sessions.ts";

const PIPE = "azu session:list --user 42 --limit all --format handles | " +
  "azu session:revoke --handles-from - --force";

Deno.test("SQLite: what a list shows is what is revoked", async () => {
  await using app = await appWith(someSessions());
  const { code, stdout } = await shell(PIPE, app.path, app.options.env);
  deepStrictEqual([code, app.names().join("")], [0, "cde"]);
  match(stdout, /^Revoked 2 session\(s\)\n✓ Sessions revoked$/m);
  // The second time there is nothing to pass on, and nothing is revoked.
  const again = await shell(PIPE, app.path, app.options.env);
  deepStrictEqual([again.code, app.names().join("")], [2, "cde"]);
  match(again.stderr, /^error: --handles-from: stdin is empty, so it selects nothing$/m);
});

Deno.test("Redis: the same", needs("redis-server"), async () => {
  await using server = await startRedis();
  await using app = await tempDir();
  const client = new Redis(server.url);
  for (const saved of someSessions()) {
    await client.set(`session:${saved.id}`, payloadOf(saved), "EX", 1000);
  }
  await client.set("other:key", "x");
  await client.set(`session:${session("x").id}`, payloadOf(session("x", { user: "42" })));
  const { code, stdout } = await shell(PIPE, app.path, { REDIS_URL: server.url });
  const keys = (await client.keys("*")).map((key) => key.at(-1)).sort();
  client.disconnect();
  deepStrictEqual([code, keys.join("")], [0, "cdey"]);
  match(stdout, /^Revoked 3 session\(s\)\n✓ Sessions revoked$/m);
});
