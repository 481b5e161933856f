/** The declarations that CI compiles against say of the shards what is true of them. */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { compile, DECLARATIONS, realShards } from "./compiler.ts";

const source = join(import.meta.dirname ?? ".", "stubs_check/main.cr");

Deno.test("what is declared of the shards compiles against the declarations", async () => {
  strictEqual(await compile({ source, shards: [DECLARATIONS] }), undefined);
});

Deno.test("what is declared of the shards compiles against the shards", async () => {
  strictEqual(await compile({ source, shards: [realShards()] }), undefined);
});
