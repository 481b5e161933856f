/** What a backend of the config's own answers is checked, and never a bug of this tool. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

/** Clears a backend of which some parts, and of its store, are replaced by the source here. */
async function clear(backend: string, store: string, args: readonly string[] = []) {
  await using app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `export default { session: { backend: "acme", backends: { acme: () => ({
  name: "acme", capabilities: { clear: true, createTable: false }, describe: () => ({}),
  connect: async () => ({ count: async () => 0, clear: async () => 0,
    async [Symbol.asyncDispose]() {}, ${store} }), ${backend} }) } } };`,
  });
  return await runAzu(["session:clear", "--force", ...args], { cwd: app.path });
}

for (
  const [what, answer] of [
    ["an object", "({ n: 5 })"],
    ["nothing", "undefined"],
    ["counts that are none", "[{ pattern: 'a:*', count: '5' }]"],
    ["no patterns", "[{ count: 5 }]"],
    ["a list of nothing", "[null]"],
  ] as const
) {
  Deno.test(`a store whose look-alikes are ${what} is explained`, async () => {
    const { code, stdout, stderr } = await clear("", `lookAlikes: async () => ${answer}`);
    match(stderr, /^error: The backend returned no (list of look-alikes|count), so nothing is /m);
    doesNotMatch(stdout + stderr, /bug in azu|✓/);
    strictEqual(code, 1);
  });
}

Deno.test("a list of look-alikes is accepted", async () => {
  const list = "[{ pattern: 'a:*', count: 5 }]";
  const { code, stderr } = await clear("", `lookAlikes: async () => ${list}`, ["--dry-run"]);
  match(stderr, /^warning: 5 key\(s\) under a:\* look like sessions/m);
  strictEqual(code, 0);
});

for (
  const [what, part, message] of [
    [
      "whose describe throws",
      "describe() { throw new Error('no URL: redis://:hunter2@x') }",
      /^error: The acme backend failed: no URL: redis:\/\/:\*\*\*@x$/m,
    ],
    ["that describes nothing", "describe() {}", /^error: The acme backend does not describe /m],
    [
      "that describes an address that is no text",
      "describe: () => ({ address: new URL('redis://x') })",
      /^error: The acme backend does not describe what it works on: expected /m,
    ],
    [
      "whose announcement throws",
      "announce() { throw 'oh' }",
      /^error: The acme backend failed: oh$/m,
    ],
    [
      "that announces no list",
      "announce: () => 5",
      /^error: The announce function of the acme backend did not return a list/m,
    ],
    ["whose check throws", "check() { throw null }", /^error: The acme backend failed: null$/m],
    [
      "that connects to nothing",
      "connect: async () => undefined",
      /^error: The acme backend connects to no store$/m,
    ],
  ] as const
) {
  Deno.test(`a backend ${what} is explained, as JSON too`, async () => {
    const { code, stdout, stderr } = await clear(part, "");
    match(stderr, message);
    doesNotMatch(stdout + stderr, /bug in azu|✓|hunter2/);
    strictEqual(code, 1);
    const json = JSON.parse((await clear(part, "", ["--json"])).stdout);
    deepStrictEqual([json.outcome, json.exitCode], ["failed", 1]);
  });
}

Deno.test("a backend whose describe() fails later is still reported", async () => {
  const once = "described: 0, describe() { if (this.described++) throw 'twice'; return {}; }";
  const { code, stdout } = await clear(once, "clear: async () => 3");
  match(stdout, /^Cleared 3 session\(s\)\n✓/m);
  strictEqual(code, 0);
});
