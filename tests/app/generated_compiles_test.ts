/**
 * What setup writes compiles, in an app that uses all of it. The shards are declared in
 * tests/crystal/shards, which `./denow task test:crystal` holds against the real ones.
 */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { layOut, setUp } from "../crystal/app.ts";
import { compile, DECLARATIONS, STAND_INS } from "../crystal/compiler.ts";
import { allVariants } from "../crystal/variants.ts";
import { needs } from "../support/env.ts";
import { tempDir } from "../support/temp.ts";

Deno.test("what setup writes compiles, for every store", needs("crystal"), async () => {
  await using folder = await tempDir();
  const waiting = [...allVariants()];
  const complaints: Record<string, string | undefined> = {};
  // Two at a time: a compiler takes a processor.
  const compileNext = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const root = join(folder.path, next.name);
      await layOut(next, root);
      await setUp(next, root);
      complaints[next.name] = await compile({
        source: join(root, "src/server.cr"),
        shards: [STAND_INS, DECLARATIONS],
      });
    }
  };
  await Promise.all([compileNext(), compileNext()]);
  for (const [name, complaint] of Object.entries(complaints)) {
    strictEqual(complaint, undefined, `${name}: ${complaint}`);
  }
  strictEqual(Object.keys(complaints).length, allVariants().length);
});
