/** What `./denow task package` makes from the executable: each is installed, run and removed. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import * as v from "valibot";
import deno from "../../deno.json" with { type: "json" };
import { sha256 } from "../../scripts/package/sums.ts";
import { TARGETS } from "../../scripts/targets.ts";
import { needs, service } from "../support/env.ts";
import { readTree, tempDir, writeTree } from "../support/temp.ts";
import { needsChroot } from "./chroot.ts";
import { executable } from "./subject.ts";

const ROOT = join(import.meta.dirname ?? "", "../..");
const RELEASE = join(ROOT, "dist/release");
const { version } = deno;
const NAME = `azu-${version}-${Deno.build.target}`;
const VERSION_LINE = new RegExp(`^azu ${RegExp.escape(version)} \\(.+\\)\\n$`);

const TARGET = TARGETS.find(({ triple }) => triple === Deno.build.target);
const PLATFORM = `${TARGET?.os}-${TARGET?.cpu}`;
const DEB = `azu-sessions_${version}_${TARGET?.debian}.deb`;
const PACKAGE = ["run", "--allow-all", join(ROOT, "scripts/package.ts")];

/** What the `.deb` brings, among others. */
const INSTALLED = [
  "/usr/bin/azu",
  "/usr/share/bash-completion/completions/azu",
  "/usr/share/doc/azu-sessions/THIRD_PARTY_NOTICES.txt",
  "/usr/share/doc/azu-sessions/copyright",
  "/usr/share/fish/vendor_completions.d/azu.fish",
  "/usr/share/man/man1/azu.1.gz",
  "/usr/share/zsh/vendor-completions/_azu",
];

const SbomSchema = v.object({
  components: v.array(v.object({ name: v.string(), version: v.string() })),
});

const decoder = new TextDecoder();

/** Runs a program, which must succeed, and returns what it printed. */
async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
) {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    ...options,
  }).output();
  const said = decoder.decode(stderr);
  strictEqual(code, 0, `${command} ${args.join(" ")}: ${decoder.decode(stdout)}${said}`);
  return { stdout: decoder.decode(stdout), stderr: said };
}

await run(Deno.execPath(), PACKAGE);

