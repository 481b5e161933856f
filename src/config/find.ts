import { dirname, join, resolve } from "node:path";
import { isMissing, messageOf, UsageError } from "../core/errors.ts";

export const CONFIG_NAME = "azu.config.ts";

/** Names that people try, and that would otherwise be passed over in silence. */
const SIMILAR = ["js", "mjs", "cjs", "mts", "cts", "json"].map((end) => `azu.config.${end}`);

/**
 * The config file for a folder: the one of `--config`, or else the nearest azu.config.ts in the
 * folder or above it.
 * @param named The value of `--config`, relative to the folder.
 * @throws {UsageError} if there is something of that name that is not a file.
 */
export async function findConfig(folder: string, named?: string): Promise<string | undefined> {
  if (named === undefined) return await findUpward(folder, CONFIG_NAME, SIMILAR);
  const path = resolve(folder, named);
  if (named !== "" && await isFile(path)) return path;
  throw new UsageError(
    named === ""
      ? "--config needs a file, and got an empty text"
      : `The config file ${path} does not exist`,
    { hint: "Check what follows --config" },
  );
}

/**
 * The nearest file with a name, in a folder or above it.
 * @param similar Names of files that are not read, and are taken for a mistake.
 */
export async function findUpward(
  folder: string,
  name: string,
  similar: readonly string[] = [],
): Promise<string | undefined> {
  for (let current = folder;; current = dirname(current)) {
    const path = join(current, name);
    if (await isFile(path)) return path;
    const other = similar.find((other) => isThere(join(current, other)));
    if (other !== undefined) {
      throw new UsageError(`${join(current, other)} is not read: the config is ${name}`, {
        hint: `Rename it to ${name}; or pass --config ${other}`,
      });
    }
    if (dirname(current) === current) return undefined;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** @throws {UsageError} if it is something else, or a link to nothing. */
async function isFile(path: string): Promise<boolean> {
  try {
    if ((await Deno.stat(path)).isFile) return true;
  } catch (error) {
    if (!isMissing(error)) {
      throw new UsageError(`Cannot look for ${path}: ${messageOf(error)}`, { cause: error });
    }
    if (!isThere(path)) return false;
    throw new UsageError(`${path} is a link to a file that does not exist`, { cause: error });
  }
  throw new UsageError(`${path} is not a file`, {
    hint: "A container engine makes a folder of the name of a file that it cannot mount",
  });
}
