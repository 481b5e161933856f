import { cp } from "node:fs/promises";
import { join } from "node:path";
import { lighten } from "./lighten.ts";
import { run } from "./process.ts";

/**
 * Bundles the program into a folder of its own, a file for each part that is loaded by itself:
 * splitting makes a code cache needless. Not minified as a whole: that breaks CommonJS packages on
 * Deno 2.5, mangles the names of errors, and makes traces unreadable.
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
  const bundles = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    const text = withoutSettings(await Deno.readTextFile(join(folder, name)));
    bundles.set(name, text.replaceAll("@azu-commit@", () => commit));
  }
  for (const [name, text] of await lighten(bundles)) {
    const path = join(folder, name);
    await Deno.writeTextFile(path, text);
    await Deno.utime(path, 0, 0); // the executable keeps the time
  }
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
