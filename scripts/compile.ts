/**
 * Makes the executables: `./denow task compile [--target <triple> | --all]`. Bundles, compiles with
 * the permissions of the `azu` task, and writes SHA256SUMS. Built twice from one commit, the files
 * are the same, byte for byte.
 */
import { join, relative } from "node:path";
import { bundle } from "./compile/bundle.ts";
import { compileExecutable } from "./compile/executable.ts";
import { say } from "./compile/process.ts";

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
const folder = await Deno.makeTempDir({ prefix: "azu-bundle-" });
try {
  await bundle(root, folder);
  const made: string[] = [];
  for (const target of targets) made.push(await compile(folder, target));
  await writeSums(made);
} finally {
  await Deno.remove(folder, { recursive: true });
}

function targetsOf(args: readonly string[]): readonly string[] {
  const [option, target, ...rest] = args;
  if (option === undefined) return [Deno.build.target];
  if (option === "--all" && target === undefined) return TARGETS;
  if (option === "--target" && rest.length === 0 && TARGETS.some((known) => known === target)) {
    return [target ?? ""];
  }
  say(`Usage: compile [--target <triple> | --all]\nTargets: ${TARGETS.join(", ")}`);
  Deno.exit(2);
}

/** Compiles the bundle for one target; the file for this machine is also `dist/azu`. */
async function compile(bundled: string, target: string): Promise<string> {
  const ending = target.includes("windows") ? ".exe" : "";
  const name = `azu-${target}${ending}`;
  const output = join(dist, name);
  const base = await compileExecutable(join(bundled, "main.js"), target, output);
  if (base === undefined) {
    say(`No runtime base for ${target}; set DENORT_BIN to one of Deno ${Deno.version.deno}`);
    Deno.exit(1);
  }
  say(`Compiled ${relative(root, output)} on ${base}`);
  if (target === Deno.build.target) {
    const plain = join(dist, `azu${ending}`);
    await Deno.remove(plain).catch(() => {}); // an azu that runs keeps the file that it was started from
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
