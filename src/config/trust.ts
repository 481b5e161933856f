/** Refuses files that a stranger could have put where azu looks for them. */
import { dirname } from "node:path";
import { isMissing, UsageError } from "../core/errors.ts";

/**
 * A config is code, and the app's files choose the server and the keys. So each must belong to root,
 * to the user who runs azu, or to the owner of the folder it is in, if others may not write there.
 * Above the working folder, it may also belong to the owner of the working folder.
 * @param me The user's id; null where the system has none.
 * @throws {UsageError} that names the first file that belongs to somebody else.
 */
export async function checkTrusted(
  paths: readonly string[],
  working: string,
  me: number | null,
): Promise<void> {
  for (const path of paths) {
    if (!await isForeign(path, working, me)) continue;
    throw new UsageError(`${path} belongs to another user, and was not used`, {
      hint: "Somebody else may have put it there. Work in a folder that only its owner can write " +
        "to, or make the file your own (chown)",
    });
  }
}

async function isForeign(path: string, working: string, me: number | null): Promise<boolean> {
  const owner = await ownerOf(path);
  if (owner === null || owner === 0 || owner === me) return false;
  const folder = await Deno.stat(dirname(path));
  const isShared = ((folder.mode ?? 0) & 0o002) !== 0;
  if (owner === folder.uid && !isShared) return false;
  return dirname(path) === working || owner !== (await Deno.stat(working)).uid;
}

/** Of a link, the owner of the link itself. */
async function ownerOf(path: string): Promise<number | null> {
  try {
    return (await Deno.lstat(path)).uid;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
