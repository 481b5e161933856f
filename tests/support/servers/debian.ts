import { printNote } from "../output.ts";
import { which } from "./programs.ts";

const POLICY = "/usr/sbin/policy-rc.d";
// Debian's convention for "do not start that service".
const DENY_ALL = "#!/bin/sh\nexit 101\n";

/** Why Debian's packages cannot be installed here; undefined if they can. */
export function cannotInstall(): string | undefined {
  if (which("apt-get") === undefined) return "it is not on PATH, and there is no apt-get";
  if (Deno.uid() !== 0) return "it is not on PATH, and only root can install it";
  return undefined;
}

/**
 * Installs Debian packages, one after the other so that one failing leaves the others be, and
 * without starting any service. Returns the reasons of those that failed, keyed by package.
 */
export async function installPackages(packages: readonly string[]): Promise<Map<string, string>> {
  const failures = new Map<string, string>();
  if (packages.length === 0) return failures;
  await using _policy = await keepServicesStopped();
  printNote("Updating the list of Debian's packages");
  const updateFailure = await aptGet(["update"]);
  if (updateFailure !== undefined) printNote(updateFailure);
  for (const name of packages) {
    printNote(`Installing ${name} from Debian's packages`);
    const failure = await aptGet(["install", "-y", "--no-install-recommends", name]);
    if (failure !== undefined) failures.set(name, failure);
  }
  return failures;
}

/** Runs apt-get. Returns its error messages if it failed. */
async function aptGet(args: readonly string[]): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command("apt-get", {
    // Seconds to wait for another apt-get.
    args: ["-q", "-o", "DPkg::Lock::Timeout=120", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return undefined;
  return `apt-get ${args[0]} failed: ${new TextDecoder().decode(stderr).trim()}`;
}

/** Prevents packages from starting services until disposed of, unless the machine has a policy. */
async function keepServicesStopped(): Promise<AsyncDisposable> {
  try {
    await Deno.writeTextFile(POLICY, DENY_ALL, { createNew: true, mode: 0o755 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  return { [Symbol.asyncDispose]: () => Deno.remove(POLICY) };
}
