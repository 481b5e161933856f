import { join } from "node:path";
import { run } from "./process.ts";

/**
 * Bundles the program into a folder of its own, a file for each part that is loaded by itself:
 * splitting makes a code cache needless. Not minified: minifying breaks CommonJS packages on
 * Deno 2.5, mangles the names of errors, and saves nothing that can be measured.
 */
export async function bundle(root: string, folder: string): Promise<void> {
  const args = ["bundle", "--quiet", "--platform", "deno", "--code-splitting"];
  await run(Deno.execPath(), [...args, "--outdir", folder, join(root, "main.ts")], { cwd: root });
  const commit = await commitOf(root);
  let trimmed = false;
  for await (const { name } of Deno.readDir(folder)) {
    const path = join(folder, name);
    const text = withoutPlaces(await Deno.readTextFile(path));
    const small = withFewCommands(text);
    trimmed ||= small !== text;
    await Deno.writeTextFile(path, small.replaceAll("@azu-commit@", () => commit));
  }
  if (!trimmed) throw new Error("the bundle holds no table of Redis commands to trim");
}

/** Names of files say where the packages lay on the machine that built: that is nobody's business. */
function withoutPlaces(text: string): string {
  return text.replaceAll(/(?:\.\.\/)+[^\s"'`]*?\/npm\/[^/\s"'`]+\//g, "npm/");
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
    /("npm\/@ioredis\/commands\/[^"]*commands\.json"\(exports, module\) \{\s*module\.exports = )(\{[^]*?\n {4}\})(;)/,
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
