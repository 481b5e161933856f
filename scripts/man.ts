/**
 * Writes the man pages: `./denow run -A scripts/man.ts <folder>`. One page for azu and one for each
 * command, made from the command line itself. The same source makes the same bytes.
 */
import { join } from "node:path";
import manifest from "../deno.json" with { type: "json" };
import { loadCommandLine } from "./command_line.ts";
import { run, say } from "./compile/process.ts";
import { commandPage, manName, programPage, type Release } from "./man/pages.ts";

const ROOT = join(import.meta.dirname ?? ".", "..");

const [folder, ...more] = Deno.args;
if (folder === undefined || more.length > 0) {
  say("Usage: man <folder>");
  Deno.exit(2);
}

const release: Release = { version: manifest.version, date: await dateOfRelease() };
const line = await loadCommandLine();
await Deno.mkdir(folder, { recursive: true });
await Deno.writeTextFile(join(folder, "azu.1"), programPage(line, release));
for (const named of line.commands) {
  const path = join(folder, `${manName(named)}.1`);
  await Deno.writeTextFile(path, commandPage(named, line, release));
}

/** The day of the newest release in the changelog, or else of the commit. */
async function dateOfRelease(): Promise<string> {
  const changelog = await Deno.readTextFile(join(ROOT, "CHANGELOG.md"));
  const [, released] = /^## .*(\d{4}-\d\d-\d\d)/m.exec(changelog) ?? [];
  if (released !== undefined) return released;
  const date = (await run("git", ["log", "-1", "--format=%cs"], { cwd: ROOT })).trim();
  if (date === "") throw new Error("CHANGELOG.md has no date, and there is no commit");
  return date;
}
