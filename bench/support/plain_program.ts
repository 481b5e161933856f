/** Compiles a program as azu is compiled, so that both start alike. */
import { join } from "node:path";
import { compileExecutable } from "../../scripts/compile/executable.ts";
import { run } from "../../scripts/compile/process.ts";
import { toolchainFor } from "../../scripts/compile/toolchain.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");

/**
 * @param source A file of this folder.
 * @param folder An empty folder for what is made.
 * @returns the path of the executable.
 */
export async function compilePlain(source: string, folder: string): Promise<string> {
  const { target } = Deno.build;
  await using toolchain = await toolchainFor(target);
  if (toolchain === undefined) throw new Error(`Cannot compile ${source}`);
  await Deno.mkdir(folder);
  for (const name of ["deno.json", "deno.lock"]) {
    await Deno.copyFile(join(ROOT, name), join(folder, name));
  }
  await Deno.copyFile(join(import.meta.dirname ?? ".", source), join(folder, source));
  const bundled = join(folder, "bundled");
  const args = ["bundle", "--quiet", "--platform", "deno", "--node-modules-dir=auto"];
  await run(toolchain.deno, [...args, "--outdir", bundled, source], { cwd: folder });
  const output = join(folder, "program");
  const entry = join(bundled, source.replace(/\.ts$/, ".js"));
  await compileExecutable(toolchain, entry, target, output);
  return output;
}
