/**
 * Writes the man pages: `./denow run -A scripts/man.ts <folder>`. One page for azu and one for each
 * command, made from the command line itself. The same source makes the same bytes.
 */
import { join } from "node:path";
import { loadCommands } from "../src/cli/run.ts";
import { newProgram } from "../src/cli/program.ts";
import { commandPage, programPage, type Release } from "./man/pages.ts";
import manifest from "../deno.json" with { type: "json" };

const ROOT = join(import.meta.dirname ?? ".", "..");

const [folder, ...more] = Deno.args;
if (folder === undefined || more.length > 0) {
  Deno.stderr.writeSync(new TextEncoder().encode("Usage: man <folder>\n"));
  Deno.exit(2);
}

const release: Release = { version: manifest.version, date: await dateOf() };
const program = newProgram({ stdout: silent(), stderr: silent() }, release.version);
const commands = await loadCommands(program);
await Deno.mkdir(folder, { recursive: true });
await write("azu", programPage(program, commands, release));
for (const command of commands) {
  const page = commandPage(program, command, commands, release);
  await write(`azu-${command.name().replace(":", "-")}`, page);
}

async function write(name: string, page: string): Promise<void> {
  await Deno.writeTextFile(join(folder ?? ".", `${name}.1`), page);
}

/** The day of the newest release in the changelog, or else of the commit. */
async function dateOf(): Promise<string> {
  const changelog = await Deno.readTextFile(join(ROOT, "CHANGELOG.md"));
  const [, released] = /^## .*(\d{4}-\d\d-\d\d)/m.exec(changelog) ?? [];
  if (released !== undefined) return released;
  const { success, stdout } = await new Deno.Command("git", {
    args: ["log", "-1", "--format=%cs"],
    cwd: ROOT,
  }).output();
  const date = new TextDecoder().decode(stdout).trim();
  if (success && date !== "") return date;
  throw new Error("CHANGELOG.md has no date, and there is no commit");
}

function silent() {
  return {
    isTerminal: false,
    isClosed: false,
    columns: () => undefined,
    rows: () => undefined,
    write: () => {},
  };
}
