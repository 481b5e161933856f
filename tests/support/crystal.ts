import { strictEqual } from "node:assert/strict";
import { service } from "./env.ts";
import { tempDir, writeTree } from "./temp.ts";

/** Fails where Crystal's own formatter would change any of the sources, or cannot read it. */
export async function assertFormatted(sources: Readonly<Record<string, string>>): Promise<void> {
  await using folder = await tempDir();
  const files = Object.entries(sources).map(([name, source], index) => [
    `${index} ${name.replaceAll("/", " ")}.cr`,
    source,
  ]);
  await writeTree(folder.path, Object.fromEntries(files));
  const { success, stderr } = await new Deno.Command(service("crystal"), {
    args: ["tool", "format", "--check", folder.path],
  }).output();
  strictEqual(success, true, new TextDecoder().decode(stderr));
}
