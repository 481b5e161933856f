import { join } from "node:path";
import { messageOf, OperationError } from "../core/errors.ts";
import { type Initializer, readInitializer } from "./initializer.ts";

export const INITIALIZER = "src/initializers/session.cr";
export const SHARD_FILE = "shard.yml";

/** The files of an app are read whole; one larger than this is not source. */
const LARGEST_FILE = 4 << 20;

/** The store that an app was built with, as its initializer tells. */
export async function readAppInitializer(root: string): Promise<Initializer | undefined> {
  const source = await readAppFile(root, INITIALIZER);
  return source === undefined ? undefined : readInitializer(source);
}

/**
 * A file of the app as text; undefined where it does not exist.
 * @param path Relative to the app's folder.
 */
export async function readAppFile(root: string, path: string): Promise<string | undefined> {
  const file = join(root, path);
  try {
    if ((await Deno.stat(file)).size > LARGEST_FILE) throw new Error("larger than 4 MiB");
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw new OperationError(`Cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}
