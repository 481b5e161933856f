/**
 * Writes what the commands print into pages: `./denow run -A tests/docs/update.ts docs/tutorial.md`.
 * Only outputs that differ are written. Where the page leaves out lines, the difference is printed.
 */
import { printNote } from "../support/output.ts";
import { startShared } from "../support/servers/shared.ts";
import { isShown } from "./output.ts";
import { type Command, itemsOf } from "./page.ts";
import { World } from "./world.ts";

async function update(path: string): Promise<void> {
  const page = await Deno.readTextFile(path);
  const printed: [Command, string][] = [];
  await using world = await World.open();
  for (const item of itemsOf(page)) {
    if (item.kind !== "command") {
      await world.take(item);
      continue;
    }
    const { code, output } = await world.follow(item);
    if (code !== item.code) printNote(`${path}:${item.line}: exit code ${code}\n${output}`);
    if (item.output === undefined || isShown(output, item.output)) continue;
    if (item.output.includes("…")) printNote(`${path}:${item.line}: prints\n${output}`);
    else printed.push([item, output]);
  }
  const lines = page.split("\n");
  for (const [{ line, output = [] }, text] of printed.reverse()) {
    const indent = /^\s*/.exec(lines[line - 1] ?? "")?.[0] ?? "";
    const shown = text.trimEnd().split("\n").map((each) => `${indent}${each}`.trimEnd());
    lines.splice(line, output.length, ...shown);
  }
  await Deno.writeTextFile(path, lines.join("\n"));
}

const { signal } = new AbortController();
await using _services = await startShared(signal);
for (const path of Deno.args) await update(path);
