/**
 * Writes templates/azu.d.ts, the types that an editor gets for azu.config.ts, from the types of
 * src/mod.ts: `deno run -A scripts/types.ts`. With `--check` it only tells whether they agree.
 */
import { join } from "node:path";
import { generateTypes } from "./types/generate.ts";

const NAME = "templates/azu.d.ts";
const root = join(import.meta.dirname ?? ".", "..");
const path = join(root, NAME);

const text = await generateTypes(join(root, "src/mod.ts"));
if (!Deno.args.includes("--check")) {
  await Deno.writeTextFile(path, text);
} else if (await written() !== text) {
  await Deno.stderr.write(new TextEncoder().encode(
    `${NAME} is not what src/mod.ts says\nTry: deno run -A scripts/types.ts\n`,
  ));
  Deno.exit(1);
}

async function written(): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
