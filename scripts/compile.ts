/**
 * Makes the executables: `./denow task compile [--target <triple> | --all]`. Bundles the program,
 * compiles it with the permissions of the `azu` task, and writes SHA256SUMS and, for each executable,
 * a JSON file that says what it contains. Two builds of one commit with the same Deno are equal byte
 * for byte.
 */
import { join, relative } from "node:path";
import { bundle } from "./compile/bundle.ts";
import { compileExecutable } from "./compile/executable.ts";
import { say } from "./compile/process.ts";
import { toolchainFor } from "./compile/toolchain.ts";
import { writeSums } from "./package/sums.ts";
import { executableName, programName, type Target, targetsOf } from "./targets.ts";

const root = join(import.meta.dirname ?? ".", "..");
const dist = join(root, "dist");

const targets = targetsOf("compile", Deno.args);
if (targets.length > 1 && Deno.env.get("DENORT_BIN")) {
  say("DENORT_BIN is a runtime base for one system: name the system with --target");
  Deno.exit(2);
}
await Deno.mkdir(dist, { recursive: true });
const made: string[] = [];
for (const target of targets) made.push(await compile(target));
await writeSums(dist, made);

/** Compiles for one target. The executable for this machine is also copied to `dist/azu`. */
async function compile(target: Target): Promise<string> {
  const { triple } = target;
  const name = executableName(target);
  const output = join(dist, name);
  await using toolchain = await toolchainFor(triple);
  if (toolchain === undefined) {
    say(`Cannot compile for ${triple}: set DENORT_BIN to the denort of Deno ${Deno.version.deno}`);
    Deno.exit(1);
  }
  const folder = await Deno.makeTempDir({ prefix: "azu-bundle-" });
  try {
    const packages = await bundle(toolchain, root, folder);
    await compileExecutable(toolchain, join(folder, "main.js"), triple, output);
    const contents = { deno: toolchain.version, packages };
    await Deno.writeTextFile(`${output}.json`, `${JSON.stringify(contents, null, 2)}\n`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  say(`Compiled ${relative(root, output)} with ${toolchain.name}`);
  if (triple === Deno.build.target) {
    const plain = join(dist, programName(target));
    await Deno.remove(plain).catch(() => {}); // a running azu keeps its file
    await Deno.copyFile(output, plain);
  }
  return name;
}
