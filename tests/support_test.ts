import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { shellQuote, spawnAzu } from "./support/cli.ts";
import { needs, service } from "./support/env.ts";
import { pollUntil } from "./support/poll.ts";
import { startPostgres } from "./support/servers/postgres.ts";
import { startRedis } from "./support/servers/redis.ts";
import { closingLine, readCounts, readErrors, sumCounts } from "./support/summary.ts";
import type { Server } from "./support/servers/server.ts";
import { standIn } from "./support/network/stand_in.ts";
import { readTree, tempDir, writeTree } from "./support/temp.ts";

const PASSWORD = `p4ss word/:@#%"'\\`;

Deno.test("startRedis answers its password and leaves nothing", needs("redis-server"), async () => {
  const server = await startRedis({ password: PASSWORD });
  {
    await using _server = server;
    const client = new Redis(server.url);
    match(await client.info("server"), new RegExp(`process_id:${server.pid}\r`));
    await client.quit();
  }
  await assertNothingLeft(server);
});

Deno.test("startPostgres answers and leaves nothing", needs("postgres-server"), async () => {
  const server = await startPostgres({ password: PASSWORD, args: ["-c", "work_mem=5MB"] });
  {
    await using _server = server;
    const wrong = server.url.replace(encodeURIComponent(PASSWORD), () => "wrong");
    await rejects(ask(wrong, "SHOW work_mem"), /password authentication failed/);
    deepStrictEqual(await ask(server.url, "SHOW work_mem"), [{ work_mem: "5MB" }]);
  }
  await assertNothingLeft(server);
});

Deno.test("A server that cannot start says why", needs("redis-server"), async () => {
  await rejects(startRedis({ args: ["--no-such-setting", "1"] }), /no-such-setting/);
});

Deno.test("A server ends with the process that started it", needs("redis-server"), async () => {
  await using scratch = await tempDir();
  const redis = new URL("./support/servers/redis.ts", import.meta.url);
  const code = `import("${redis}").then(async (it) => console.log((await it.startRedis()).pid))`;
  await using script = await standIn(
    `exec ${shellQuote(Deno.execPath())} eval --no-lock ${shellQuote(code)}`,
  );
  await using starter = await spawnAzu([], {
    subject: script.subject,
    env: { TMPDIR: scratch.path, TEST_REDIS_SERVER: service("redis-server") },
  });
  const pid = Number(await starter.waitFor(/\d+(?=\n)/));
  strictEqual(isRunning(pid), true);
  starter.signal("SIGKILL");
  await pollUntil("the server to end", () => !isRunning(pid));
  await pollUntil("its folder to go", async () => {
    return (await Array.fromAsync(Deno.readDir(scratch.path))).length === 0;
  });
});

Deno.test("readTree tells every change apart", async () => {
  await using root = await tempDir();
  await writeTree(root.path, { "b/c.txt": "\ufeffc", a: new Uint8Array([255]) });
  await Deno.mkdir(join(root.path, "b/empty"));
  await Deno.symlink("b/c.txt", join(root.path, "link"));
  deepStrictEqual(Object.entries(await readTree(root.path)), [
    ["a", "binary sha256:a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89"],
    ["b/c.txt", "\ufeffc"],
    ["b/empty/", ""],
    ["link", "link to b/c.txt"],
  ]);
});

Deno.test("The closing line counts what deno test reported, and a silent death", () => {
  const summary =
    "\x1b[0m\x1b[32mok\x1b[0m | 12 passed (3 steps) | 0 failed | 1 ignored \x1b[2m(3s)";
  const counts = [
    readCounts(`ok | 1 passed | 0 failed (1ms)\n${summary}\n`, true),
    readCounts("FAILED | 1 passed | 2 failed (1 step) | 4 filtered out (20ms)\n", false),
    readCounts("ok | 1 passed | 0 failed (1ms)\n", false),
    readCounts("error: Type checking failed.\n", false),
  ];
  deepStrictEqual(counts.map(closingLine), [
    "12 passed, 0 failed, 1 skipped",
    "1 passed, 2 failed",
    "1 passed, 1 failed",
    "0 passed, 1 failed",
  ]);
  strictEqual(closingLine(sumCounts(counts)), "14 passed, 4 failed, 1 skipped");
});

Deno.test("The errors are what deno test printed of them, to the end", () => {
  const end =
    "\x1b[1m\x1b[41m ERRORS \x1b[0m\n\nbad => a_test.ts:2:6\n\nFAILED | 0 passed | 1 failed";
  strictEqual(
    readErrors(`ok said ERRORS is fine\nbad ... FAILED\n\n${end} (1ms)\n\n`),
    `${end} (1ms)`,
  );
  strictEqual(readErrors("ok | 1 passed | 0 failed (1ms)\n"), undefined);
});

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function assertNothingLeft({ pid, dir }: Server): Promise<void> {
  strictEqual(isRunning(pid), false);
  await rejects(Deno.stat(dir), Deno.errors.NotFound);
}

function isRunning(pid: number): boolean {
  try {
    // Continuing a process that runs does nothing to it.
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
