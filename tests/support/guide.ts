/** The examples in docs/guide.md. */
import { join } from "node:path";

const GUIDE = await Deno.readTextFile(join(import.meta.dirname ?? "", "../../docs/guide.md"));

export interface Recipe {
  /** The blocks of TypeScript: each is a config. */
  readonly configs: readonly string[];
  /** The arguments of the commands in the blocks of shell. None of them contains a blank. */
  readonly commands: readonly (readonly string[])[];
}

/** @param title The heading of a section. */
export function recipe(title: string): Recipe {
  const [, after] = GUIDE.split(`\n### ${title}\n`);
  const [section] = (after ?? "").split(/^#{2,3} /m);
  if (section === undefined || section === "") throw new Error(`There is no section ${title}`);
  const blocks = (language: string) => {
    const found = section.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"));
    return Array.from(found, ([, text = ""]) => text);
  };
  const lines = blocks("sh").join("").split("\n").filter((line) => line.startsWith("azu "));
  return { configs: blocks("ts"), commands: lines.map((line) => line.split(" ").slice(1)) };
}
