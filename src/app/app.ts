import { join } from "node:path";
import { isMissing, messageOf, OperationError } from "../core/errors.ts";
import { utf8Text } from "../core/text.ts";
import type { Initializer } from "./stated_store.ts";

export const INITIALIZER = "src/initializers/session.cr";
export const SHARD_FILE = "shard.yml";

/** Bytes. Files are read whole; a larger one is not source code. */
export const LARGEST_FILE = 4 << 20;

/** What the app's initializer says about its store. */
export async function readAppInitializer(root: string): Promise<Initializer | undefined> {
  const source = await readAppFile(root, INITIALIZER);
  if (source === undefined) return undefined;
  const { readInitializer } = await import("./initializer.ts");
  return readInitializer(source);
}

/**
 * A file of the app as text; undefined if it does not exist.
 * @param path Relative to the app's folder.
 */
export async function readAppFile(root: string, path: string): Promise<string | undefined> {
  const file = join(root, path);
  return await ifPresent(file, async () => {
    const { isFile, size } = await Deno.stat(file);
    if (!isFile) throw new Error("it is not a file");
    if (size > LARGEST_FILE) throw new Error("it is larger than 4 MiB");
    return utf8Text(await Deno.readFile(file));
  });
}

/**
 * What is read at a path; undefined if there is nothing.
 * @throws {OperationError} if it cannot be read.
 */
export async function ifPresent<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new OperationError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
