/** What is seen of a clear while it runs. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

const terminalNeeded = needs("redis-server", "script");
const CLEAR = ["session:clear", "--force"];
const SLOWLY = [...CLEAR, "--batch", "10", "--pause", "100ms"];

/** A Redis with some sessions, and an app to clear them from. */
async function redisWith(count: number) {
  const server = await startRedis({ args: ["--enable-debug-command", "local"] });
  const app = await tempDir();
  const client = new Redis(server.url);
  await client.eval(`for i=1,${count} do redis.call('SET','session:'..i,'x') end`, 0);
  return {
    client,
    pid: server.pid,
    options: { cwd: app.path, env: { REDIS_URL: server.url } },
    async [Symbol.asyncDispose]() {
      if (client.status !== "end") client.disconnect();
      await app[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What is on the screen at the end: what was redrawn is gone. */
function screen(output: string): string {
  // deno-lint-ignore no-control-regex
  return output.replace(/[^\n]*\r\x1b\[K/g, "").replaceAll("\r\n", "\n");
}

/** Every text that the status line has had. */
function statuses(output: string): string[] {
  // deno-lint-ignore no-control-regex
  return [...output.matchAll(/\r\x1b\[K([^\r\n]+)(?=\r\x1b\[K)/g)].map(([, text = ""]) => text);
}

Deno.test(
  "a terminal shows how far it is, and nothing of it at the end",
  terminalNeeded,
  async () => {
    await using redis = await redisWith(200);
    const { code, output } = await runAzuOnTerminal(SLOWLY, {
      ...redis.options,
      env: { ...redis.options.env, NO_COLOR: "1" },
    });
    strictEqual(code, 0);
    const seen = statuses(output);
    strictEqual(seen.length >= 3, true, output);
    for (const text of seen) {
      match(
        text,
        /^(?:Cleared \d+ of about \d+ session|Verifying that all are gone|Looking for sessions|Checking what)/,
      );
      strictEqual(text.length < 80, true, text);
    }
    match(
      output,
      /\[KCleared \d+ of about (?:19|2[0-4])\d session\(s\), \d+ per second, about \d s left/,
    );
    match(
      screen(output),
      /^Backend: redis \(default, .*\nClearing sessions\.\.\.\nBackend: redis\nRedis URL: .*\nClearing Redis .*\nCleared 200 session\(s\)\n✓ Sessions cleared successfully\n$/,
    );
  },
);

Deno.test(
  "a dry run shows progress and respects the budget",
  terminalNeeded,
  async () => {
    await using redis = await redisWith(200);
    const began = performance.now();
    const { code, output } = await runAzuOnTerminal([...SLOWLY, "--dry-run"], redis.options);
    strictEqual(code, 0);
    strictEqual(performance.now() - began >= 1900, true, "20 batches, and a rest after each");
    const seen = statuses(output).filter((text) => !/^(?:Checking|Looking)/.test(text));
    strictEqual(seen.length >= 3, true, output);
    for (const text of seen) {
      match(
        text,
        /^Counted \d+ of about (?:19|2[0-4])\d session\(s\), \d+ per second, about \d s left/,
      );
    }
    match(screen(output), /Would clear 200 session\(s\); nothing was cleared\n$/);
  },
);

Deno.test("a status line is cut to the terminal's width", terminalNeeded, async () => {
  await using redis = await redisWith(100);
  const folder = redis.options.cwd;
  await writeTree(folder, { azu: 'stty cols 30 && exec "$@"\n' });
  const azu = ["run", "-A", "--quiet", `${import.meta.dirname}/../../../main.ts`, ...SLOWLY];
  const { output } = await runAzuOnTerminal(["./azu", Deno.execPath(), ...azu], {
    ...redis.options,
    subject: "/bin/sh",
  });
  const seen = statuses(output);
  strictEqual(seen.length >= 2, true, output);
  for (const text of seen) strictEqual(text.length <= 29, true, text);
  match(seen.join("\n"), /^Cleared \d+ of about \d+ ses.*…$/m);
});

Deno.test("nothing is redrawn on a dumb terminal", terminalNeeded, async () => {
  await using redis = await redisWith(100);
  const env = { ...redis.options.env, TERM: "dumb" };
  const { code, output } = await runAzuOnTerminal(SLOWLY, { ...redis.options, env });
  strictEqual(code, 0);
  strictEqual(output.includes("\x1b"), false);
});

Deno.test("quiet and JSON show no progress, not even at a terminal", terminalNeeded, async () => {
  await using redis = await redisWith(100);
  for (const flag of ["--quiet", "--json"]) {
    await redis.client.eval("for i=1,100 do redis.call('SET','session:'..i,'x') end", 0);
    const { code, output } = await runAzuOnTerminal([...SLOWLY, flag], redis.options);
    strictEqual(code, 0);
    strictEqual(output.includes("\x1b"), false);
    if (flag === "--quiet") strictEqual(output, "");
  }
});

Deno.test("without a terminal: a line every few seconds", needs("redis-server"), async () => {
  await using redis = await redisWith(700);
  const { code, stdout, stderr } = await runAzu(SLOWLY, redis.options);
  strictEqual(code, 0);
  match(stderr, /^(?:Cleared \d+ of about \d+ session\(s\), \d+ per second, about \d+ s left\n)+/);
  strictEqual(stderr.split("\n").length < 5, true, stderr);
  match(stdout, /Cleared 700 session\(s\)\n✓/);
});

Deno.test("the progress shows that a clear is stuck", terminalNeeded, async () => {
  await using redis = await redisWith(1000);
  const running = runAzuOnTerminal(SLOWLY, redis.options);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  Deno.kill(redis.pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 3500));
  Deno.kill(redis.pid, "SIGCONT");
  await redis.client.flushall();
  const { code, output } = await running;
  strictEqual(code, 0);
  match(output, /\[KCleared \d+ of about \d+ session\(s\), none for [23] s\r/);
});

Deno.test("the progress shows that azu waits for a silent server", terminalNeeded, async () => {
  await using redis = await redisWith(10);
  const sleeping = redis.client.call("DEBUG", "SLEEP", "3.5");
  const { code, output } = await runAzuOnTerminal(CLEAR, redis.options);
  await sleeping;
  strictEqual(code, 0);
  match(output, /\[KConnecting to redis:\/\/127\.0\.0\.1:\d+\r/);
  match(output, /\[KConnecting to redis:\/\/127\.0\.0\.1:\d+, for [23] s\r/);
  match(screen(output), /Cleared 10 session\(s\)\n.*✓/);
});

Deno.test("what a config says meanwhile has a line of its own", needs("script"), async () => {
  await using app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const acme = () => ({
  name: "acme", capabilities: { clear: true, createTable: false }, describe: () => ({}),
  connect: async () => ({
    count: async () => 0,
    async clear({ onProgress }) {
      for (let done = 0; done < 8; done++) {
        await wait(200);
        onProgress(done, done % 2 ? 8 : NaN);
        if (done === 6) console.log("hello");
      }
      return 8;
    },
    async [Symbol.asyncDispose]() {} }) });
export default { session: { backend: "acme", backends: { acme } } };`,
  });
  const { code, output } = await runAzuOnTerminal(CLEAR, { cwd: app.path });
  strictEqual(code, 0);
  deepStrictEqual(screen(output).split("\n").filter((line) => line === "hello"), ["hello"]);
  doesNotMatch(output, /NaN|undefined/);
});

Deno.test(
  "a lost connection is said, and the failure removes the line",
  terminalNeeded,
  async () => {
    await using redis = await redisWith(1000);
    const running = runAzuOnTerminal(SLOWLY, redis.options);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await redis.client.quit();
    Deno.kill(redis.pid, "SIGKILL");
    const { code, output } = await running;
    strictEqual(code, 1);
    match(
      statuses(output).join("\n"),
      /^Lost redis:\/\/127\.0\.0\.1:\d+, or it is busy: trying again for \d+ s; \d+ session/m,
    );
    match(screen(output), /^Cleared (?:at least )?\d+ session\(s\), then failed\n.*error:/m);
    match(
      screen(output),
      /^(?:At least )?\d+ session\(s\) are gone; it is not known how many remain(?:: .*)?$/m,
    );
  },
);
