/** What all files of a release have in common. */

export interface Release {
  readonly version: string;
  /** The time of the commit, in seconds since 1970. All files in archives have it. */
  readonly time: number;
}

export const REPOSITORY = "https://github.com/azutoolkit/azu-sessions";

/** The name in package managers. "azu" alone is the framework's. */
export const PACKAGE = "azu-sessions";

/** In one line, without a full stop, as package managers want it. */
export const SUMMARY = "Set up, list and clear the sessions of Azu web apps";

/** The SHA-256 hashes of the archives, by their names. */
export type Hashes = ReadonlyMap<string, string>;

/** @throws {Error} if there is none. */
export function hashOf(archive: string, hashes: Hashes): string {
  const hash = hashes.get(archive);
  if (hash === undefined) throw new Error(`There is no hash of ${archive}`);
  return hash;
}

/** Where a file of the release is downloaded from. */
export function downloadUrl(version: string, file: string): string {
  return `${REPOSITORY}/releases/download/v${version}/${file}`;
}
