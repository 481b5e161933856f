/** A new secret, and what is said of the one in use. */
import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { runAzu } from "../../support/cli.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

const secret = (args: string[], env: Record<string, string> = {}, cwd?: string) =>
  runAzu(["session:secret", ...args], { env, ...(cwd === undefined ? {} : { cwd }) });

Deno.test("a new secret is all that is printed", async () => {
  const results = [await secret([]), await secret(["--quiet"])];
  for (const { code, stdout, stderr } of results) {
    match(stdout, /^[0-9a-f]{64}\n$/);
    deepStrictEqual([code, stderr], [0, ""]);
  }
  notStrictEqual(results[0]?.stdout, results[1]?.stdout);
  const { command, outcome, secret: found } = JSON.parse((await secret(["--json"])).stdout);
  deepStrictEqual([command, outcome, /^[0-9a-f]{64}$/.test(found)], [
    "session:secret",
    "printed",
    true,
  ]);
});

Deno.test("options that contradict each other", async () => {
  for (
    const [args, problem] of [
      [["--rotate"], "--rotate needs --write"],
      [["--force"], "--force needs --write"],
      [["--dry-run"], "--dry-run needs --write"],
      [["--write", "--rotate", "--force"], "choose one"],
      [["--check", "--write"], "takes no other option"],
      [["--env", "production"], "takes no --env"],
      [["--config", "azu.config.ts"], "takes no --config"],
    ] as const
  ) {
    const { code, stdout, stderr } = await secret([...args]);
    deepStrictEqual([code, stdout, stderr.includes(problem)], [2, "", true], stderr);
  }
});

async function weaknesses(env: Record<string, string>): Promise<string[]> {
  const { code, stdout, stderr } = await secret(["--check", "--json"], env);
  const { outcome, weaknesses, exitCode } = JSON.parse(stdout);
  strictEqual(code, weaknesses.length === 0 ? 0 : 1);
  deepStrictEqual([outcome, exitCode], [code === 0 ? "strong" : "weak", code]);
  const lines = (await secret(["--check"], env)).stdout + stderr + stdout;
  for (const value of Object.values(env)) strictEqual(lines.includes(value), false, lines);
  return weaknesses;
}

Deno.test("strong secrets", async () => {
  for (
    const value of [
      randomBytes(32).toString("hex"),
      randomBytes(64).toString("hex"),
      randomBytes(48).toString("base64"),
    ]
  ) {
    deepStrictEqual(await weaknesses({ SESSION_SECRET: value }), []);
  }
});

/** Each is weak for what is named here, and maybe for more. */
const WEAK: readonly (readonly [value: string, weakness: string])[] = [
  ["1sxc1aNxGHTTZKlK5cpCgufJAqGM4G13", "published"],
  ["192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", "published"],
  ["base64:J63qRTDLub5NuZvP+kb8YIorGS6qFYHKVo6u7179stY=", "published"],
  ["keyboard cat", "published"],
  [randomBytes(15).toString("hex"), "short"],
  ["0123456789abcdef".repeat(4), "guessable"],
  ["a".repeat(64), "guessable"],
  ["correct horse battery staple and then some more words", "guessable"],
  ["my-very-long-secret-for-the-session-of-my-app", "guessable"],
  [`changeme-${randomBytes(32).toString("hex")}`, "placeholder"],
];

for (const [value, weakness] of WEAK) {
  Deno.test(`weak: ${weakness}, ${value.length} characters, ${value.slice(0, 2)}…`, async () => {
    strictEqual((await weaknesses({ SESSION_SECRET: value })).includes(weakness), true);
  });
}

Deno.test("a secret that has not been rotated", async () => {
  const [old, other] = [randomBytes(32).toString("hex"), randomBytes(32).toString("hex")];
  const of = (previous: string) =>
    weaknesses({ SESSION_SECRET: old, SESSION_SECRET_PREVIOUS: previous });
  deepStrictEqual(await of(`${other}, ${old}`), ["not-rotated"]);
  deepStrictEqual(await of(other), []);
});

Deno.test("the secret in .env, unless the environment has one", async () => {
  await using app = await tempDir();
  await writeTree(app.path, { "shard.yml": "name: shop\n", ".env": "SESSION_SECRET=short\n" });
  const inFile = await secret(["--check"], {}, app.path);
  match(inFile.stdout, /^SESSION_SECRET \(from \.env\): 5 bytes, about \d+ bits of entropy\n$/);
  match(inFile.stderr, /^error: SESSION_SECRET is weak:\n {2}It has 5 bytes/);
  strictEqual(inFile.code, 1);
  const env = { SESSION_SECRET: randomBytes(32).toString("hex") };
  const inEnvironment = await secret(["--check"], env, app.path);
  match(
    inEnvironment.stdout,
    /^SESSION_SECRET \(from the environment\): 64 bytes.*\n✓ No weakness/,
  );
  strictEqual(inEnvironment.code, 0);

  await using empty = await tempDir();
  const none = await secret(["--check"], {}, empty.path);
  match(none.stderr, /^error: SESSION_SECRET is neither in the environment nor in /);
  strictEqual(none.code, 1);
});
