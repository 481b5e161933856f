/** Ctrl-C and SIGTERM during a clear: the batch in flight ends, and the counts are true. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { runAzuOnTerminal, spawnAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { pollUntil } from "../../support/poll.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

const redisNeeded = needs("redis-server");
const CLEAR = ["session:clear", "--force"];
const SLOWLY = [...CLEAR, "--batch", "10", "--pause", "100ms"];
const TOTAL = 1000;

async function slowRedis() {
  const server = await startRedis({ args: ["--enable-debug-command", "local"] });
  const app = await tempDir();
  const client = new Redis(server.url);
  await client.eval(`for i=1,${TOTAL} do redis.call('SET','session:'..i,'x') end`, 0);
  return {
    client,
    options: { cwd: app.path, env: { REDIS_URL: server.url } },
    /** Waits until the first batch has been removed. */
    begun: () => pollUntil("a batch to go", async () => await client.dbsize() < TOTAL),
    /** How many sessions were removed. A busy server first finishes its other work. */
    gone: async () => TOTAL - await client.dbsize(),
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await app[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const signals = [["SIGINT", 130], ["SIGTERM", 143]] as const;

for (const [signal, code] of signals) {
  Deno.test(
    `${signal}: a paced clear ends after its batch, exit ${code}`,
    redisNeeded,
    async () => {
      await using redis = await slowRedis();
      await using azu = await spawnAzu(SLOWLY, redis.options);
      await redis.begun();
      azu.signal(signal);
      const ended = await azu.finished();
      const gone = await redis.gone();
      strictEqual(ended.code, code, ended.stderr);
      strictEqual(gone > 0 && gone < TOTAL, true);
      match(ended.stdout, new RegExp(`^Cleared ${gone} session\\(s\\), then interrupted$`, "m"));
      doesNotMatch(ended.stdout, /✓/);
      match(
        ended.stderr,
        new RegExp(
          `^${gone} session\\(s\\) are gone; it is not known how many remain: running the command again is `,
          "m",
        ),
      );
    },
  );

  Deno.test(`${signal}: the same as JSON`, redisNeeded, async () => {
    await using redis = await slowRedis();
    await using azu = await spawnAzu([...SLOWLY, "--json"], redis.options);
    await redis.begun();
    azu.signal(signal);
    const { stdout } = await azu.finished();
    const { outcome, cleared, remaining, exitCode } = JSON.parse(stdout);
    deepStrictEqual({ outcome, cleared, remaining, exitCode }, {
      outcome: "interrupted",
      cleared: await redis.gone(),
      remaining: null,
      exitCode: code,
    });
  });
}

Deno.test(
  "Ctrl-C at a terminal: the true count, and no status line left",
  needs("redis-server", "script"),
  async () => {
    await using redis = await slowRedis();
    const { code, output } = await runAzuOnTerminal(SLOWLY, {
      ...redis.options,
      answer: [{ waitFor: /Cleared \d+ of about/, type: "\x03" }],
    });
    strictEqual(code, 130);
    const gone = await redis.gone();
    // The status line and the echoed `^C` are erased before the line.
    const line = new RegExp(`\\r\\x1b\\[KCleared ${gone} session\\(s\\), then interrupted\\r?\\n`);
    match(output, line);
  },
);

Deno.test(
  "a server that hangs: interrupted within seconds, with counts that are certain",
  redisNeeded,
  async () => {
    await using redis = await slowRedis();
    await using azu = await spawnAzu(SLOWLY, redis.options);
    await redis.begun();
    const sleeping = redis.client.call("DEBUG", "SLEEP", "9");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const start = performance.now();
    azu.signal("SIGINT");
    const { code, stdout, stderr } = await azu.finished();
    strictEqual(performance.now() - start < 7000, true);
    strictEqual(code, 130);
    const line = /^Cleared at least (\d+) session\(s\), then interrupted$/m;
    const told = Number(line.exec(stdout)?.[1]);
    await sleeping;
    const gone = await redis.gone();
    strictEqual(told <= gone && gone <= told + 30, true, `${told} of ${gone}`);
    match(
      stderr,
      /^At least \d+ session\(s\) are gone; it is not known how many remain: running the command again/m,
    );
  },
);

for (const second of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(
    `a second signal (${second}) ends at once, and the first one's code stays`,
    redisNeeded,
    async () => {
      await using redis = await slowRedis();
      await using azu = await spawnAzu([...SLOWLY, "--json"], redis.options);
      await redis.begun();
      const sleeping = redis.client.call("DEBUG", "SLEEP", "6");
      await new Promise((resolve) => setTimeout(resolve, 300));
      azu.signal("SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 300));
      const start = performance.now();
      azu.signal(second);
      const { code, stdout } = await azu.finished();
      strictEqual(performance.now() - start < 3000, true);
      strictEqual(code, 130);
      await sleeping;
      const { outcome, cleared, exitCode } = JSON.parse(stdout);
      const gone = await redis.gone();
      deepStrictEqual([outcome, exitCode], ["interrupted", 130]);
      strictEqual(cleared <= gone && gone <= cleared + 30, true, `${cleared} of ${gone}`);
    },
  );
}

Deno.test("interrupted before the first request: nothing was cleared", redisNeeded, async () => {
  await using redis = await slowRedis();
  const sleeping = redis.client.call("DEBUG", "SLEEP", "4");
  await using azu = await spawnAzu(CLEAR, redis.options);
  await azu.waitFor(/Clearing Redis/);
  await new Promise((resolve) => setTimeout(resolve, 200));
  azu.signal("SIGINT");
  const { code, stdout } = await azu.finished();
  await sleeping;
  strictEqual(code, 130);
  match(stdout, /^Interrupted before anything was cleared$/m);
  strictEqual(await redis.gone(), 0);
});

Deno.test("SIGHUP: a terminal that closes ends the clear in order", {
  ignore: redisNeeded.ignore || needs("script").ignore,
}, async () => {
  await using redis = await slowRedis();
  await writeTree(redis.options.cwd, {
    run: 'stty -echo; "$@" & pid=$!; sleep 2; kill -HUP $pid; wait $pid; echo "ended with $?"\n',
  });
  const deno = Deno.execPath();
  const subject = Deno.env.get("AZU_SUBJECT");
  const main = `${import.meta.dirname}/../../../main.ts`;
  const command = subject === undefined ? [deno, "run", "-A", "--quiet", main] : [subject];
  const { output } = await runAzuOnTerminal(["run", ...command, ...SLOWLY], {
    ...redis.options,
    subject: "/bin/sh",
  });
  match(output, /Cleared (?:at least )?\d+ session\(s\), then interrupted/);
  match(output, /ended with 129/);
  doesNotMatch(output, /✓/);
});
