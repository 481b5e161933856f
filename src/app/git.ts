/** What git knows about a file of the app. azu runs no other program, so it reads git's own files. */
import { dirname, join, relative, resolve, sep } from "node:path";
import { utf8Text } from "../core/text.ts";
import { ifPresent, readAppFile } from "./app.ts";
import { GITIGNORE, type Ignored, ignores } from "./environment_files.ts";

/** A working tree of git. */
export interface WorkingTree {
  readonly root: string;
  /** The folder of its index. */
  readonly gitFolder: string;
}

/** The working tree that a folder is in; undefined if there is none. */
export async function workingTreeOf(folder: string): Promise<WorkingTree | undefined> {
  for (let root = folder;; root = dirname(root)) {
    const path = join(root, ".git");
    const found = await ifPresent(path, () => Deno.stat(path));
    if (found?.isDirectory) return { root, gitFolder: path };
    if (found?.isFile) {
      // Of a linked working tree or a submodule.
      const [, target] = /^gitdir: (.+)$/m.exec(utf8Text(await Deno.readFile(path))) ?? [];
      if (target !== undefined) return { root, gitFolder: resolve(root, target.trim()) };
    }
    if (dirname(root) === root) return undefined;
  }
}

/**
 * What the .gitignore files say about a file: that of its folder first, and then those above it in
 * the working tree. git has more such files, which are not read: `.git/info/exclude`, and the one of
 * the user.
 */
export async function ignoredIn(folder: string, name: string): Promise<Ignored> {
  const top = (await workingTreeOf(folder))?.root ?? folder;
  for (let current = folder;; current = dirname(current)) {
    const source = await readAppFile(current, GITIGNORE) ?? "";
    const said = ignores(source, pathIn(current, join(folder, name)));
    if (said !== "not mentioned" || current === top) return said;
  }
}

/** Whether git tracks a file, as its index says. `unknown`: the index has another format. */
export async function trackingOf(folder: string, name: string): Promise<boolean | "unknown"> {
  const tree = await workingTreeOf(folder);
  if (tree === undefined) return false;
  const path = pathIn(tree.root, join(folder, name));
  for (const file of await indexFiles(tree.gitFolder)) {
    const index = await ifPresent(file, () => Deno.readFile(file));
    if (index === undefined) continue;
    const version = versionOf(index);
    if (version !== 2 && version !== 3) return "unknown"; // 4 does not contain whole paths
    if (lists(index, path)) return true;
  }
  return false;
}

function pathIn(folder: string, path: string): string {
  return relative(folder, path).split(sep).join("/");
}

/** The index, and those that it shares its entries with. */
async function indexFiles(gitFolder: string): Promise<string[]> {
  const files = [join(gitFolder, "index")];
  await ifPresent(gitFolder, async () => {
    for await (const { name } of Deno.readDir(gitFolder)) {
      if (name.startsWith("sharedindex.")) files.push(join(gitFolder, name));
    }
  });
  return files;
}

function versionOf(index: Uint8Array): number {
  const isIndex = new TextDecoder().decode(index.subarray(0, 4)) === "DIRC" && index.length >= 12;
  return isIndex ? new DataView(index.buffer, index.byteOffset).getUint32(4) : 0;
}

/** Bits of the flags before a path: more flags follow, and the path's length. */
const EXTENDED = 0x4000;
const LENGTH = 0x0fff;

/** Whether an index lists a path. Before each path are its flags, and behind it is a zero byte. */
function lists(index: Uint8Array, path: string): boolean {
  const wanted = new TextEncoder().encode(`${path}\0`);
  const length = Math.min(wanted.length - 1, LENGTH);
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  for (let at = index.indexOf(0); at >= 0; at = index.indexOf(0, at + 1)) {
    const start = at + 1 - wanted.length;
    if (start < 16 || !wanted.every((byte, offset) => index[start + offset] === byte)) continue;
    const flags = view.getUint16(start - 2);
    const earlier = view.getUint16(start - 4);
    const isExtended = (earlier & EXTENDED) !== 0 && (earlier & LENGTH) === length;
    if ((flags & LENGTH) === length || isExtended) return true;
  }
  return false;
}
