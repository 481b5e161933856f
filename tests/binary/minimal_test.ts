/** What docs/how-to/install.md says about minimal containers: what they need, and that it is enough. */
import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert/strict";
import { chroot, needsChroot } from "./chroot.ts";

const CLEAR = ["session:clear", "--force"];

Deno.test("minimal: --version and --help", needsChroot(), async () => {
  await using root = await chroot();
  const version = await root.run(["--version"]);
  match(version.stdout, /^azu \d+\.\d+\.\d+ \(.+\)\n$/);
  deepStrictEqual([version.code, version.stderr], [0, ""]);
  strictEqual((await root.run(["--help"])).code, 0);
});

Deno.test("minimal: five mistakes in a config give five lines", needsChroot(), async () => {
  const config = `export default { sesion: {}, session: { ttl: "soon", backend: "mongo",
    cookie: { sameSite: "sometimes" }, backends: { redis: { poolSize: 0 } } } };`;
  await using root = await chroot({ files: { "azu.config.ts": config } });
  const { code, stdout, stderr } = await root.run(CLEAR);
  const lines = stderr.trimEnd().split("\n");
  const keys = lines.map((line) => /^(?:error: )?azu\.config\.ts: ([\w.]+): ./.exec(line)?.[1]);
  deepStrictEqual(keys.sort(), [
    "sesion",
    "session.backend",
    "session.backends.redis.poolSize",
    "session.cookie.sameSite",
    "session.ttl",
  ], stderr);
  deepStrictEqual([code, stdout], [2, ""]);
});

Deno.test("minimal: a syntax error has a file, a line and a column", needsChroot(), async () => {
  const files = { "azu.config.ts": "interface A {}\nexport default {\n  a: 1\n  b: 2\n};" };
  await using root = await chroot({ files });
  const { code, stderr } = await root.run(CLEAR);
  match(stderr, /^error: \/app\/azu\.config\.ts:4:3: Unexpected token, expected ","/);
  strictEqual(code, 2);
});

Deno.test("minimal: azu says that it cannot write", needsChroot(), async () => {
  await using root = await chroot();
  const { code, stderr } = await root.run(["init"]);
  match(stderr, /^error: Cannot write to \/app: Read-only file system/m);
  strictEqual(code, 1);
});

Deno.test("minimal: azu needs /proc and a readable executable", needsChroot(), async () => {
  await using root = await chroot();
  const without = await root.run(["--version"], { proc: false });
  match(without.stderr, /Is \/proc mounted\?/);
  notStrictEqual(without.code, 0);
  await using closed = await chroot({ mode: 0o111 });
  const unreadable = await closed.run(["--version"]);
  match(unreadable.stderr, /Permission denied/);
  notStrictEqual(unreadable.code, 0);
  deepStrictEqual([without.stdout, unreadable.stdout], ["", ""]);
});
