/** The Crystal files of an app. */
import { join, relative } from "node:path";
import { ifPresent, LARGEST_FILE } from "../app.ts";
import type { SourceFile } from "./main_file.ts";

/** Source files that are read at most. An app has hundreds. */
const MOST_FILES = 10_000;

/**
 * The files below `src/`, without following links. Do not write them back: bytes that are not UTF-8
 * are replaced. Files that are too large to be source code are skipped.
 * @throws {OperationError} if one cannot be read.
 */
export async function* sourceFiles(root: string): AsyncGenerator<SourceFile> {
  let seen = 0;
  for await (const path of crystalFiles(join(root, "src"))) {
    if (++seen > MOST_FILES) return;
    const source = await ifPresent(path, async () => {
      const { size } = await Deno.stat(path);
      return size > LARGEST_FILE ? undefined : await Deno.readTextFile(path);
    });
    if (source === undefined) continue;
    yield { path: relative(root, path).replaceAll("\\", "/"), source };
  }
}

async function* crystalFiles(folder: string): AsyncGenerator<string> {
  const entries = await ifPresent(folder, () => Array.fromAsync(Deno.readDir(folder))) ?? [];
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* crystalFiles(path);
    else if (entry.isFile && entry.name.endsWith(".cr")) yield path;
  }
}
