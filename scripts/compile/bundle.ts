import { cp } from "node:fs/promises";
import { join } from "node:path";
import { lighten } from "./lighten.ts";
import { run } from "./process.ts";
import type { Toolchain } from "./toolchain.ts";

/**
 * Bundles the program into a folder, with one file for each part that is loaded lazily. The bundle
 * is not minified as a whole: that breaks CommonJS packages on Deno 2.5, changes the names of error
 * classes, and makes stack traces unreadable.
 * @returns the npm packages that the bundle contains, as `name@version` and in order.
 */
export async function bundle(
  toolchain: Toolchain,
  root: string,
  folder: string,
): Promise<string[]> {
  const stage = await Deno.makeTempDir({ prefix: "azu-stage-" });
  try {
    for (const name of SOURCES) await cp(join(root, name), join(stage, name), { recursive: true });
    const args = ["bundle", "--quiet", "--platform", "deno", "--code-splitting"];
    const places = ["--node-modules-dir=auto", "--outdir", folder, "main.ts"];
    await run(toolchain.deno, [...args, ...places], { cwd: stage });
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
  const commit = await commitOf(root);
  const bundles = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    const text = withoutSettings(await Deno.readTextFile(join(folder, name)));
    bundles.set(name, text.replaceAll("@azu-commit@", () => commit));
  }
  const packages = new Set<string>();
  for (const [name, text] of await lighten(bundles)) {
    for (const found of packagesIn(text)) packages.add(found);
    const path = join(folder, name);
    await Deno.writeTextFile(path, text);
    await Deno.utime(path, 0, 0); // the executable contains the time
  }
  return [...packages].sort();
}

/** Finds packages by the comments before modules, such as node_modules/.deno/a@1.0.0/node_modules/a/ */
function packagesIn(text: string): string[] {
  const modules = text.matchAll(
    /^\/\/ node_modules\/\.deno\/\S+?@([^/\s]+)\/node_modules\/(\S+)/gm,
  );
  return Array.from(modules, ([, version = "", path = ""]) => {
    const name = path.split("/").slice(0, path.startsWith("@") ? 2 : 1).join("/");
    return `${name}@${version.split("_")[0]}`; // after "_" come its peers
  });
}

/**
 * What is copied and bundled. The bundle contains the paths of the packages, and the names of its
 * parts depend on them. In a folder with its own node_modules, these are the same everywhere.
 */
const SOURCES = ["azu.config.ts", "deno.json", "deno.lock", "main.ts", "src", "templates"];

/** Keeps only the version of deno.json, which the program imports. */
function withoutSettings(text: string): string {
  return text.replace(
    /^(var deno_default = \{\n {2}version: "[^"\n]*"),\n[^]*?^\};$/m,
    (_all, version: string) => `${version}\n};`,
  );
}

/** The commit, marked if files differ from it. */
async function commitOf(root: string): Promise<string> {
  const git = (...args: string[]) => run("git", args, { cwd: root });
  try {
    const commit = (await git("rev-parse", "--short=12", "HEAD")).trim();
    const changed = (await git("status", "--porcelain", "--untracked-files=no")).trim() !== "";
    return changed ? `${commit}+changes` : commit;
  } catch {
    return "unknown commit"; // an archive without history
  }
}
