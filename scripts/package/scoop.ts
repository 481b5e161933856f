/** The Scoop manifest, for Windows. */
import { archiveFolder, archiveName, programName, targetFor } from "../targets.ts";
import { downloadUrl, type Hashes, hashOf, PACKAGE, REPOSITORY, SUMMARY } from "./release.ts";

export const MANIFEST = `${PACKAGE}.json`;

/** @throws {Error} if the hash of the archive is missing. */
export function manifest(version: string, hashes: Hashes): string {
  const windows = targetFor("win32", "x64");
  const name = archiveName(version, windows);
  const next = "$version"; // which Scoop replaces to update the manifest
  const document = {
    version,
    description: SUMMARY,
    homepage: REPOSITORY,
    license: "MIT",
    architecture: {
      "64bit": {
        url: downloadUrl(version, name),
        hash: hashOf(name, hashes),
        extract_dir: archiveFolder(version, windows),
      },
    },
    bin: programName(windows),
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
