import { cp } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./process.ts";

/**
 * Bundles the program into a folder of its own, a file for each part that is loaded by itself:
 * splitting makes a code cache needless. Not minified: minifying breaks CommonJS packages on
 * Deno 2.5, mangles the names of errors, and saves nothing that can be measured.
 */
export async function bundle(root: string, folder: string): Promise<void> {
  const stage = await Deno.makeTempDir({ prefix: "azu-stage-" });
  try {
    for (const name of SOURCES) await cp(join(root, name), join(stage, name), { recursive: true });
    const args = ["bundle", "--quiet", "--platform", "deno", "--code-splitting"];
    const places = ["--node-modules-dir=auto", "--outdir", folder, "main.ts"];
    await run(Deno.execPath(), [...args, ...places], { cwd: stage });
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
  const commit = await commitOf(root);
  let trimmed = false;
  for await (const { name } of Deno.readDir(folder)) {
    const path = join(folder, name);
    const text = withoutSettings(await Deno.readTextFile(path));
    const small = withFewCommands(text);
    trimmed ||= small !== text;
    await Deno.writeTextFile(path, small.replaceAll("@azu-commit@", () => commit));
    await Deno.utime(path, 0, 0); // the executable keeps the time
  }
  if (!trimmed) throw new Error("the bundle holds no table of Redis commands to trim");
}

/**
 * What is bundled, in a folder whose packages lie beside it: the bundle names its files, and makes
 * the names of its parts, by the packages' paths from there. These are then the same everywhere.
 */
const SOURCES = ["azu.config.ts", "deno.json", "deno.lock", "main.ts", "src", "templates"];

/** Of deno.json, which the program is told its version by, nothing but the version. */
function withoutSettings(text: string): string {
  return text.replace(
    /^(var deno_default = \{\n {2}version: "[^"\n]*"),\n[^]*?^\};$/m,
    (_all, version: string) => `${version}\n};`,
  );
}

/** The Redis commands that azu sends, and those that the driver sends by itself. */
const COMMANDS =
  ("asking auth client cluster command config dbsize del discard echo eval evalsha exec exists get " +
    "hello info keys multi ping psubscribe publish punsubscribe quit readonly readwrite role scan " +
    "script select sentinel set spublish ssubscribe subscribe sunsubscribe type unlink unsubscribe " +
    "unwatch wait watch").split(" ");

/**
 * The driver makes two methods of each command that Redis has ever had, whenever it is loaded: a
 * tenth of the time that a clear of an empty store takes. Commands without a method can still be
 * sent by their names.
 */
function withFewCommands(text: string): string {
  return text.replace(
    /("node_modules\/[^"]*\/@ioredis\/commands\/[^"]*commands\.json"\(exports, module\) \{\s*module\.exports = )(\{[^]*?\n {4}\})(;)/,
    (_all, begin: string, table: string, end: string) => {
      const all: Record<string, unknown> = new Function(`return ${table}`)();
      const few = Object.entries(all).filter(([name]) => COMMANDS.includes(name));
      return begin + JSON.stringify(Object.fromEntries(few)) + end;
    },
  );
}

/** The commit that is built, marked where the files differ from it. */
async function commitOf(root: string): Promise<string> {
  const git = (...args: string[]) => run("git", args, { cwd: root });
  try {
    const commit = (await git("rev-parse", "--short=12", "HEAD")).trim();
    const changed = (await git("status", "--porcelain", "--untracked-files=no")).trim() !== "";
    return changed ? `${commit}+changes` : commit;
  } catch {
    return "unknown commit"; // an archive without its history
  }
}
