/**
 * Makes the executables: `./denow task compile [--target <triple> | --all]`. Bundles the program,
 * compiles it with the permissions of the `azu` task, and writes SHA256SUMS. Two builds of one
 * commit with the same Deno are equal byte for byte.
 */
import { join, relative } from "node:path";
import { bundle } from "./compile/bundle.ts";
import { compileExecutable } from "./compile/executable.ts";
import { say } from "./compile/process.ts";
import { toolchainFor } from "./compile/toolchain.ts";

const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
] as const;

const root = join(import.meta.dirname ?? ".", "..");
const dist = join(root, "dist");

const targets = targetsOf(Deno.args);
await Deno.mkdir(dist, { recursive: true });
const made: string[] = [];
for (const target of targets) made.push(await compile(target));
await writeSums(made);

function targetsOf(args: readonly string[]): readonly string[] {
  const [option, target, ...rest] = args;
  if (option === undefined) return [Deno.build.target];
  if (option === "--all" && target === undefined) {
    if (!Deno.env.get("DENORT_BIN")) return TARGETS;
    say("DENORT_BIN is a runtime base for one system: name the system with --target");
    Deno.exit(2);
  }
  if (option === "--target" && rest.length === 0 && TARGETS.some((known) => known === target)) {
    return [target ?? ""];
  }
  say(`Usage: compile [--target <triple> | --all]\nTargets: ${TARGETS.join(", ")}`);
  Deno.exit(2);
}

/** Compiles for one target. The executable for this machine is also copied to `dist/azu`. */
async function compile(target: string): Promise<string> {
  const ending = target.includes("windows") ? ".exe" : "";
  const name = `azu-${target}${ending}`;
  const output = join(dist, name);
  await using toolchain = await toolchainFor(target);
  if (toolchain === undefined) {
    say(`Cannot compile for ${target}: set DENORT_BIN to the denort of Deno ${Deno.version.deno}`);
    Deno.exit(1);
  }
  const folder = await Deno.makeTempDir({ prefix: "azu-bundle-" });
  try {
    await bundle(toolchain, root, folder);
    await compileExecutable(toolchain, join(folder, "main.js"), target, output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  say(`Compiled ${relative(root, output)} with ${toolchain.name}`);
  if (target === Deno.build.target) {
    const plain = join(dist, `azu${ending}`);
    await Deno.remove(plain).catch(() => {}); // a running azu keeps its file
    await Deno.copyFile(output, plain);
  }
  return name;
}

async function writeSums(names: readonly string[]): Promise<void> {
  const lines: string[] = [];
  for (const name of [...names].sort()) {
    const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(join(dist, name)));
    lines.push(`${new Uint8Array(digest).toHex()}  ${name}\n`);
  }
  await Deno.writeTextFile(join(dist, "SHA256SUMS"), lines.join(""));
}
