/**
 * Makes the executables: `./denow task compile [--target <triple> | --all]`. Bundles, compiles with
 * the permissions of the `azu` task, and writes SHA256SUMS. Built twice from one commit, the files
 * are the same, byte for byte.
 */
import { join, relative } from "node:path";
import { bundle } from "./compile/bundle.ts";
import { run, say } from "./compile/process.ts";
import { type Base, runtimeBases } from "./compile/runtime_base.ts";
import { permissionFlags } from "./permissions.ts";

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
  const name = `azu-${target}${target.includes("windows") ? ".exe" : ""}`;
  const output = join(dist, name);
  const base = await firstThatWorks(bundled, target, output);
  say(`Compiled ${relative(root, output)} on ${base}`);
  if (target === Deno.build.target) {
    const plain = join(dist, target.includes("windows") ? "azu.exe" : "azu");
    await Deno.remove(plain).catch(() => {}); // a running azu keeps the file that it was started from
    await Deno.copyFile(output, plain);
  }
  return name;
}

/** Tries the runtime bases in their order; each that cannot be had is named, with the reason. */
async function firstThatWorks(bundled: string, target: string, output: string): Promise<string> {
  const reasons: string[] = [];
  for (const base of runtimeBases(target)) {
    const problem = await attempt(base, bundled, target, output);
    if (problem === undefined) return base.name;
    reasons.push(`${base.name}: ${problem}`);
    say(`Cannot use ${base.name}: ${problem}`);
    if (base.required === true) break;
  }
  say(`No runtime base for ${target}; set DENORT_BIN to one of Deno ${Deno.version.deno}`);
  Deno.exit(1);
}

async function attempt(
  base: Base,
  bundled: string,
  target: string,
  output: string,
): Promise<string | undefined> {
  try {
    await base.with(async (environment) => {
      const flags = [
        "--no-check",
        "--no-code-cache",
        "--no-config",
        "--no-lock",
        "--no-npm",
        "--no-remote",
      ];
      const args = ["compile", "--quiet", ...flags, ...permissionFlags, "--target", target];
      await run(Deno.execPath(), [...args, "--output", output, "main.js"], {
        cwd: bundled,
        env: environment,
        timeoutMs: base.timeoutMs,
      });
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function writeSums(names: readonly string[]): Promise<void> {
  const lines: string[] = [];
  for (const name of [...names].sort()) {
    const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(join(dist, name)));
    lines.push(`${new Uint8Array(digest).toHex()}  ${name}\n`);
  }
  await Deno.writeTextFile(join(dist, "SHA256SUMS"), lines.join(""));
}
