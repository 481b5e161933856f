import { dirname, join, resolve } from "node:path";
import { isMissing, messageOf, UsageError } from "../core/errors.ts";

export const CONFIG_NAME = "azu.config.ts";

/**
 * The config file for a folder: the one of `--config`, or else the nearest azu.config.ts in the
 * folder or above it.
 * @param named The value of `--config`, relative to the folder.
 * @throws {UsageError} if the named file is missing, or a found one belongs to another user.
 */
export async function findConfig(folder: string, named?: string): Promise<string | undefined> {
  if (named !== undefined) return await namedConfig(resolve(folder, named));
  const path = await findUpward(folder, CONFIG_NAME);
  if (path !== undefined && dirname(path) !== folder) await checkOwner(path, folder);
  return path;
}

/** The nearest file with a name, in a folder or above it. */
export async function findUpward(folder: string, name: string): Promise<string | undefined> {
  for (let current = folder;; current = dirname(current)) {
    const path = join(current, name);
    if (await isFile(path)) return path;
    if (dirname(current) === current) return undefined;
  }
}

async function namedConfig(path: string): Promise<string> {
  if (await isFile(path)) return path;
  throw new UsageError(`The config file ${path} does not exist`, {
    hint: "Check the path after --config",
  });
}

/**
 * A config is code. One above the working folder must belong to the folder's owner or to root.
 * Otherwise, anybody could place one in a shared folder such as /tmp.
 */
async function checkOwner(path: string, folder: string): Promise<void> {
  const [config, working] = await Promise.all([Deno.stat(path), Deno.stat(folder)]);
  if (config.uid === null || config.uid === 0 || config.uid === working.uid) return;
  throw new UsageError(`${path} belongs to a different user than ${folder}, and was not run`, {
    hint: `Pass --config ${path} to run it anyway`,
  });
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (isMissing(error)) return false;
    throw new UsageError(`Cannot look for ${path}: ${messageOf(error)}`, { cause: error });
  }
}
