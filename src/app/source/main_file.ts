/** The app's main file, which is compiled, or which its server requires. */
import { INITIALIZER, readAppFile, SHARD_FILE } from "../app.ts";
import { shardName } from "../shard_name.ts";

/** A Crystal file of the app. */
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
  const name = shard === undefined ? undefined : shardName(shard);
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

/** `azu new` accepts either spelling, and `crystal init` converts it. */
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
