/** The Crystal files of an app. */
import { join, relative } from "node:path";
import { LARGEST_FILE } from "../app.ts";
import { messageOf, OperationError } from "../../core/errors.ts";
import type { SourceFile } from "./main_file.ts";

/** Source files that are looked at: an app has hundreds at most. */
const MOST_FILES = 10_000;

/**
 * The files below `src/`, links not followed, to be looked at only: what is not UTF-8 in them comes
 * out changed. Files that are too large to be source are left out.
 * @throws {OperationError} where one cannot be read.
 */
export async function* sourceFiles(root: string): AsyncGenerator<SourceFile> {
  let seen = 0;
  for await (const path of crystalFiles(join(root, "src"))) {
    if (++seen > MOST_FILES) return;
    const source = await reading(path, async () => {
      const { size } = await Deno.stat(path);
      return size > LARGEST_FILE ? undefined : await Deno.readTextFile(path);
    });
    if (source === undefined) continue;
    yield { path: relative(root, path).replaceAll("\\", "/"), source };
  }
}

async function* crystalFiles(folder: string): AsyncGenerator<string> {
  const entries = await reading(folder, () => Array.fromAsync(Deno.readDir(folder))) ?? [];
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* crystalFiles(path);
    else if (entry.isFile && entry.name.endsWith(".cr")) yield path;
  }
}

/** What is gone, or no folder, holds no source. */
async function reading<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw new OperationError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
