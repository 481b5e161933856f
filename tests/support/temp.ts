import { dirname, join, relative } from "node:path";
import { pollUntil } from "./poll.ts";

/** A folder that is removed, with everything in it, when it is disposed of. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
}

/** Creates an empty folder in the system's folder for temporary files. */
export async function tempDir(prefix = "azu-"): Promise<TempDir> {
  // Resolved, because tools report real paths and macOS's /var is a link.
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix }));
  return { path, [Symbol.asyncDispose]: () => removeTree(path) };
}

/**
 * Makes this process and those it starts put their temporary folders into one, which is removed
 * at the end: tests that are killed remove none of theirs.
 */
export async function scratchRoot(): Promise<TempDir> {
  const { path } = await tempDir("azu-tests-");
  // Open to every user, like /tmp, because PostgreSQL runs as another user.
  if (Deno.build.os !== "windows") await Deno.chmod(path, 0o1777);
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", path);
  const dispose = async () => {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    // The guards of servers whose tests were killed may still be writing and removing.
    await pollUntil(`to remove ${path}`, () => removeIdle(path));
  };
  return { path, [Symbol.asyncDispose]: dispose };
}

/** Removes a folder and everything in it, if it exists. */
export async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Removes a folder, unless another process adds files to it. */
async function removeIdle(path: string): Promise<boolean> {
  try {
    await removeTree(path);
    return true;
  } catch (error) {
    if (error instanceof Error && /not empty/i.test(error.message)) return false;
    throw error;
  }
}

/** Writes files, and creates their folders. The keys are paths relative to `root`. */
export async function writeTree(
  root: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else await Deno.writeFile(path, content);
  }
}

/**
 * Reads everything under `root`, keyed by path relative to it, in the order of the paths.
 * A file that isn't UTF-8 is `binary sha256:…`, a link is `link to …`, and an empty folder is the
 * key `path/` with the empty string, so that two equal results mean that nothing has changed.
 */
export async function readTree(root: string): Promise<Record<string, string>> {
  const entries: [string, string][] = [];
  await collect(root, root, entries);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function collect(root: string, folder: string, into: [string, string][]): Promise<void> {
  let empty = true;
  for await (const entry of Deno.readDir(folder)) {
    empty = false;
    const path = join(folder, entry.name);
    const key = relative(root, path);
    if (entry.isDirectory) await collect(root, path, into);
    else if (entry.isSymlink) into.push([key, `link to ${await Deno.readLink(path)}`]);
    else if (entry.isFile) into.push([key, await describe(await Deno.readFile(path))]);
    else into.push([key, "special file"]);
  }
  if (empty && folder !== root) into.push([`${relative(root, folder)}/`, ""]);
}

async function describe(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  try {
    // ignoreBOM keeps a byte order mark, which would otherwise vanish from the comparison.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return `binary sha256:${digest.toHex()}`;
  }
}
