/** Every command on the pages of the documentation works, and prints what the page shows. */
import { strictEqual } from "node:assert/strict";
import { isShown } from "./output.ts";
import { type Item, itemsOf, pages, readPage } from "./page.ts";
import { needsOf } from "./steps.ts";
import { World } from "./world.ts";

for (const page of pages()) {
  const items = itemsOf(readPage(page));
  const steps = items.flatMap((item) => item.kind === "steps" ? item.names : []);
  if (!items.some(({ kind }) => kind === "command")) continue;
  Deno.test(`docs/${page}: every command works`, needsOf(steps), () => follow(page, items));
}

/** Does what the page says, from top to bottom. */
async function follow(page: string, items: readonly Item[]): Promise<void> {
  await using world = await World.open();
  for (const item of items) {
    if (item.kind !== "command") {
      await world.take(item);
      continue;
    }
    const place = `docs/${page}:${item.line}: ${item.text}`;
    const { code, output } = await world.follow(item);
    strictEqual(code, item.code, `${place}\n${output}`);
    if (item.output === undefined || isShown(output, item.output)) continue;
    strictEqual(output.trimEnd(), item.output.join("\n"), place);
  }
}
