/** The systems that azu is released for, and what other tools call them. */
import { say } from "./compile/process.ts";

export interface Target {
  readonly triple: string;
  /** Node.js's names, which npm uses. */
  readonly os: "linux" | "darwin" | "win32";
  readonly cpu: "x64" | "arm64";
  /** Debian's name of the architecture, for systems that get a `.deb`. */
  readonly debian?: string;
}

export const TARGETS: readonly Target[] = [
  { triple: "x86_64-unknown-linux-gnu", os: "linux", cpu: "x64", debian: "amd64" },
  { triple: "aarch64-unknown-linux-gnu", os: "linux", cpu: "arm64", debian: "arm64" },
  { triple: "x86_64-apple-darwin", os: "darwin", cpu: "x64" },
  { triple: "aarch64-apple-darwin", os: "darwin", cpu: "arm64" },
  { triple: "x86_64-pc-windows-msvc", os: "win32", cpu: "x64" },
];

/** @throws {Error} if azu is not released for this system. */
export function targetFor(os: Target["os"], cpu: Target["cpu"]): Target {
  const target = TARGETS.find((known) => known.os === os && known.cpu === cpu);
  if (target === undefined) throw new Error(`There is no target for ${os} on ${cpu}`);
  return target;
}

/** The name of the program itself. */
export function programName(target: Target): string {
  return target.os === "win32" ? "azu.exe" : "azu";
}

/** The name of the executable in `dist/`. */
export function executableName(target: Target): string {
  return `azu-${target.triple}${target.os === "win32" ? ".exe" : ""}`;
}

/** The name of an archive without its ending. It is also the name of the folder inside. */
export function archiveFolder(version: string, target: Target): string {
  return `azu-${version}-${target.triple}`;
}

export function archiveName(version: string, target: Target): string {
  return `${archiveFolder(version, target)}${target.os === "win32" ? ".zip" : ".tar.gz"}`;
}

/**
 * The targets that the arguments of a task select: this machine by default. Ends the process with 2
 * if they are wrong.
 */
export function targetsOf(task: string, args: readonly string[]): readonly Target[] {
  const [option, value] = args;
  if (option === "--all" && args.length === 1) return TARGETS;
  if (args.length === 0 || (option === "--target" && args.length === 2)) {
    const wanted = value ?? Deno.build.target;
    const target = TARGETS.find(({ triple }) => triple === wanted);
    if (target !== undefined) return [target];
  }
  say(`Usage: ${task} [--target <triple> | --all]`);
  say(`Targets: ${TARGETS.map(({ triple }) => triple).join(", ")}`);
  Deno.exit(2);
}
