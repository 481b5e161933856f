import { basename, dirname } from "node:path";
import { permissionFlags } from "../permissions.ts";
import { run, say } from "./process.ts";
import { type Base, runtimeBases } from "./runtime_base.ts";

/** From a folder of its own, without a config: else a nearby package.json would be taken in. */
const FLAGS = [
  "--quiet",
  "--no-check",
  "--no-code-cache",
  "--no-config",
  "--no-lock",
  "--no-npm",
  "--no-remote",
];

/**
 * Compiles a bundled program, trying the runtime bases in their order; each that cannot be had is
 * named on stderr, with the reason.
 * @returns which base was used; undefined when none could be.
 */
export async function compileExecutable(
  entry: string,
  target: string,
  output: string,
): Promise<string | undefined> {
  for (const base of runtimeBases(target)) {
    try {
      await compileOn(base, entry, target, output);
      return base.name;
    } catch (error) {
      say(`Cannot use ${base.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

async function compileOn(base: Base, entry: string, target: string, output: string): Promise<void> {
  const args = ["compile", ...FLAGS, ...permissionFlags, "--target", target, "--output", output];
  await base.with(async (environment) => {
    await run(Deno.execPath(), [...args, basename(entry)], {
      cwd: dirname(entry),
      env: environment,
      timeoutMs: TIMEOUT,
    });
  });
}

/** Milliseconds that a compilation may take, a download included. */
const TIMEOUT = 300_000;
