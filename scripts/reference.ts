/**
 * Rewrites the generated blocks of docs/reference/ from the command line and the config's schema:
 * `./denow task reference`.
 */
import { join } from "node:path";
import { referencePages } from "./reference/pages.ts";

const root = join(import.meta.dirname ?? ".", "..");
for (const [name, { written, wanted }] of await referencePages(root)) {
  if (written === wanted) continue;
  await Deno.writeTextFile(join(root, name), wanted);
  await Deno.stdout.write(new TextEncoder().encode(`Updated ${name}\n`));
}
