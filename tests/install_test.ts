/** install.sh, the steps of the Dockerfile without a container engine, and the workflows. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import * as v from "valibot";
import { parse } from "yaml";
import deno from "../deno.json" with { type: "json" };
import { which } from "./support/servers/programs.ts";
import { readTree, type TempDir, tempDir, writeTree } from "./support/temp.ts";

const root = join(import.meta.dirname ?? "", "..");
const script = join(root, "install.sh");
const asset = `azu-${Deno.build.target}`;
const version = "azu 0.1.0 (0123abc, a stand-in)";
const standIn = `#!/bin/sh\n[ "$*" = --version ] && echo "${version}"\n`;
/** The programs that the script needs according to docs/how-to/install.md, besides one that hashes. */
const tools = ["cat", "chmod", "mkdir", "mktemp", "mv", "rm", "sed", "tr", "uname"];

type Env = Readonly<Record<string, string>>;

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}

const good = `${await sha256(standIn)}  ${asset}\n`;
const bad = `${await sha256("other")}  ${asset}\n`;
const file = [script, "--file", asset];

/** A temporary folder with a stand-in for azu, its hash and these files. `tools/` has programs. */
async function scratch(files: Env = {}): Promise<TempDir> {
  const folder = await tempDir("azu install ");
  await writeTree(folder.path, { [asset]: standIn, SHA256SUMS: good, ...files });
  await Deno.mkdir(join(folder.path, "tmp"));
  await Deno.mkdir(join(folder.path, "tools"), { recursive: true });
  for (const name of Object.keys(files)) {
    if (name.startsWith("tools/")) await Deno.chmod(join(folder.path, name), 0o755);
  }
  return folder;
}

