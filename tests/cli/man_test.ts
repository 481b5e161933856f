/** The man pages that scripts/man.ts writes. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { summaries } from "../../src/cli/summaries.ts";
import { runAzu } from "../support/cli.ts";
import { needs, service } from "../support/env.ts";
import { tempDir } from "../support/temp.ts";

const REPOSITORY = join(import.meta.dirname ?? "", "../..");

async function run(
  command: string,
  args: readonly string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
) {
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args], ...options })
    .output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Writes the pages into a folder, and returns their paths by the name of their command. */
async function pagesIn(folder: string): Promise<Map<string, string>> {
  const script = join(REPOSITORY, "scripts/man.ts");
  const { code, stdout, stderr } = await run(Deno.execPath(), ["run", "-A", script, folder]);
  deepStrictEqual([code, stdout, stderr], [0, "", ""]);
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  const commands = Object.keys(summaries);
  deepStrictEqual(
    names,
    ["azu.1", ...commands.map((name) => `azu-${name.replace(":", "-")}.1`)].sort(),
  );
  return new Map(commands.map((name) => [
    name,
    join(folder, `azu-${name.replace(":", "-")}.1`),
  ]));
}

Deno.test("man pages are equal in each run", async () => {
  await using one = await tempDir();
  await using other = await tempDir();
  const again = await pagesIn(other.path);
  for (const [name, path] of await pagesIn(one.path)) {
    strictEqual(await Deno.readTextFile(path), await Deno.readTextFile(again.get(name) ?? ""));
  }
});

Deno.test("mandoc has nothing to say about the man pages", needs("mandoc"), async () => {
  await using folder = await tempDir();
  await pagesIn(folder.path);
  const names = Array.from(Deno.readDirSync(folder.path), ({ name }) => name);
  // It looks for the pages to which they refer in the working folder.
  const found = await run(service("mandoc"), ["-T", "lint", ...names], { cwd: folder.path });
  deepStrictEqual(found, { code: 0, stdout: "", stderr: "" });
});

Deno.test("man shows every option of a command, without warnings", needs("man"), async () => {
  await using folder = await tempDir();
  const sections = [
    "NAME",
    "SYNOPSIS",
    "DESCRIPTION",
    "OPTIONS",
    "EXIT STATUS",
    "EXAMPLES",
    "SEE ALSO",
  ];
  for (const [name, path] of await pagesIn(folder.path)) {
    const env = { MANWIDTH: "200", LANG: "C.UTF-8", MANPAGER: "cat" };
    const { code, stdout, stderr } = await run(
      service("man"),
      ["--warnings", "-E", "UTF-8", "-l", path],
      { env },
    );
    deepStrictEqual([code, stderr], [0, ""]);
    for (const section of sections) match(stdout, new RegExp(`^${section}$`, "m"));
    const help = (await runAzu([name, "--help"])).stdout;
    const options = Array.from(help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm), ([, long]) => long);
    const variables = Array.from(help.matchAll(/^ {2}([A-Z]+(?:_[A-Z]+)*) {2}/gm), ([, it]) => it);
    ok(options.length > 5);
    // Only a command on a store has those of the stores.
    if (name.includes(":")) {
      ok(variables.length > (/^(?:session:secret|audit:\w+)$/.test(name) ? 3 : 5));
    }
    for (const word of [...options, ...variables]) {
      match(stdout, new RegExp(`^ +(?:-\\w, )?${word}\\b`, "m"));
    }
    const examples = /^Examples:\n((?: {2}.*\n)+)/m.exec(help)?.[1] ?? "";
    for (const [, line = ""] of examples.matchAll(/^ {2,}(?!#)(\S.*)$/gm)) {
      ok(stdout.includes(line));
    }
    ok(stdout.includes(`azu-sessions/reference/commands/${name.replace(":", "-")}`));
  }
});
