/** The pages of docs/reference/ that have generated blocks. */
import { join } from "node:path";
import { withBlocks } from "./blocks.ts";
import { checksTable } from "./checks.ts";
import { commandPages } from "./commands.ts";
import { configTables } from "./config.ts";

export interface Page {
  readonly written: string;
  /** What it would be after `./denow task reference`. */
  readonly wanted: string;
}

/**
 * @param root The folder of the repository.
 * @returns the pages by their path.
 * @throws if a page is missing, or lacks a block.
 */
export async function referencePages(root: string): Promise<Map<string, Page>> {
  const blocks = await commandPages();
  const doctor = "commands/session-doctor.md";
  blocks.set(doctor, new Map([...blocks.get(doctor) ?? [], ["checks", checksTable()]]));
  blocks.set("config.md", configTables(root));
  const pages = new Map<string, Page>();
  for (const [file, generated] of blocks) {
    const name = `docs/reference/${file}`;
    const written = await read(root, name);
    pages.set(name, { written, wanted: withBlocks(written, name, generated) });
  }
  return pages;
}

async function read(root: string, name: string): Promise<string> {
  try {
    return await Deno.readTextFile(join(root, name));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`There is no page ${name}: write it, like those beside it`, { cause: error });
  }
}
