/** The Scoop manifest, for Windows. */
import { archiveFolder, archiveName, TARGETS } from "../targets.ts";
import { downloadUrl, PACKAGE, REPOSITORY, SUMMARY } from "./release.ts";

export const MANIFEST = `${PACKAGE}.json`;

/** @param hashes The SHA-256 hash of each archive, by its name. */
export function manifest(version: string, hashes: ReadonlyMap<string, string>): string {
  const windows = TARGETS.find(({ os }) => os === "win32");
  const name = windows && archiveName(version, windows);
  const hash = name && hashes.get(name);
  if (!windows || !name || !hash) throw new Error(`The manifest needs the hash of ${name}`);
  const next = "$version"; // which Scoop replaces to update the manifest
  const document = {
    version,
    description: SUMMARY,
    homepage: REPOSITORY,
    license: "MIT",
    architecture: {
      "64bit": {
        url: downloadUrl(version, name),
        hash,
        extract_dir: archiveFolder(version, windows),
      },
    },
    bin: "azu.exe",
    checkver: { github: REPOSITORY },
    autoupdate: {
      architecture: {
        "64bit": {
          url: downloadUrl(next, archiveName(next, windows)),
          extract_dir: archiveFolder(next, windows),
        },
      },
      hash: { url: "$baseurl/SHA256SUMS" },
    },
  };
  return `${JSON.stringify(document, null, 4)}\n`;
}