Deno.test("the archive contains azu and what belongs to it", async () => {
  await using folder = await tempDir("azu-archive-");
  await run("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: RELEASE });
  await run("tar", ["-xzf", join(RELEASE, `${NAME}.tar.gz`)], { cwd: folder.path });
  const top = join(folder.path, NAME);
  const { azu, ...rest } = await readTree(top);
  strictEqual(azu, `binary sha256:${await hashOf(executable())}`);
  const names = Object.keys(rest);
  for (const name of ["LICENSE", "README.md", "THIRD_PARTY_NOTICES.txt", "man/man1/azu.1"]) {
    ok(names.includes(name), name);
  }
  deepStrictEqual(names.filter((name) => name.startsWith("completions/")).sort(), [
    "completions/_azu",
    "completions/azu.bash",
    "completions/azu.fish",
    "completions/azu.ps1",
  ]);
  const { size } = await Deno.stat(join(RELEASE, `${NAME}.tar.gz`));
  ok(size < 0.4 * (await Deno.stat(executable())).size, `${size} bytes`);
});

Deno.test("install.sh installs the archive", async () => {
  await using home = await tempDir("azu-home-");
  const script = ["install.sh", "--file", `${NAME}.tar.gz`];
  await run("sh", script, { cwd: RELEASE, env: { HOME: home.path } });
  const azu = await run(join(home.path, ".local/bin/azu"), ["--version"]);
  match(azu.stdout, VERSION_LINE);
  ok((await Deno.stat(join(home.path, ".local/share/man/man1/azu.1"))).size > 0);
});

Deno.test("the SBOM and the notices name what is in the executable", async () => {
  const text = await Deno.readTextFile(join(RELEASE, `azu-${version}.cdx.json`));
  const problem = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
  strictEqual(problem, null);
  const { components } = v.parse(SbomSchema, JSON.parse(text));
  const named = components.map(({ name, version }) => `${name} ${version}`).sort();
  const program = new TextDecoder("latin1").decode(await Deno.readFile(executable()));
  for (const { name, version } of components.filter(({ name }) => name !== "deno")) {
    const folder = `${name.replace("/", "+")}@${version}`;
    ok(program.includes(`\n// node_modules/.deno/${folder}/node_modules/${name}/`), name);
  }
  for (const name of ["deno", "ioredis", "pg", "mysql2", "commander", "valibot"]) {
    ok(components.some((it) => it.name === name), `${name} is missing`);
  }
  for (const name of ["typescript", "esbuild", "fast-check", "modern-tar"]) {
    ok(!components.some((it) => it.name === name), `${name} is only a tool`);
  }
  const archive = ["-xzOf", join(RELEASE, `${NAME}.tar.gz`), `${NAME}/THIRD_PARTY_NOTICES.txt`];
  const { stdout: notices } = await run("tar", archive);
  const headings = notices.matchAll(/^-{80}\n(\S+ [\d.]+) \(.+\)$/gm);
  deepStrictEqual(Array.from(headings, ([, heading]) => heading).sort(), named);
});

const debian = needsChroot("debootstrap");
Deno.test("the .deb is installed, run and removed on Debian", debian, async () => {
  await using folder = await tempDir("azu-debian-");
  const system = await Deno.readTextFile("/etc/os-release");
  const [, codename = "stable"] = /^VERSION_CODENAME=(\w+)$/m.exec(system) ?? [];
  const root = join(folder.path, "root");
  const bootstrap = [service("debootstrap"), "--variant=minbase", codename, root];
  await run("unshare", ["--mount", "--", ...bootstrap]);
  await Deno.copyFile(join(RELEASE, DEB), join(root, "azu.deb"));
  const script = `set -eu
mount -t proc proc "$0/proc"
in_root() { chroot "$0" "$@"; }
in_root sh -c "$1" >"$0.before"
in_root dpkg --install /azu.deb >/dev/null
in_root azu --version
in_root dpkg --listfiles azu-sessions >"$0.installed"
in_root dpkg --verify azu-sessions
in_root dpkg --purge azu-sessions >/dev/null
in_root sh -c "$1" >"$0.after"`;
  const list =
    "find / -xdev \\( -path /proc -o -path /var/lib -o -path /var/log \\) -prune -o -print";
  const { stdout } = await run("unshare", [
    ...["--mount", "--pid", "--fork", "--", "sh", "-c", script, root, list],
  ]);
  match(stdout, VERSION_LINE);
  const lines = async (name: string) => (await Deno.readTextFile(`${root}.${name}`)).split("\n");
  const installed = await lines("installed");
  for (const path of INSTALLED) ok(installed.includes(path), path);
  deepStrictEqual((await lines("after")).sort(), (await lines("before")).sort());
});

Deno.test("lintian finds no fault with the .deb", needs("lintian"), async () => {
  const args = ["--fail-on", "error,warning", "--allow-root", join(RELEASE, DEB)];
  strictEqual((await run(service("lintian"), args)).stdout, "");
});

Deno.test("npm installs the packages, and npx runs azu", needs("npm"), async () => {
  await using folder = await tempDir("azu-npm-");
  const npm = service("npm");
  const env = { npm_config_cache: join(folder.path, "cache"), npm_config_offline: "true" };
  const options = { cwd: folder.path, env };
  const packages = ["azu-sessions", `@azu-sessions/${PLATFORM}`].map((name) =>
    join(ROOT, "dist/npm", name)
  );
  const { stdout } = await run(npm, ["pack", "--silent", ...packages], options);
  const files = stdout.trim().split("\n").map((name) => `./${name}`);
  await writeTree(folder.path, { "package.json": "{}" });
  await run(npm, ["install", "--no-audit", "--no-fund", ...files], options);
  const npx = join(folder.path, "node_modules/.bin/azu");
  match((await run(npx, ["--version"], options)).stdout, VERSION_LINE);
  match((await run(npm, ["exec", "--", "azu", "--version"], options)).stdout, VERSION_LINE);
});

Deno.test("packaging again gives the same files", async () => {
  const before = await Deno.readTextFile(join(RELEASE, "SHA256SUMS"));
  await using folder = await tempDir("azu-again-");
  const env = { TZ: "Asia/Kolkata", TMPDIR: folder.path };
  const command = 'umask 077; exec "$0" "$@"';
  await run("sh", ["-c", command, Deno.execPath(), ...PACKAGE], { env });
  strictEqual(await Deno.readTextFile(join(RELEASE, "SHA256SUMS")), before);
});

async function hashOf(path: string): Promise<string> {
  return await sha256(await Deno.readFile(path));
}
