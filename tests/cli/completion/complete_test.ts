/** What the scripts of the shells are answered: see src/cli/commands/complete/. */
import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runAzu } from "../../support/cli.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

/** The words that are offered. Nothing else may be printed: it would be in the user's prompt. */
async function offered(
  current: string,
  words: readonly string[],
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
) {
  await using app = await tempDir();
  await writeTree(app.path, files);
  const args = ["complete", `--current=${current}`, "--", ...words];
  const { code, stdout, stderr } = await runAzu(args, { cwd: app.path, env });
  deepStrictEqual([code, stderr], [0, ""]);
  const [kind = "", ...lines] = stdout.trimEnd().split("\n");
  return kind === "values" ? lines.map((line) => line.replace(/\t.*/, "")) : kind;
}

const COMMANDS = [
  "init",
  "session:setup",
  "session:status",
  "session:list",
  "session:revoke",
  "session:sweep",
  "session:copy",
  "session:secret",
  "session:clear",
  "session:doctor",
  "audit:list",
  "audit:verify",
  "completion",
  "help",
];

for (
  const [current, words, expected] of [
    ["", [], COMMANDS],
    ["session:s", [], [
      "session:setup",
      "session:status",
      "session:sweep",
      "session:secret",
    ]],
    ["--v", [], ["--version"]],
    ["x", [], []],
    ["", ["no-such-command"], []],
    ["", ["session:list", "--"], []],
    ["--dry", ["session:clear"], ["--dry-run"]],
    ["--di", ["session:clear"], ["--directory"]],
    ["-b", ["session:clear"], ["-b"]],
    ["", ["session:list", "--batch"], []],
    ["", ["session:list", "--format"], ["table", "json", "ndjson", "csv", "handles"]],
    ["--format=o", ["session:status"], ["--format=openmetrics"]],
    ["-v", ["session:list", "--sort"], ["-visited"]],
    ["user,c", ["session:list", "--fields"], ["user,created"]],
    ["", ["session:sweep", "--schedule"], ["cron", "systemd", "kubernetes"]],
    ["", ["completion"], ["bash", "zsh", "fish", "powershell"]],
    ["c", ["help"], ["completion", "config"]],
    ["", ["init", "-b"], ["redis", "database", "memory"]],
    ["r", ["-q", "session:clear", "-f", "--backend"], ["redis"]],
    ["d", ["session:copy", "--from", "redis", "--to"], ["database"]],
    ["az", ["session:clear", "--config"], "files"],
    ["", ["-C"], "folders"],
    ["", ["session:revoke", "--users-from"], "files"],
  ] as const
) {
  Deno.test(`offered after azu ${[...words, current].join(" ")}`, async () => {
    deepStrictEqual(await offered(current, words), expected);
  });
}

const CONFIG = `import { defineConfig, redis } from "azu";
export default defineConfig({
  session: { backends: { cache: redis({ url: "redis://127.0.0.1:1" }), "a\\u001bb": redis() } },
  environments: { staging: { session: { backends: { other: redis() } } } },
});
`;

Deno.test("names come from the config at hand", async () => {
  const backends = ["redis", "database", "memory", "cache"];
  const files = { "azu.config.ts": CONFIG, "far/a.ts": CONFIG };
  const backendsAfter = (...words: string[]) => {
    return offered("", [...words, "session:list", "--backend"], files);
  };
  deepStrictEqual(await backendsAfter(), backends);
  deepStrictEqual(await backendsAfter("--env", "staging"), [...backends, "other"]);
  deepStrictEqual(await backendsAfter("-Cfar", "--config=a.ts"), backends);
  deepStrictEqual(await offered("", ["--env"], files), [
    "staging",
    "development",
    "test",
    "production",
  ]);
  deepStrictEqual(
    await offered("s", ["--config", "~/azu.config.ts", "--env"], {}, { HOME: "/none" }),
    [],
  );
});

for (
  const [what, config] of [
    ["does not parse", "export default {"],
    ["is not valid", "export default { session: 1 };"],
    ["throws and prints", 'console.log("hello"); throw new Error("no");'],
    ["waits for ever", "await new Promise(() => setInterval(() => {}, 1000)); export default {};"],
  ]
) {
  Deno.test(`a config that ${what} offers nothing`, async () => {
    deepStrictEqual(await offered("", ["--env"], { "azu.config.ts": config ?? "" }), []);
  });
}

Deno.test("a config cannot connect, import from a host or write while azu completes", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  let connections = 0;
  const counting = (async () => {
    for await (const connection of listener) {
      connections++;
      connection.close();
    }
  })();
  await using app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `const tried = [];
try { await Deno.connect({ port: ${port} }); } catch (error) { tried.push(error.name); }
try { Deno.writeTextFileSync("${join(app.path, "written")}", ""); }
catch (error) { tried.push(error.name); }
try { await globalThis.eval("import('https://esm.sh/x')"); }
catch (error) { tried.push(/^(Requires import access|Module not found)/.test(error.message)); }
export default { environments: { [tried.join("_")]: {} } };`,
  });
  const args = ["complete", "--current=N", "--", "session:list", "--env"];
  const { stdout } = await runAzu(args, { cwd: app.path });
  strictEqual(stdout, "values\nNotCapable_NotCapable_true\n");
  strictEqual(connections, 0);
  await rejects(Deno.stat(join(app.path, "written")), Deno.errors.NotFound);
  listener.close();
  await counting;
});

Deno.test("azu completion prints a script, with --json in a document", async () => {
  for (const shell of ["bash", "zsh", "fish", "powershell"]) {
    const { code, stdout, stderr } = await runAzu(["completion", shell]);
    deepStrictEqual([code, stderr], [0, ""]);
    match(stdout, new RegExp(`by \`azu completion ${shell}\`[^]* complete .*--current=`));
    const json = JSON.parse((await runAzu(["completion", shell, "--json"])).stdout);
    deepStrictEqual(json, {
      command: "completion",
      outcome: "printed",
      shell,
      script: stdout,
      exitCode: 0,
      warnings: [],
    });
  }
  const { code, stdout, stderr } = await runAzu(["completion", "tcsh"]);
  deepStrictEqual([code, stdout], [2, ""]);
  strictEqual(
    stderr,
    'error: There is no completion for "tcsh"\nThe shells are bash, zsh, fish, powershell\n',
  );
});

Deno.test("the script for PowerShell calls azu as the others do", async () => {
  // There is no PowerShell here: this is what its script must contain.
  const { stdout } = await runAzu(["completion", "powershell"]);
  match(stdout, /^Register-ArgumentCompleter -Native -CommandName 'azu', 'azu\.exe' -ScriptBlock/m);
  match(stdout, /& \$command complete "--current=\$wordToComplete" '--' @before 2>\$null$/m);
  match(stdout, /\$value, \$description = \$line -split "`t", 2$/m);
  const count = (pattern: RegExp) => stdout.replace(/^\s*#.*$/gm, "").match(pattern)?.length;
  for (const [open, close] of [[/\{/g, /\}/g], [/\(/g, /\)/g]] as const) {
    strictEqual(count(open), count(close));
  }
});
