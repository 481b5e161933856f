/** The generated blocks of a page, between `<!-- generated: name -->` and `<!-- end -->`. */

const BLOCK = /^<!-- generated: (.+) -->\n[^]*?^<!-- end -->$/gm;

/**
 * The page with the blocks as they should be.
 * @param name What the page is called in errors.
 * @param blocks The text of each block, by its name. The page must have all of them.
 */
export function withBlocks(
  page: string,
  name: string,
  blocks: ReadonlyMap<string, string>,
): string {
  const there = Array.from(page.matchAll(BLOCK), ([, block = ""]) => block);
  const unknown = there.find((block) => !blocks.has(block));
  if (unknown !== undefined) throw new Error(`${name}: nothing generates the block ${unknown}`);
  const missing = [...blocks.keys()].find((block) => !there.includes(block));
  if (missing !== undefined) {
    throw new Error(`${name} lacks a block: <!-- generated: ${missing} --> … <!-- end -->`);
  }
  return page.replace(BLOCK, (_, block: string) => {
    return `<!-- generated: ${block} -->\n\n${blocks.get(block)}\n\n<!-- end -->`;
  });
}
