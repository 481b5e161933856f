/**
 * Makes the files of a release from the executables in `dist/`:
 * `./denow task package [--target <triple> | --all]`. They are in `dist/release/`; the npm packages
 * are folders in `dist/npm/`. The same executables and commit give the same files.
 */
import { join, relative } from "node:path";
import deno from "../deno.json" with { type: "json" };
import { run, say } from "./compile/process.ts";
import { type Entry, tarGz, zip } from "./package/archive.ts";
import { type Contents, readContents } from "./package/components.ts";
import { buildDeb, debName } from "./package/deb.ts";
import { commonFiles } from "./package/files.ts";
import { FORMULA, formula } from "./package/homebrew.ts";
import { readLicense } from "./package/license.ts";
import { thirdPartyNotices } from "./package/notices.ts";
import { platformPackage, writeMainPackage, writePlatformPackage } from "./package/npm.ts";
import { PACKAGE, type Release } from "./package/release.ts";
import { sbom } from "./package/sbom.ts";
import { MANIFEST, manifest } from "./package/scoop.ts";
import { sha256, writeSums } from "./package/sums.ts";
import {
  archiveFolder,
  archiveName,
  executableName,
  programName,
  type Target,
  TARGETS,
  targetsOf,
} from "./targets.ts";

const root = join(import.meta.dirname ?? ".", "..");
const dist = join(root, "dist");
const output = join(dist, "release");
const npm = join(dist, "npm");

const targets = targetsOf("package", Deno.args);
const release: Release = { version: deno.version, time: await timeOfCommit() };
const license = readLicense(await Deno.readTextFile(join(root, "LICENSE")));
const hasDpkg = await run("dpkg-deb", ["--version"], { cwd: root }).then(() => true, () => false);
const year = new Date(release.time * 1000).getUTCFullYear();

for (const folder of [output, npm]) {
  if (await exists(folder)) await Deno.remove(folder, { recursive: true });
  await Deno.mkdir(folder, { recursive: true });
}
const contents = await commonContents();
const common = [
  ...await commonFiles(root),
  textFile("THIRD_PARTY_NOTICES.txt", thirdPartyNotices(contents, license.terms, year)),
];
for (const target of targets) await makePackages(target);
await writeMainPackage(join(npm, PACKAGE), release.version, root);
await Deno.writeTextFile(
  join(output, `azu-${release.version}.cdx.json`),
  await sbom(contents, release),
);
await Deno.copyFile(join(root, "install.sh"), join(output, "install.sh"));
if (targets.length === TARGETS.length) await writeManifests();
await writeSums(output, Array.from(Deno.readDirSync(output), ({ name }) => name));
say(`Wrote ${relative(root, output)} and ${relative(root, npm)}`);

/** What all executables contain. They are made from one commit, so it must be the same. */
async function commonContents(): Promise<Contents> {
  const texts = new Set<string>();
  for (const target of targets) {
    const path = join(dist, executableName(target));
    for (const needed of [path, `${path}.json`]) {
      if (await exists(needed)) continue;
      say(`There is no ${relative(root, needed)}: run ./denow task compile first`);
      Deno.exit(1);
    }
    texts.add(await Deno.readTextFile(`${path}.json`));
  }
  const [text, ...others] = texts;
  if (text === undefined || others.length > 0) {
    throw new Error("The executables in dist/ contain different packages: compile all again");
  }
  return await readContents(text, root);
}

/** Makes the archive, the npm package and, for Debian's architectures, the `.deb`. */
async function makePackages(target: Target): Promise<void> {
  const { version, time } = release;
  const bytes = await Deno.readFile(join(dist, executableName(target)));
  const entries: Entry[] = [{ path: programName(target), bytes, executable: true }, ...common];
  const folder = archiveFolder(version, target);
  const packed = entries.map((entry) => ({ ...entry, path: `${folder}/${entry.path}` }));
  const archive = target.os === "win32" ? zip(packed, time) : await tarGz(packed, time);
  await Deno.writeFile(join(output, archiveName(version, target)), archive);
  await writePlatformPackage(join(npm, platformPackage(target)), version, target, entries);
  if (target.debian === undefined) return;
  const name = debName(version, target);
  if (hasDpkg) await buildDeb({ release, target, entries, license, output: join(output, name) });
  else say(`Not made: ${name}, because there is no dpkg-deb`);
}

/** Writes the files for package managers that download the archives. */
async function writeManifests(): Promise<void> {
  const hashes = new Map<string, string>();
  for (const target of TARGETS) {
    const name = archiveName(release.version, target);
    hashes.set(name, await sha256(await Deno.readFile(join(output, name))));
  }
  await Deno.writeTextFile(join(output, FORMULA), formula(release.version, hashes));
  await Deno.writeTextFile(join(output, MANIFEST), manifest(release.version, hashes));
}

/** `SOURCE_DATE_EPOCH` if set, as for other build tools; else the time of the commit. */
async function timeOfCommit(): Promise<number> {
  const given = Deno.env.get("SOURCE_DATE_EPOCH");
  if (given && /^\d+$/.test(given)) return Number(given);
  return Number(await run("git", ["log", "-1", "--format=%ct"], { cwd: root }));
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

function textFile(path: string, text: string): Entry {
  return { path, bytes: new TextEncoder().encode(text) };
}
