/** The files that every archive contains, besides the executable and the notices. */
import { join } from "node:path";
import { run } from "../compile/process.ts";
import { permissionFlags } from "../permissions.ts";
import type { Entry } from "./archive.ts";

/** The completion scripts: how azu calls the shell, and the usual name of the file. */
const COMPLETIONS = [
  ["bash", "azu.bash"],
  ["zsh", "_azu"],
  ["fish", "azu.fish"],
  ["powershell", "azu.ps1"],
] as const;

/** Licence, README, completions and man pages. The program itself writes the last two. */
export async function commonFiles(root: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of ["LICENSE", "README.md"]) {
    entries.push({ path: name, bytes: await Deno.readFile(join(root, name)) });
  }
  const runAzu = ["run", "--quiet", ...permissionFlags, "main.ts"];
  for (const [shell, name] of COMPLETIONS) {
    const script = await run(Deno.execPath(), [...runAzu, "completion", shell], { cwd: root });
    entries.push({ path: `completions/${name}`, bytes: new TextEncoder().encode(script) });
  }
  return [...entries, ...await manPages(root)];
}

async function manPages(root: string): Promise<Entry[]> {
  const folder = await Deno.makeTempDir({ prefix: "azu-man-" });
  try {
    const script = ["run", "--quiet", "--allow-all", "scripts/man.ts", folder];
    await run(Deno.execPath(), script, { cwd: root });
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
    return await Promise.all(names.map(async (name) => ({
      path: `man/man1/${name}`,
      bytes: await Deno.readFile(join(folder, name)),
    })));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
