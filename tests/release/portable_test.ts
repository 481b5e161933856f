/**
 * Every command on every system that a release is for. No server and no shell, so that it also runs
 * on macOS and Windows: the release workflow does that before it publishes.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import deno from "../../deno.json" with { type: "json" };
import { appWith, handle, someSessions } from "../cli/sessions.ts";
import { runAzu } from "../support/cli.ts";
import { readTree, tempDir } from "../support/temp.ts";

Deno.test("portable: azu says its version and its commands", async () => {
  const version = await runAzu(["--version"]);
  strictEqual(version.code, 0, version.stderr);
  ok(version.stdout.startsWith(`azu ${deno.version} (`), version.stdout);
  const help = await runAzu(["--help"]);
  for (const command of ["init", "session:setup", "session:list", "session:clear"]) {
    ok(help.stdout.includes(command), command);
  }
});

Deno.test("portable: wrong arguments end with 2", async () => {
  const { code, stdout, stderr } = await runAzu(["session:cler"]);
  deepStrictEqual([code, stdout], [2, ""]);
  match(stderr, /^error: /);
});

Deno.test("portable: init and session:setup write an app's files", async () => {
  await using app = await tempDir();
  await Deno.writeTextFile(join(app.path, "shard.yml"), "name: shop\nversion: 0.1.0\n");
  const options = { cwd: app.path };
  const init = await runAzu(["init"], options);
  strictEqual(init.code, 0, init.stderr);
  const setup = await runAzu(["session:setup", "--backend", "redis"], options);
  strictEqual(setup.code, 0, setup.stderr);
  const paths = Object.keys(await readTree(app.path)).map((path) => path.replaceAll("\\", "/"));
  for (const path of ["azu.config.ts", "src/initializers/session.cr"]) {
    ok(paths.includes(path), `${path} is not among ${paths.join(", ")}`);
  }
  const again = await runAzu(["session:setup", "--backend", "redis", "--dry-run"], options);
  strictEqual(again.code, 0, again.stderr);
});

Deno.test("portable: status, list, revoke and clear work on SQLite", async () => {
  await using app = await appWith(someSessions());
  const json = async (args: string[]) => {
    const result = await runAzu([...args, "--json"], app.options);
    strictEqual(result.code, 0, result.stderr);
    return JSON.parse(result.stdout);
  };
  strictEqual((await json(["session:status"])).command, "session:status");
  const { sessions } = await json(["session:list", "--user", "42"]);
  const handles = sessions.map((it: { handle: string }) => it.handle);
  deepStrictEqual(handles.sort(), [handle("a"), handle("b")].sort());
  await json(["session:revoke", "--user", "42", "--force"]);
  deepStrictEqual(app.names(), ["c", "d", "e"]);
  const clear = await runAzu(["session:clear", "--force"], app.options);
  match(clear.stdout, /^✓ Sessions cleared successfully$/m);
  deepStrictEqual([clear.code, app.names()], [0, []]);
});

Deno.test("portable: a server that is not there is a failure", async () => {
  await using app = await tempDir();
  const env = { REDIS_URL: "redis://127.0.0.1:1" };
  const { code, stderr } = await runAzu(["session:clear", "--force"], { cwd: app.path, env });
  match(stderr, /^error: /m);
  strictEqual(code, 1);
});
