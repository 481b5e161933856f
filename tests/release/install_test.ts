/** install.sh with a bare executable, and how it refuses. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { which } from "../support/servers/programs.ts";
import { readTree } from "../support/temp.ts";
import {
  asset,
  type Env,
  hashOf,
  linkTools,
  runIn,
  scratch,
  script,
  standIn,
  version,
} from "./installing.ts";

/** The programs that the script needs according to docs/how-to/install.md, besides one that hashes. */
const tools = ["cat", "chmod", "mkdir", "mktemp", "mv", "rm", "sed", "tr", "uname"];

const good = `${await hashOf(standIn)}  ${asset}\n`;
const bad = `${await hashOf("other")}  ${asset}\n`;
const file = [script, "--file", asset];

for (const shell of ["sh", "dash", "bash"]) {
  Deno.test(`install.sh installs under ${shell}`, { ignore: !which(shell) }, async () => {
    const older = "#!/bin/sh\necho 'azu 0.0.9 (0123abc, deno 2.5.7, v8 14)'\n";
    await using folder = await scratch({ "bin/azu": older });
    await Deno.chmod(join(folder.path, "bin/azu"), 0o755);
    await Deno.link(join(folder.path, "bin/azu"), join(folder.path, "the older file"));
    const env = { AZU_INSTALL_DIR: "bin" };
    const { code, stdout, stderr } = await runIn(folder.path, file, env, shell);
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
  const refused = await runIn(folder.path, file, env);
  strictEqual(refused.code, 1);
  match(
    refused.stderr,
    /is another program, perhaps the Azu framework's azu; nothing was installed/,
  );
  match(refused.stderr, /AZU_NAME=azu-sessions, or replace it with --force/);
  strictEqual(await Deno.readTextFile(join(folder.path, "bin/azu")), framework);
  const named = await runIn(folder.path, file, { ...env, AZU_NAME: "azu-sessions" });
  strictEqual(named.code, 0, named.stderr);
  strictEqual(await Deno.readTextFile(join(folder.path, "bin/azu-sessions")), standIn);
  strictEqual((await runIn(folder.path, [...file, "--force"], env)).code, 0);
  strictEqual(await Deno.readTextFile(join(folder.path, "bin/azu")), standIn);
});

Deno.test("install.sh accepts unusual names, and uses HOME by default", async () => {
  for (const name of ["azu-[x]*?", "-n", "a b  c", "$(false)`false`"]) {
    await using folder = await scratch({
      [`in [a] b/${name}`]: standIn,
      "sums *": `${bad}${(await hashOf(standIn)).toUpperCase()} *${name}\r\n`,
    });
    const HOME = join(folder.path, "a home [x] *");
    const env = { HOME, PATH: `${join(HOME, ".local/bin")}:${Deno.env.get("PATH")}` };
    const args = [script, "--sums", "sums *", "--file", `in [a] b/${name}`];
    const { code, stderr } = await runIn(folder.path, args, env);
    deepStrictEqual({ code, stderr }, { code: 0, stderr: "" });
    strictEqual(await Deno.readTextFile(join(HOME, ".local/bin/azu")), standIn);
  }
});

for (const hasher of ["sha256sum", "shasum", "openssl"]) {
  Deno.test(`install.sh needs few programs: ${hasher}`, { ignore: !which(hasher) }, async () => {
    await using folder = await scratch({ "wrong sums": bad });
    const env = { AZU_INSTALL_DIR: "bin", PATH: await linkTools(folder, [...tools, hasher]) };
    const wrong = await runIn(folder.path, [...file, "--sums", "wrong sums"], env);
    match(wrong.stderr, /nothing was installed/);
    match((await runIn(folder.path, file, env)).stdout, /^azu 0\.1\.0 /);
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
  "a wrong hash before it makes a folder": {
    files: { SHA256SUMS: bad },
    env: { AZU_INSTALL_DIR: "a" },
    says: /says/,
  },
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
    files: { [asset]: broken, SHA256SUMS: `${await hashOf(broken)}  ${asset}\n` },
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
    const result = await runIn(folder.path, args ? [script, ...args] : file, all);
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
    await runIn(folder.path, args, { AZU_INSTALL_DIR: "bin" });
    deepStrictEqual(await readTree(folder.path), before, `after ${count} lines`);
  }
});
