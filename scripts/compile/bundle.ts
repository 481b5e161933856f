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
  for await (const { name } of Deno.readDir(folder)) {
    const path = join(folder, name);
    const text = await Deno.readTextFile(path);
    if (!text.includes("@azu-commit@")) continue;
    await Deno.writeTextFile(path, text.replaceAll("@azu-commit@", () => commit));
  }
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
