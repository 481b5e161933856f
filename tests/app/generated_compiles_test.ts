/**
 * What setup writes compiles, in an app that uses all of it. The shards are declared in
 * tests/crystal/shards, which `./denow task test:crystal` holds against the real ones.
 */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { layOut, setUp } from "../crystal/app.ts";
import { compile, DECLARATIONS, STAND_INS } from "../crystal/compiler.ts";
import { allVariants, configOf, configOfPair, type Variant } from "../crystal/variants.ts";
import { needs } from "../support/env.ts";
import { tempDir } from "../support/temp.ts";

/** Every store, and every two. */
function combinations(): Variant[][] {
  const variants = allVariants();
  return variants.flatMap((variant, at) => [
    [variant],
    ...variants.slice(at + 1).map((other) => [variant, other]),
  ]);
}

Deno.test("what setup writes compiles, for every two stores", needs("crystal"), async () => {
  await using folder = await tempDir();
  const waiting = combinations();
  const complaints: Record<string, string | undefined> = {};
  // Two at a time: a compiler takes a processor.
  const compileNext = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [variant, other] = next;
      if (variant === undefined) continue;
      const name = next.map(({ name }) => name).join("_");
      const root = join(folder.path, name);
      const config = other === undefined ? configOf(variant) : configOfPair(variant, other);
      await layOut(root, config, next.map(({ driver }) => driver));
      await setUp(root, other === undefined ? variant.engine : undefined);
      complaints[name] = await compile({
        source: join(root, "src/server.cr"),
        shards: [STAND_INS, DECLARATIONS],
      });
    }
  };
  await Promise.all([compileNext(), compileNext()]);
  for (const [name, complaint] of Object.entries(complaints)) {
    strictEqual(complaint, undefined, `${name}: ${complaint}`);
  }
  strictEqual(Object.keys(complaints).length, 21);
});

Deno.test("what setup writes compiles, for every type of user", needs("crystal"), async () => {
  const variant = allVariants().find(({ name }) => name === "sqlite");
  if (variant === undefined) throw new Error("no variant");
  const idOf = { uuid: 'UUID.new(params["user"])', string: 'params["user"]' };
  for (const [type, id] of Object.entries(idOf)) {
    await using folder = await tempDir();
    const config = configOf(variant).replace("session: {", `session: { user: { type: "${type}" },`);
    await layOut(folder.path, config, [variant.driver]);
    for (const name of ["visitor", "store"]) {
      const endpoint = join(folder.path, `src/endpoints/${name}.cr`);
      const source = await Deno.readTextFile(endpoint);
      const changed = source.replace('params["user"].to_i64', id)
        .replace("of Int64", `of ${type === "uuid" ? "UUID" : "String"}`);
      await Deno.writeTextFile(endpoint, changed);
    }
    await setUp(folder.path, variant.engine);
    const complaint = await compile({
      source: join(folder.path, "src/server.cr"),
      shards: [STAND_INS, DECLARATIONS],
    });
    strictEqual(complaint, undefined, `${type}: ${complaint}`);
  }
});
