/**
 * Archives. The same entries give the same bytes: entries are in the order of their names, belong to
 * user 0, and have one time.
 */
import { gzipSync } from "node:zlib";
import { type Zippable, zipSync } from "fflate";
import { packTar, type TarEntry } from "modern-tar";

/** A file in an archive. */
export interface Entry {
  /** The path in the archive, with `/` between folders. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it is a program. */
  readonly executable?: boolean;
}

/** @param time When all entries were made, in seconds since 1970. */
export async function tarGz(
  entries: readonly Entry[],
  time: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const common = { mtime: new Date(time * 1000), uid: 0, gid: 0, uname: "root", gname: "root" };
  const folders = foldersOf(entries).map((path): TarEntry => ({
    header: { ...common, name: `${path}/`, type: "directory", size: 0, mode: 0o755 },
  }));
  const files = entries.map((entry): TarEntry => ({
    header: {
      ...common,
      name: entry.path,
      type: "file",
      size: entry.bytes.length,
      mode: modeOf(entry),
    },
    body: entry.bytes,
  }));
  const sorted = [...folders, ...files].sort((a, b) => compare(a.header.name, b.header.name));
  return new Uint8Array(gzipSync(await packTar(sorted), { level: 9 }));
}

/** @param time As in {@linkcode tarGz}. A zip file stores it in steps of two seconds. */
export function zip(entries: readonly Entry[], time: number): Uint8Array {
  // The format has local times, and the library uses the time zone of this machine. This date shows
  // there what the clock showed in UTC.
  const utc = new Date(time * 1000);
  const mtime = new Date(utc.getTime() + utc.getTimezoneOffset() * 60_000);
  const content: Zippable = {};
  for (const entry of [...entries].sort((a, b) => compare(a.path, b.path))) {
    // System 3 is Unix. The upper half of the attributes is the mode of a regular file.
    const attrs = (0o100000 | modeOf(entry)) * 0x10000;
    content[entry.path] = [entry.bytes, { level: 9, mtime, os: 3, attrs }];
  }
  return zipSync(content);
}

function modeOf(entry: Entry): number {
  return entry.executable ? 0o755 : 0o644;
}

/** All folders that contain the entries. */
function foldersOf(entries: readonly Entry[]): string[] {
  const folders = new Set<string>();
  for (const { path } of entries) {
    const parts = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) {
      folders.add(parts.slice(0, depth).join("/"));
    }
  }
  return [...folders];
}

/** Not localeCompare, which depends on the machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
