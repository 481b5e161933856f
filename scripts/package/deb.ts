/** The `.deb` for Debian and Ubuntu, built by dpkg-deb. */
import { hash } from "node:crypto";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { run } from "../compile/process.ts";
import type { Target } from "../targets.ts";
import type { Entry } from "./archive.ts";
import type { License } from "./license.ts";
import { PACKAGE, type Release, REPOSITORY, SUMMARY } from "./release.ts";

const MAINTAINER = "the azu authors <azu-sessions@users.noreply.github.com>";

const DOCS = `usr/share/doc/${PACKAGE}`;

/** Where Debian keeps what the archive has in these places. */
const PLACES: readonly (readonly [archive: RegExp, debian: string])[] = [
  [/^azu$/, "usr/bin/azu"],
  [/^completions\/azu\.bash$/, "usr/share/bash-completion/completions/azu"],
  [/^completions\/_azu$/, "usr/share/zsh/vendor-completions/_azu"],
  [/^completions\/azu\.fish$/, "usr/share/fish/vendor_completions.d/azu.fish"],
  [/^man\/man1\/(.+)$/, "usr/share/man/man1/$1.gz"],
  [/^THIRD_PARTY_NOTICES\.txt$/, `${DOCS}/THIRD_PARTY_NOTICES.txt`],
];

/** What lintian would report as an error, and why it is right here. */
const OVERRIDES =
  `# The executable is the runtime that Deno publishes, with its own copies of libraries.
${PACKAGE}: embedded-library *
`;

/** The version as Debian orders it: 0.2.0~rc.1 is older than 0.2.0. */
export function debianVersion(version: string): string {
  return version.replace("-", "~");
}

/** The name of the file. It has azu's own version, because GitHub would change a "~". */
export function debName(version: string, target: Target): string {
  return `${PACKAGE}_${version}_${target.debian}.deb`;
}

/**
 * Builds the package.
 * @param entries What the archive contains, without its top folder.
 * @param output The path of the new file.
 */
export async function buildDeb(
  { release, target, entries, license, output }: {
    readonly release: Release;
    readonly target: Target;
    readonly entries: readonly Entry[];
    readonly license: License;
    readonly output: string;
  },
): Promise<void> {
  const files = new Map<string, Entry>();
  for (const entry of entries) {
    const [from, to] = PLACES.find(([archive]) => archive.test(entry.path)) ?? [];
    if (from === undefined || to === undefined) continue;
    const path = entry.path.replace(from, to);
    files.set(path, path.endsWith(".gz") ? { ...entry, bytes: compressed(entry.bytes) } : entry);
  }
  const add = (path: string, bytes: Uint8Array<ArrayBuffer>) => files.set(path, { path, bytes });
  const encoder = new TextEncoder();
  add(`usr/share/lintian/overrides/${PACKAGE}`, encoder.encode(OVERRIDES));
  add(`${DOCS}/copyright`, encoder.encode(copyrightFile(license)));
  add(`${DOCS}/changelog.gz`, compressed(encoder.encode(changelog(release))));
  const sums: string[] = [];
  let installedBytes = 0;
  for (const [path, { bytes }] of files) {
    sums.push(`${hash("md5", bytes)}  ${path}\n`);
    installedBytes += bytes.length;
  }
  add("DEBIAN/md5sums", encoder.encode(sums.sort().join("")));
  const kibibytes = Math.ceil(installedBytes / 1024);
  add("DEBIAN/control", encoder.encode(control(release.version, target, kibibytes)));

  const folder = await Deno.makeTempDir({ prefix: "azu-deb-" });
  try {
    await Deno.chmod(folder, 0o755);
    for (const [path, { bytes, executable }] of files) {
      await makeFolder(folder, dirname(path));
      await Deno.writeFile(join(folder, path), bytes);
      await Deno.chmod(join(folder, path), executable ? 0o755 : 0o644);
    }
    // Level 0 of xz packs better than the best of gzip, and in less time. With one thread, the
    // result does not depend on the machine.
    const packing = ["-Zxz", "-z0", "--threads-max=1", "--root-owner-group"];
    await run("dpkg-deb", [...packing, "--build", folder, output], {
      cwd: folder,
      env: { SOURCE_DATE_EPOCH: String(release.time) },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Creates folders that everybody can enter, whatever the umask is. */
async function makeFolder(root: string, path: string): Promise<void> {
  let folder = root;
  for (const part of path.split("/")) {
    folder = join(folder, part);
    await Deno.mkdir(folder, { recursive: true });
    await Deno.chmod(folder, 0o755);
  }
}

function compressed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(bytes, { level: 9 }));
}

/** The executable is linked with glibc and libgcc: see docs/how-to/install.md. */
function control(version: string, target: Target, kibibytes: number): string {
  return `Package: ${PACKAGE}
Version: ${debianVersion(version)}
Architecture: ${target.debian}
Maintainer: ${MAINTAINER}
Installed-Size: ${kibibytes}
Depends: libc6 (>= 2.27), libgcc-s1
Section: admin
Priority: optional
Homepage: ${REPOSITORY}
Description: ${SUMMARY.replace(/^./, (letter) => letter.toLowerCase())}
 Azu is a web framework for Crystal. This command-line tool sets up the
 sessions of an Azu app, and lists, revokes, sweeps and clears them in Redis,
 PostgreSQL, MySQL and SQLite while the app runs.
`;
}

function copyrightFile({ copyright, terms }: License): string {
  const indented = terms.split("\n").map((line) => line === "" ? " ." : ` ${line}`);
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: azu
Source: ${REPOSITORY}
Comment: The executable contains other software. THIRD_PARTY_NOTICES.txt in this
 folder lists it with its licenses.

Files: *
Copyright: ${copyright}
License: Expat
${indented.join("\n")}
`;
}

function changelog({ version, time }: Release): string {
  const date = new Date(time * 1000).toUTCString().replace("GMT", "+0000");
  return `${PACKAGE} (${debianVersion(version)}) unstable; urgency=medium

  * Release ${version}: see ${REPOSITORY}/releases.

 -- ${MAINTAINER}  ${date}
`;
}
