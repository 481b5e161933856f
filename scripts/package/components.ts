/** The software that an executable contains: npm packages, and Deno's runtime. */
import { join } from "node:path";
import * as v from "valibot";
import { run } from "../compile/process.ts";

/** An npm package. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** The SPDX id of its licence. */
  readonly license: string;
  readonly author: string | undefined;
  /** The text of its licence, if the package contains it. */
  readonly text: string | undefined;
  /** The address of its source. */
  readonly source: string | undefined;
  /** The SHA-512 hash of its archive, in hexadecimal. */
  readonly sha512: string;
  /** The names of the packages that it depends on, of those that the executable contains. */
  readonly dependencies: readonly string[];
}

/** What an executable contains. */
export interface Contents {
  /** The version of Deno. */
  readonly deno: string;
  /** In the order of their names. */
  readonly components: readonly Component[];
}

const LockSchema = v.object({
  npm: v.record(
    v.string(),
    v.object({
      integrity: v.pipe(v.string(), v.startsWith("sha512-")),
      dependencies: v.optional(v.array(v.string()), []),
    }),
  ),
});

const PersonSchema = v.union([v.string(), v.object({ name: v.string() })]);
const ManifestSchema = v.object({
  license: v.string(),
  author: v.optional(PersonSchema),
  repository: v.optional(v.union([v.string(), v.object({ url: v.string() })])),
});

const LICENSE_FILE = /^licen[cs]e(?:[.-](?:md|txt|mit))?$/i;

/** What `./denow task compile` writes for each executable. */
const ContentsSchema = v.object({ deno: v.string(), packages: v.array(v.string()) });

/**
 * Describes what an executable contains. The texts and hashes are those of the packages in deno.lock.
 * @param text The JSON file of the executable.
 * @throws {Error} if a package is not in the lock file, occurs in two versions, or says nothing about
 * its licence.
 */
export async function readContents(text: string, root: string): Promise<Contents> {
  const { deno, packages } = v.parse(ContentsSchema, JSON.parse(text));
  return { deno, components: await describe(packages, root) };
}

async function describe(packages: readonly string[], root: string): Promise<Component[]> {
  const lock = v.parse(LockSchema, JSON.parse(await Deno.readTextFile(join(root, "deno.lock"))));
  const locked = new Map(
    Object.entries(lock.npm).map(([key, entry]) => [withoutPeers(key), entry]),
  );
  const contained = new Set(packages.map(nameIn));
  // The SBOM has one component of a name.
  if (contained.size < packages.length) throw new Error("A package occurs in two versions");
  const stage = await installPackages(root);
  try {
    const components: Component[] = [];
    for (const id of packages) {
      const name = nameIn(id);
      const entry = locked.get(id);
      if (entry === undefined) throw new Error(`${id} is not in deno.lock`);
      components.push({
        name,
        version: id.slice(name.length + 1),
        sha512: Uint8Array.fromBase64(entry.integrity.slice("sha512-".length)).toHex(),
        dependencies: entry.dependencies.map(nameIn).filter((it) => contained.has(it)).sort(),
        ...await readPackage(await folderOf(stage, id)),
      });
    }
    return components;
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

/** Installs all packages of the lock file in a temporary folder. */
async function installPackages(root: string): Promise<string> {
  const stage = await Deno.makeTempDir({ prefix: "azu-packages-" });
  for (const name of ["deno.json", "deno.lock"]) {
    await Deno.copyFile(join(root, name), join(stage, name));
  }
  const install = ["install", "--quiet", "--frozen", "--node-modules-dir=auto"];
  await run(Deno.execPath(), install, { cwd: stage });
  return stage;
}

/** The folder of an installed package. Deno adds its peers to the name of the folder above. */
async function folderOf(stage: string, id: string): Promise<string> {
  const all = join(stage, "node_modules/.deno");
  const wanted = id.replace("/", "+");
  for await (const { name } of Deno.readDir(all)) {
    if (withoutPeers(name) === wanted) return join(all, name, "node_modules", nameIn(id));
  }
  throw new Error(`${id} was not installed`);
}

/** What a package says about itself. */
async function readPackage(folder: string) {
  const manifest = JSON.parse(await Deno.readTextFile(join(folder, "package.json")));
  const { license, author, repository } = v.parse(ManifestSchema, manifest);
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  const file = names.find((name) => LICENSE_FILE.test(name));
  const text = file === undefined ? undefined : await Deno.readTextFile(join(folder, file));
  const url = typeof repository === "string" ? repository : repository?.url;
  return {
    license,
    author: typeof author === "string" ? author : author?.name,
    text: text?.replaceAll("\r\n", "\n").trim(),
    source: url === undefined ? undefined : addressOf(url),
  };
}

/** A repository as an address: npm also allows `github:owner/name`, `owner/name` and `git+https:`. */
function addressOf(repository: string): string {
  const short = /^(?:github:)?([\w.-]+\/[\w.-]+)$/.exec(repository)?.[1];
  if (short !== undefined) return `https://github.com/${short}`;
  return repository.replace(/^git\+/, "").replace(/^git:/, "https:").replace(/\.git$/, "");
}

/** The name in `pg@8.23.1`, `@types/pg@8.23.1_peer@1.0.0` or `pg`. */
function nameIn(key: string): string {
  const at = key.indexOf("@", 1);
  return at < 0 ? key : key.slice(0, at);
}

/** Removes the peers of a package: `@types/pg@8.23.1_peer@1.0.0` becomes `@types/pg@8.23.1`. */
function withoutPeers(key: string): string {
  const peers = key.indexOf("_", key.indexOf("@", 1));
  return peers < 0 ? key : key.slice(0, peers);
}
