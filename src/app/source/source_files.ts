/** The Crystal files of an app, and its main file, which is compiled or required by its server. */
import { ifPresent, INITIALIZER, LARGEST_FILE, readAppFile, SHARD_FILE } from "../app.ts";
import { nameInShard } from "../shard_name.ts";
import { join, relative } from "node:path";

export interface SourceFile {
  /** Relative to the app's folder, with `/`. */
  readonly path: string;
  readonly source: string;
}

/** No file system accepts a longer name. */
const LONGEST_NAME = 200;

/**
 * `src/<app>.cr`, with the app's name from the config or shard.yml, or else the first existing
 * `main:` of the `targets:` in shard.yml.
 * @throws {OperationError} if it cannot be read.
 */
export async function mainFile(root: string, app: string): Promise<SourceFile | undefined> {
  const shard = await readAppFile(root, SHARD_FILE);
  const name = shard === undefined ? undefined : await nameInShard(shard);
  const byName = [app, ...(name === undefined ? [] : [name])].flatMap(spellings);
  const found = await firstOf(root, byName.map((spelling) => `src/${spelling}.cr`));
  if (found !== undefined || shard === undefined) return found;
  const { shardMains } = await import("../shard.ts");
  return await firstOf(root, shardMains(shard).filter(isInside));
}

/** The path with which a file of the app requires the initializer. */
export function initializerFrom(path: string): string {
  const target = INITIALIZER.replace(/\.cr$/, "").split("/");
  const folder = path.split("/").slice(0, -1);
  while (folder.length > 0 && folder[0] === target[0]) {
    folder.shift();
    target.shift();
  }
  const up = folder.map(() => "../").join("");
  return `${up === "" ? "./" : up}${target.join("/")}`;
}

/** A name may have `-` or `_`: `azu new` accepts both, and `crystal init` converts them. */
function spellings(name: string): string[] {
  const isName = /^[^/\\\p{Cc}]+$/u.test(name) &&
    new TextEncoder().encode(name).length <= LONGEST_NAME;
  if (!isName) return [];
  return [name, name.replaceAll("-", "_"), name.replaceAll("_", "-")];
}

async function firstOf(root: string, paths: readonly string[]): Promise<SourceFile | undefined> {
  for (const path of new Set(paths)) {
    const source = await readAppFile(root, path);
    if (source !== undefined) return { path, source };
  }
}

/** Whether a path in shard.yml is a Crystal file in the app's folder, and not one of ours. */
function isInside(path: string): boolean {
  const parts = path.split("/");
  return path !== INITIALIZER && path.endsWith(".cr") && path.length <= LONGEST_NAME &&
    !/[\\\p{Cc}]/u.test(path) &&
    !parts.some((part) => part === "" || part === "." || part === "..");
}

/** The most source files that are read. A real app has hundreds. */
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
