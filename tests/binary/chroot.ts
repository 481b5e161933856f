/** Runs the executable in a folder with only the libraries that it needs, like a container. */
import { dirname, join } from "node:path";
import { runAzu, shellQuote } from "../support/cli.ts";
import { needs, type ServiceName } from "../support/env.ts";
import { printNote } from "../support/output.ts";
import type { ProcessResult } from "../support/process.ts";
import { standIn } from "../support/network/stand_in.ts";
import { type TempDir, tempDir, writeTree } from "../support/temp.ts";
import { executable } from "./subject.ts";

/** The user of distroless' "nonroot" images. */
export const NOBODY = 65532;
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** The contents of a chroot, besides the libraries, /proc and the certificates. */
export interface Contents {
  /** The path of the executable; default: `/azu`. */
  readonly program?: string;
  /** The mode of the executable, which belongs to root; default: 0755. */
  readonly mode?: number;
  /** The text of each file, by its path in the working folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** The working folder; default: `/app`. */
  readonly workdir?: string;
}

/** How to run something in a chroot. */
export interface Entry {
  /** The whole environment; default: empty. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether /proc is mounted; default: true. */
  readonly proc?: boolean;
  /** What to run instead of the executable. */
  readonly entrypoint?: readonly string[];
}

export interface Chroot extends TempDir {
  /** The path of the working folder outside the chroot. */
  readonly app: string;
  /** Runs the executable as an unprivileged user on a read-only file system. */
  run(args: readonly string[], entry?: Entry): Promise<ProcessResult>;
}

let noted = false;

/** Like `needs`, for a test that also needs a chroot: only root can make one. */
export function needsChroot(...names: ServiceName[]): { ignore: boolean } {
  const { ignore } = needs(...names);
  if (ignore || Deno.uid() === 0 || Deno.env.get("CI")) return { ignore };
  if (!noted) printNote("Ignoring tests: only root can mount and chroot");
  noted = true;
  return { ignore: true };
}

/** Creates the folder. Runs do not change it: their mounts end with their process. */
export async function chroot(contents: Contents = {}): Promise<Chroot> {
  const { program = "/azu", mode = 0o755, files = {}, workdir = "/app" } = contents;
  const folder = await tempDir("azu-chroot-");
  const app = join(folder.path, workdir);
  for (const path of [folder.path, app, join(folder.path, "proc")]) {
    await Deno.mkdir(path, { recursive: true });
    await Deno.chmod(path, 0o755);
  }
  for (const path of [CERTIFICATES, ...await libraries()]) await copy(path, folder.path, path);
  await copy(executable(), folder.path, program);
  await Deno.chmod(join(folder.path, program), mode);
  await writeTree(app, files);
  const run = (args: readonly string[], entry: Entry = {}) =>
    enter(folder.path, workdir, [...entry.entrypoint ?? [program], ...args], entry);
  return { ...folder, app, run };
}

/** The shared libraries that the executable is linked with, and the loader. */
async function libraries(): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command("ldd", { args: [executable()] })
    .output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`ldd failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout).match(/(?<=\s)\/\S+/g) ?? [];
}

async function copy(from: string, root: string, to: string): Promise<void> {
  const path = join(root, to);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.copyFile(from, path);
}

/** Runs a command in the chroot, in its own namespaces: when it ends, all mounts are gone. */
async function enter(
  root: string,
  workdir: string,
  command: readonly string[],
  { env = {}, proc = true }: Entry,
): Promise<ProcessResult> {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const user = ["--setgid", `${NOBODY}`, "--setuid", `${NOBODY}`];
  const unshare = ["unshare", `--root=${root}`, `--wd=${workdir}`, ...user, "--", ...command];
  const quoted = shellQuote(root);
  const inside = [
    "set -eu",
    `mount --bind ${quoted} ${quoted}`,
    `mount -o remount,bind,ro ${quoted}`,
    // The strictest /proc that docs/how-to/install.md supports.
    ...(proc ? [`mount -t proc -o hidepid=2 proc ${quoted}/proc`] : []),
    `touch "$1.entered"`,
    // Without exec: if unshare is killed, this shell ends, and its namespace with it.
    `env -i ${[...variables, ...unshare].map(shellQuote).join(" ")} && exit 0 || exit $?`,
  ].join("\n");
  const flags = "--mount --pid --fork --kill-child";
  await using script = await standIn(`exec unshare ${flags} sh -c ${shellQuote(inside)} sh "$0"`);
  const result = await runAzu([], { subject: script.subject });
  const entered = await Deno.stat(`${script.subject}.entered`).catch(() => undefined);
  if (entered === undefined || /^unshare: /m.test(result.stderr)) {
    throw new Error(`Cannot run anything in a chroot here: ${result.stderr}`);
  }
  return result;
}