async function run(cwd: string, args: readonly string[], env: Env, shell = "sh") {
  const { code, stdout, stderr } = await new Deno.Command(which(shell) ?? shell, {
    ...{ args: [...args], cwd, clearEnv: true, stdin: "null" },
    env: { PATH: Deno.env.get("PATH") ?? "", TMPDIR: join(cwd, "tmp"), ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Links these programs into `tools/`, for a PATH with nothing else. */
async function linkTools(folder: TempDir, names: readonly string[]): Promise<string> {
  const bin = join(folder.path, "tools");
  for (const name of names) await Deno.symlink(which(name) ?? "", join(bin, name));
  return bin;
}

for (const shell of ["sh", "dash", "bash"]) {
  Deno.test(`install.sh installs under ${shell}`, { ignore: !which(shell) }, async () => {
    const older = "#!/bin/sh\necho 'azu 0.0.9 (0123abc, deno 2.5.7, v8 14)'\n";
    await using folder = await scratch({ "bin/azu": older });
    await Deno.chmod(join(folder.path, "bin/azu"), 0o755);
    await Deno.link(join(folder.path, "bin/azu"), join(folder.path, "the older file"));
    const env = { AZU_INSTALL_DIR: "bin" };
    const { code, stdout, stderr } = await run(folder.path, file, env, shell);
    const installed = join(folder.path, "bin/azu");
    deepStrictEqual([code, stdout], [0, `${version}\nInstalled ${installed}\n`], stderr);
    match(stderr, /^Note: ".*\/bin" is not on PATH; .*\n$/);
    strictEqual(((await Deno.stat(installed)).mode ?? 0) & 0o777, 0o755);
    deepStrictEqual(await readTree(folder.path), {
      ...{ SHA256SUMS: good, [asset]: standIn, "bin/azu": standIn, "tmp/": "", "tools/": "" },
      // The new file replaced it under its name. A running azu keeps its file.
      "the older file": older,
    });
  });
}

Deno.test("install.sh does not replace another program of that name", async () => {
  const framework = "#!/bin/sh\necho 'Azu CLI 0.1.10'\n";
  await using folder = await scratch({ "bin/azu": framework });
  await Deno.chmod(join(folder.path, "bin/azu"), 0o755);
  const env = { AZU_INSTALL_DIR: "bin" };
  const refused = await run(folder.path, file, env);
  strictEqual(refused.code, 1);
  match(
    refused.stderr,
    /is another program, perhaps the Azu framework's azu; nothing was installed/,
  );
  match(refused.stderr, /AZU_NAME=azu-sessions, or replace it with --force/);
  strictEqual(await Deno.readTextFile(join(folder.path, "bin/azu")), framework);
  const named = await run(folder.path, file, { ...env, AZU_NAME: "azu-sessions" });
  strictEqual(named.code, 0, named.stderr);
  strictEqual(await Deno.readTextFile(join(folder.path, "bin/azu-sessions")), standIn);
  strictEqual((await run(folder.path, [...file, "--force"], env)).code, 0);
  strictEqual(await Deno.readTextFile(join(folder.path, "bin/azu")), standIn);
});

Deno.test("install.sh accepts unusual names, and uses HOME by default", async () => {
  for (const name of ["azu-[x]*?", "-n", "a b  c", "$(false)`false`"]) {
    await using folder = await scratch({
      [`in [a] b/${name}`]: standIn,
      "sums *": `${bad}${(await sha256(standIn)).toUpperCase()} *${name}\r\n`,
    });
    const HOME = join(folder.path, "a home [x] *");
    const env = { HOME, PATH: `${join(HOME, ".local/bin")}:${Deno.env.get("PATH")}` };
    const args = [script, "--sums", "sums *", "--file", `in [a] b/${name}`];
    const { code, stderr } = await run(folder.path, args, env);
    deepStrictEqual({ code, stderr }, { code: 0, stderr: "" });
    strictEqual(await Deno.readTextFile(join(HOME, ".local/bin/azu")), standIn);
  }
});

for (const hasher of ["sha256sum", "shasum", "openssl"]) {
  Deno.test(`install.sh needs few programs: ${hasher}`, { ignore: !which(hasher) }, async () => {
    await using folder = await scratch({ "wrong sums": bad });
    const env = { AZU_INSTALL_DIR: "bin", PATH: await linkTools(folder, [...tools, hasher]) };
    const wrong = await run(folder.path, [...file, "--sums", "wrong sums"], env);
    match(wrong.stderr, /nothing was installed/);
    match((await run(folder.path, file, env)).stdout, /^azu 0\.1\.0 /);
  });
}

/** What install.sh gets, and how it refuses. */
interface Refusal {
  /** The arguments. By default it gets the stand-in. */
  readonly args?: readonly string[];
  readonly env?: Env;
  readonly files?: Env;
  /** The only programs on PATH, besides those in `tools/`. */
  readonly only?: readonly string[];
  /** 1 by default. */
  readonly code?: number;
  readonly says: RegExp;
}

const broken = "#!/bin/sh\nexit 9\n";
const plan9 = "#!/bin/sh\necho Plan9\n";
const musl = "#!/bin/sh\necho musl libc\n";
const linux = `#!/bin/sh\ncase $1 in -s) echo Linux ;; *) echo x86_64 ;; esac\n`;

const refusals: Record<string, Refusal> = {
  "a wrong hash": { files: { SHA256SUMS: bad }, says: /has the SHA-256 hash .* nothing was inst/ },
  "to make a folder": { files: { SHA256SUMS: bad }, env: { AZU_INSTALL_DIR: "a" }, says: /says/ },
  "no entry": {
    files: { SHA256SUMS: `${good.trim()}.old\n${good.replace("azu", () => "my azu")}` },
    says: /SHA256SUMS" has no entry for "azu-/,
  },
  "a malformed hash": { files: { SHA256SUMS: good.slice(1) }, says: /has no valid hash/ },
  "two different hashes": { files: { SHA256SUMS: good + bad }, says: /has no valid hash/ },
  "a missing file": { args: ["--file", "gone"], says: /Cannot read ".*\/gone"/ },
  "a missing list": {
    args: [...file.slice(1), "--sums", "no"],
    says: /Cannot read the list .*\/no"/,
  },
  "a folder below a file": {
    env: { AZU_INSTALL_DIR: "azu" },
    files: { azu: "" },
    says: /Cannot create/,
  },
  "a folder in the way": {
    env: { AZU_INSTALL_DIR: "." },
    files: { "azu/x": "" },
    says: /is a folder/,
  },
  "to guess a place": {
    env: { AZU_INSTALL_DIR: "" },
    code: 2,
    says: /HOME is not set; set AZU_INSTALL_DIR/,
  },
  "a file that does not run": {
    files: { [asset]: broken, SHA256SUMS: `${await sha256(broken)}  ${asset}\n` },
    says: /does not run here, and was not installed/,
  },
  "another system": {
    files: { "tools/uname": plan9 },
    only: [],
    says: /does not support "Plan9 Plan9"/,
  },
  musl: { files: { "tools/ldd": musl, "tools/uname": linux }, only: [], says: /needs glibc 2.27/ },
  "to trust a file unhashed": { only: tools, says: /Needs sha256sum, shasum or openssl/ },
  "to download without a program": { args: [], only: tools, says: /Needs curl or wget/ },
  "an odd repository": {
    args: [],
    env: { AZU_REPOSITORY: "a" },
    code: 2,
    says: /ORY: expected owner/,
  },
  "an odd version": { args: [], env: { AZU_VERSION: "../1" }, code: 2, says: /AZU_VERSION: exp/ },
  "an unknown option": { args: ["--forse"], code: 2, says: /Unknown argument "--forse"/ },
  "an option without its path": { args: ["--file"], code: 2, says: /--file needs a path/ },
  "a list without a file": { args: ["--sums", "x"], code: 2, says: /--sums needs --file/ },
};

for (const [name, { says, args, env, files, only, code = 1 }] of Object.entries(refusals)) {
  Deno.test(`install.sh refuses ${name}, and changes nothing`, async () => {
    await using folder = await scratch({ "bin/azu": "older", ...files });
    const path = only && { PATH: await linkTools(folder, only) };
    const before = await readTree(folder.path);
    const all = { AZU_INSTALL_DIR: "bin", ...path, ...env };
    const result = await run(folder.path, args ? [script, ...args] : file, all);
    match(result.stderr, says);
    deepStrictEqual({ code: result.code, stdout: result.stdout }, { code, stdout: "" });
    deepStrictEqual(await readTree(folder.path), before);
  });
}

Deno.test("install.sh does nothing when its download was cut off", async () => {
  await using folder = await scratch();
  const lines = (await Deno.readTextFile(script)).trimEnd().split("\n");
  const before = await readTree(folder.path);
  for (let count = 0; count < lines.length; count += count < lines.length - 20 ? 9 : 1) {
    const args = ["-c", lines.slice(0, count).join("\n"), "sh", "--file", asset];
    await run(folder.path, args, { AZU_INSTALL_DIR: "bin" });
    deepStrictEqual(await readTree(folder.path), before, `after ${count} lines`);
  }
});

const dockerfile = (await Deno.readTextFile(join(root, "Dockerfile")))
  .replace(/^#.*\n/gm, "").replaceAll("\\\n", "").trim().split(/\n+/)
  .map((line) => [line.split(" ")[0] ?? "", line.replace(/^\S+\s+/, "")] as const);
const last = (name: string) => dockerfile.findLast(([instruction]) => instruction === name)?.[1];

Deno.test("The image is distroless/cc, run by a user who is not root", () => {
  strictEqual(last("FROM"), "gcr.io/distroless/cc-debian12:nonroot");
  strictEqual(last("USER"), "65532:65532");
  strictEqual(last("WORKDIR"), "/app");
  strictEqual(last("ENTRYPOINT"), '["/usr/local/bin/azu"]');
  strictEqual(last("COPY"), "--from=verify --chown=0:0 /dist/azu /usr/local/bin/azu");
});

const builds = {
  "a right hash": { arch: "amd64", hash: await sha256("x86_64"), code: 0 },
  "a right hash on arm64": { arch: "arm64", hash: await sha256("aarch64"), code: 0 },
  "a wrong hash": { arch: "amd64", hash: await sha256("aarch64"), code: 1 },
  "no entry": { arch: "amd64", hash: "", code: 1 },
  "another architecture": { arch: "s390x", hash: await sha256("x86_64"), code: 1 },
};
for (const [name, { arch, hash, code }] of Object.entries(builds)) {
  Deno.test(`The image's first stage ends with ${code} for ${name}`, async () => {
    const names = ["x86_64", "aarch64"].map((cpu) => `azu-${cpu}-unknown-linux-gnu`);
    await using folder = await scratch({
      ...Object.fromEntries(names.map((name) => [name, name.split("-")[1] ?? ""])),
      SHA256SUMS: names.map((name) => `${hash}  ${name}\n`).join(""),
    });
    const result = await run(folder.path, ["-c", last("RUN") ?? ""], { TARGETARCH: arch });
    strictEqual(result.code, code, result.stderr);
    const made = await Deno.stat(join(folder.path, "azu")).catch(() => undefined);
    strictEqual(made && (made.mode ?? 0) & 0o777, code === 0 ? 0o755 : undefined);
  });
}

const workflow = v.object({
  permissions: v.strictObject({}),
  jobs: v.record(
    v.string(),
    v.object({
      permissions: v.record(v.string(), v.picklist(["read", "write"])),
      uses: v.optional(v.literal("./.github/workflows/ci.yml")),
      steps: v.optional(v.array(v.object({
        uses: v.optional(v.pipe(v.string(), v.regex(/^actions\/[a-z-]+@v\d+$/))),
        // An expression would become part of the shell script.
        run: v.optional(v.pipe(v.string(), v.excludes("${{"))),
      }))),
    }),
  ),
});

const planned = ["static", "ok", "test", "compile", "demo", "bench:startup"];
const tasks = [...planned, ...Object.keys(deno.tasks)];
for (const name of ["ci", "release"]) {
  Deno.test(`the workflow "${name}" is valid and runs tasks that exist`, async () => {
    const text = await Deno.readTextFile(join(root, `.github/workflows/${name}.yml`));
    const { jobs } = v.parse(workflow, parse(text));
    const used = Object.values(jobs).flatMap(({ steps = [] }) => steps)
      .flatMap(({ run = "" }) =>
        [...run.matchAll(/denow task (\S+)/g)].map(([, task = ""]) => task)
      );
    ok(used.length > 0);
    deepStrictEqual(used.filter((task) => !tasks.includes(task)), []);
  });
}
