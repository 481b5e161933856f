/** The pictures of the terminal show what azu prints today. */
import { strictEqual } from "node:assert/strict";
import { drawPictures } from "../../scripts/pictures/draw.ts";
import { needs } from "../support/env.ts";

Deno.test("the pictures in docs/public are current", needs("script"), async () => {
  for (const { path, svg } of await drawPictures()) {
    const kept = await Deno.readTextFile(path);
    strictEqual(kept, svg, `${path} is old: run \`./denow task pictures\``);
  }
});
