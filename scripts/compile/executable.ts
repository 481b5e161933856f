import { basename, dirname } from "node:path";
import { permissionFlags } from "../permissions.ts";
import { run } from "./process.ts";
import { TIMEOUT, type Toolchain } from "./toolchain.ts";

const FLAGS = [
  "--quiet",
  "--no-check",
  // The bundle is split into parts that load lazily, so a code cache would not make it faster.
  "--no-code-cache",
  // A package.json or deno.json nearby would add its packages to the executable.
  "--no-config",
  "--no-lock",
  "--no-npm",
  "--no-remote",
  // Sizes in MiB. Most garbage is short-lived, so a small space for new objects halves the peak
  // memory. A limit for old ones, which azu never reaches, lets V8 collect them earlier, at 20 MiB
  // less. Without the baseline compiler, a command starts with 3 to 5 % less processor time (all
  // measured).
  "--v8-flags=--max-semi-space-size=2,--max-old-space-size=1024,--no-sparkplug",
];

/** Compiles a bundled program with azu's permissions. */
export async function compileExecutable(
  toolchain: Toolchain,
  entry: string,
  target: string,
  output: string,
): Promise<void> {
  const args = ["compile", ...FLAGS, ...permissionFlags, "--target", target, "--output", output];
  await run(toolchain.deno, [...args, basename(entry)], {
    cwd: dirname(entry),
    env: toolchain.env,
    timeoutMs: TIMEOUT,
  });
}
