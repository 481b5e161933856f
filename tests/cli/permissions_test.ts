/** What a config may not do, said in words: see docs/explanation/security.md. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { permissionFlags } from "../../scripts/permissions.ts";
import { runAzu } from "../support/cli.ts";
import { tempDir, writeTree } from "../support/temp.ts";

async function load(config: string, env: Record<string, string> = {}) {
  await using app = await tempDir();
  await writeTree(app.path, { "azu.config.ts": config });
  const args = ["session:clear", "--dry-run", "--json"];
  const result = await runAzu(args, {
    cwd: app.path,
    env: { REDIS_URL: "redis://127.0.0.1:1", ...env },
  });
  return { ...result, pattern: JSON.parse(result.stdout).pattern };
}

const NO_PROGRAMS = /a config may not run other programs \(azu has no permission to run any\)/;
const NO_LIBRARIES = /a config may not load native libraries \(azu has no permission to load any\)/;
const NO_VARIABLE =
  /a config may not read the environment variable HOME, only AZU_\*, .*; for a key prefix or a table, use fromEnv\("HOME"\)/;

const refused: [name: string, config: string, place: string, reason: RegExp][] = [
  [
    "Deno.Command",
    'export default {\n  app: new Deno.Command("id").outputSync().code };',
    "2:31",
    NO_PROGRAMS,
  ],
  [
    "node:child_process",
    '\nimport { execSync } from "node:child_process";\nexport default execSync("id");',
    "2:26",
    NO_PROGRAMS,
  ],
  [
    "getBuiltinModule",
    'const { execSync } = process.getBuiltinModule("node:child_process");\nexport default execSync("id");',
    "1:30",
    NO_PROGRAMS,
  ],
  ["Deno.dlopen", 'Deno.dlopen("/lib/libc.so.6", {});\nexport default {};', "1:6", NO_LIBRARIES],
  [
    "process.dlopen",
    'process.dlopen({ exports: {} }, "/x.node");\nexport default {};',
    "1:9",
    NO_LIBRARIES,
  ],
  ["process.env", "export default { app: process.env.HOME };", "1:35", NO_VARIABLE],
  [
    "the environment of node:process",
    'import process from "node:process";\n\nexport default { app: process.env["HOME"] };',
    "3:34",
    NO_VARIABLE,
  ],
  ["Deno.env", 'export default { app: Deno.env.get("HOME") };', "1:32", NO_VARIABLE],
  [
    "the whole environment",
    "export default { app: Deno.env.toObject().HOME };",
    "1:32",
    /may not read the whole environment, only variables by their names/,
  ],
  [
    "the system's user",
    'import { userInfo } from "node:os";\nexport default { app: userInfo().username };',
    "2:23",
    /a config may not ask about the system or its users/,
  ],
];

for (const [name, config, place, reason] of refused) {
  Deno.test(`a config may not: ${name}`, async () => {
    const { code, stderr } = await load(config, { HOME: "/home/me" });
    match(stderr, reason);
    match(stderr, new RegExp(`^error: .*/azu\\.config\\.ts:${place}: `));
    doesNotMatch(stderr, /^\s+at |bug in azu|--allow/m);
    strictEqual(code, 2);
  });
}

Deno.test("a config may read the variables that are named for it", async () => {
  const prefix = "export default { session: { backends: { redis: { keyPrefix: ";
  for (const read of ["process.env.AZU_PREFIX", 'Deno.env.get("AZU_PREFIX")']) {
    const { pattern, stderr } = await load(`${prefix}${read} } } } };`, { AZU_PREFIX: "mine:" });
    strictEqual(pattern, "mine:*", stderr);
  }
});

Deno.test("an unhandled rejection in a config is reported, without secrets", async () => {
  const url = "redis://app:hunter2@db";
  const config =
    `Promise.reject(new Error("lost ${url}"));\nawait new Promise((resolve) => setTimeout(resolve, 200));\nexport default {};`;
  await using app = await tempDir();
  await writeTree(app.path, { "azu.config.ts": config });
  const { code, stderr } = await runAzu(["session:clear", "--force"], { cwd: app.path });
  strictEqual(code, 1);
  match(stderr, /lost redis:\/\/app:\*\*\*@db/);
});

Deno.test("the program's permissions are the ones that are documented", () => {
  deepStrictEqual(permissionFlags, [
    "--no-prompt",
    "--allow-read",
    "--allow-write",
    "--allow-net",
    "--allow-sys=uid",
    "--allow-env",
  ]);
});
