/**
 * The npm packages: one for each system with its executable, and one that depends on all of them.
 * npm installs only the one for the system at hand.
 */
import { join } from "node:path";
import { type Target, TARGETS } from "../targets.ts";
import type { Entry } from "./archive.ts";
import { PACKAGE, REPOSITORY, SUMMARY } from "./release.ts";

/** The name of the package with the executable of a system. */
export function platformPackage({ os, cpu }: Target): string {
  return `@${PACKAGE}/${os}-${cpu}`;
}

/** Writes the package of a system into a folder. */
export async function writePlatformPackage(
  folder: string,
  version: string,
  target: Target,
  entries: readonly Entry[],
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const files = entries.filter(({ path, executable }) =>
    executable || path === "LICENSE" || path === "THIRD_PARTY_NOTICES.txt"
  );
  for (const { path, bytes, executable } of files) {
    await Deno.writeFile(join(folder, path), bytes, { mode: executable ? 0o755 : 0o644 });
  }
  await writeJson(join(folder, "package.json"), {
    ...about(platformPackage(target), version),
    description: `The executable of ${PACKAGE} for ${target.os} on ${target.cpu}`,
    os: [target.os],
    cpu: [target.cpu],
    libc: target.os === "linux" ? ["glibc"] : undefined, // which JSON leaves out
    files: files.map(({ path }) => path),
  });
}

/** Writes the package that people install. */
export async function writeMainPackage(
  folder: string,
  version: string,
  root: string,
): Promise<void> {
  await Deno.mkdir(join(folder, "bin"), { recursive: true });
  for (const name of ["LICENSE", "README.md"]) {
    await Deno.copyFile(join(root, name), join(folder, name));
  }
  await Deno.copyFile(join(root, "scripts/package/npm/azu.js"), join(folder, "bin/azu.js"));
  await Deno.chmod(join(folder, "bin/azu.js"), 0o755);
  await writeJson(join(folder, "package.json"), {
    ...about(PACKAGE, version),
    description: SUMMARY,
    type: "commonjs",
    bin: { azu: "bin/azu.js" },
    engines: { node: ">=18" },
    files: ["bin"],
    optionalDependencies: Object.fromEntries(
      TARGETS.map((target) => [platformPackage(target), version]),
    ),
  });
}

function about(name: string, version: string) {
  return {
    name,
    version,
    license: "MIT",
    homepage: REPOSITORY,
    repository: { type: "git", url: `git+${REPOSITORY}.git` },
  };
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
