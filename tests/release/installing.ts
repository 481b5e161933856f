/** A stand-in for azu, and what the tests of install.sh do with it. */
import { join } from "node:path";
import { type Entry, tarGz } from "../../scripts/package/archive.ts";
import { sha256 } from "../../scripts/package/sums.ts";
import { which } from "../support/servers/programs.ts";
import { type TempDir, tempDir, writeTree } from "../support/temp.ts";

export const script = join(import.meta.dirname ?? "", "../../install.sh");

/** What the stand-in says of itself. */
export const version = "azu 0.1.0 (0123abc, a stand-in)";
export const standIn = `#!/bin/sh\n[ "$*" = --version ] && echo "${version}"\n`;

/** The name of the stand-in as an executable, and in an archive. */
export const asset = `azu-${Deno.build.target}`;
export const archived = `azu-0.1.0-${Deno.build.target}.tar.gz`;

export type Env = Readonly<Record<string, string>>;

const encoder = new TextEncoder();

/** The hash of a file with this content. */
export function hashOf(content: string): Promise<string> {
  return sha256(encoder.encode(content));
}

/** An archive like that of a release, with these files. */
export function archiveOf(files: Env): Promise<Uint8Array<ArrayBuffer>> {
  const folder = archived.replace(".tar.gz", "");
  const entries = Object.entries(files).map(([path, text]): Entry => ({
    path: `${folder}/${path}`,
    bytes: encoder.encode(text),
    executable: path === "azu",
  }));
  return tarGz(entries, 0);
}

/**
 * A temporary folder with a stand-in for azu, its hash and these files. Those in `tools/` become
 * programs.
 */
export async function scratch(
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<TempDir> {
  const folder = await tempDir("azu install ");
  const SHA256SUMS = `${await hashOf(standIn)}  ${asset}\n`;
  await writeTree(folder.path, { [asset]: standIn, SHA256SUMS, ...files });
  await Deno.mkdir(join(folder.path, "tmp"));
  await Deno.mkdir(join(folder.path, "tools"), { recursive: true });
  for (const name of Object.keys(files)) {
    if (name.startsWith("tools/")) await Deno.chmod(join(folder.path, name), 0o755);
  }
  return folder;
}

/** Links these programs into `tools/`, for a PATH with nothing else. */
export async function linkTools(folder: TempDir, names: readonly string[]): Promise<string> {
  const bin = join(folder.path, "tools");
  for (const name of names) await Deno.symlink(which(name) ?? "", join(bin, name));
  return bin;
}

/** Runs a shell with these arguments. */
export async function runIn(cwd: string, args: readonly string[], env: Env, shell = "sh") {
  const { code, stdout, stderr } = await new Deno.Command(which(shell) ?? shell, {
    args: [...args],
    cwd,
    clearEnv: true,
    stdin: "null",
    env: { PATH: Deno.env.get("PATH") ?? "", TMPDIR: join(cwd, "tmp"), ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
