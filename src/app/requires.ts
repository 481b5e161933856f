import { join, relative } from "node:path";
import { messageOf, OperationError } from "../core/errors.ts";
import { INITIALIZER } from "./app.ts";
import { requiresOf } from "./initializer.ts";

/** Source files that are looked at: an app has hundreds at most. */
const MOST_FILES = 10_000;

/** The initializer without its ending, as a require names it. */
const TARGET = INITIALIZER.replace(/\.cr$/, "");

/** Whether any file of the app requires the session initializer, by name or by glob. */
export async function requiresInitializer(root: string): Promise<boolean> {
  let seen = 0;
  for await (const path of crystalFiles(join(root, "src"))) {
    if (++seen > MOST_FILES) return false;
    const source = await Deno.readTextFile(path);
    if (!source.includes("require")) continue;
    const folder = relative(root, join(path, "..")).replaceAll("\\", "/");
    if (requiresOf(source).some((required) => names(folder, required))) return true;
  }
  return false;
}

/** Whether a relative require in a file of the folder means the initializer. */
function names(folder: string, required: string): boolean {
  if (!/^\.\.?\//.test(required)) return false;
  const path = join(folder, required).replaceAll("\\", "/");
  if (path.endsWith("/**")) return TARGET.startsWith(path.slice(0, -2));
  if (path.endsWith("/*")) return TARGET.replace(/[^/]*$/, "*") === path;
  return path === TARGET || path === INITIALIZER;
}

async function* crystalFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* crystalFiles(path);
    else if (entry.isFile && entry.name.endsWith(".cr")) yield path;
  }
}

async function* entriesOf(folder: string): AsyncGenerator<Deno.DirEntry> {
  try {
    yield* Deno.readDir(folder);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return;
    }
    throw new OperationError(`Cannot read ${folder}: ${messageOf(error)}`, { cause: error });
  }
}
