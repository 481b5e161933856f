/** Crystal's compiler, with chosen folders in the place of an app's `lib/`. */
import { join } from "node:path";
import { service } from "../support/env.ts";

const HERE = import.meta.dirname ?? ".";

/** Stand-ins of our own for what cannot be compiled here: Azu itself. */
export const STAND_INS = join(HERE, "stand_ins");
/** Declarations of the shards' public interface, without anything behind it. */
export const DECLARATIONS = join(HERE, "shards");

/** The folder of the real shards that `--lib` names. */
export function realShards(): string {
  const folder = Deno.env.get("TEST_CRYSTAL_LIB");
  if (!folder) throw new Error("TEST_CRYSTAL_LIB is not set: run these by tests/crystal/run.ts");
  return folder;
}

export interface Compilation {
  readonly source: string;
  /** Where `require` finds shards, the first first. */
  readonly shards: readonly string[];
  /** The executable to write; without it nothing but the types is checked. */
  readonly output?: string;
}

/** Compiles, and returns the compiler's complaint, if it had one. */
export async function compile(compilation: Compilation): Promise<string | undefined> {
  const { source, shards, output } = compilation;
  const paths = [...shards, await standardLibrary()];
  const target = output === undefined ? ["--no-codegen"] : ["-o", output];
  const { success, stdout, stderr } = await new Deno.Command(service("crystal"), {
    args: ["build", "--no-color", "--error-trace", ...target, source],
    env: { CRYSTAL_PATH: paths.join(":") },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return success ? undefined : decoder.decode(stdout) + decoder.decode(stderr);
}

/** What a program's macros print while it is compiled; undefined if it does not compile. */
export async function evaluate(
  source: string,
  shards: readonly string[],
): Promise<string | undefined> {
  const { success, stdout } = await new Deno.Command(service("crystal"), {
    args: ["build", "--no-color", "--no-codegen", source],
    env: { CRYSTAL_PATH: [...shards, await standardLibrary()].join(":") },
    stdin: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout) : undefined;
}

async function standardLibrary(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(service("crystal"), {
    args: ["env", "CRYSTAL_PATH"],
    // Without what the caller's own CRYSTAL_PATH says.
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin" },
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`crystal env: ${decoder.decode(stderr)}`);
  const paths = decoder.decode(stdout).trim().split(":");
  // The first is the app's own lib/.
  return paths.filter((path) => path !== "lib").join(":");
}
