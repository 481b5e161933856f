/** install.sh with an archive: from a file, and as a download. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "../../scripts/package/sums.ts";
import { readTree } from "../support/temp.ts";
import {
  archived,
  archiveOf,
  asset,
  linkTools,
  runIn,
  scratch,
  script,
  standIn,
  version,
} from "./installing.ts";

/** The programs that the script needs for an archive according to docs/how-to/install.md. */
const tools = "cat chmod gzip mkdir mktemp mv rm sed sha256sum tar tr uname".split(" ");

const completions = {
  "completions/azu.bash": "for bash",
  "completions/_azu": "for zsh",
  "completions/azu.fish": "for fish",
};
const pages = { "man/man1/azu.1": "a page", "man/man1/azu-init.1": "another page" };
const archive = await archiveOf({ azu: standIn, LICENSE: "MIT", ...completions, ...pages });
const sums = `${await sha256(archive)}  ${archived}\n`;

/** What `share/` contains afterwards. */
const shared = {
  "share/bash-completion/completions/azu": "for bash",
  "share/fish/vendor_completions.d/azu.fish": "for fish",
  "share/man/man1/azu-init.1": "another page",
  "share/man/man1/azu.1": "a page",
  "share/zsh/site-functions/_azu": "for zsh",
};
const file = [script, "--file", archived];
const files = { [archived]: archive, SHA256SUMS: sums };

Deno.test("install.sh installs the program, completions and man pages", async () => {
  await using folder = await scratch(files);
  const PATH = await linkTools(folder, tools);
  const HOME = join(folder.path, "a home [x] *");
  await Deno.mkdir(HOME);
  const { code, stdout, stderr } = await runIn(folder.path, file, { HOME, PATH });
  strictEqual(code, 0, stderr);
  const local = join(HOME, ".local");
  deepStrictEqual(stdout.split("\n"), [
    version,
    `Installed ${local}/bin/azu`,
    `Installed completions for bash, zsh and fish, and man pages in ${local}/share`,
    "",
  ]);
  deepStrictEqual(await readTree(local), { "bin/azu": standIn, ...shared });
  strictEqual(((await Deno.stat(join(local, "bin/azu"))).mode ?? 0) & 0o777, 0o755);
  deepStrictEqual(await readTree(join(folder.path, "tmp")), {});
});

Deno.test("install.sh replaces what an earlier version installed", async () => {
  const older = "#!/bin/sh\necho 'azu 0.0.9 (0123abc, deno 2.5.7, v8 14)'\n";
  await using folder = await scratch({
    ...files,
    "p/bin/azu": older,
    "p/share/man/man1/azu.1": "an older page",
  });
  await Deno.chmod(join(folder.path, "p/bin/azu"), 0o755);
  const { code, stderr } = await runIn(folder.path, file, { AZU_INSTALL_DIR: "p/bin" });
  strictEqual(code, 0, stderr);
  deepStrictEqual(await readTree(join(folder.path, "p")), { "bin/azu": standIn, ...shared });
});

const alone = {
  "another folder than bin": { AZU_INSTALL_DIR: "programs" },
  "another name than azu": { AZU_INSTALL_DIR: "programs/bin", AZU_NAME: "azu-sessions" },
};
for (const [name, env] of Object.entries(alone)) {
  Deno.test(`install.sh installs only the program for ${name}`, async () => {
    await using folder = await scratch(files);
    const { code, stderr } = await runIn(folder.path, file, env);
    strictEqual(code, 0, stderr);
    const installed = await readTree(join(folder.path, "programs"));
    deepStrictEqual(Object.values(installed), [standIn]);
  });
}

const refusals = {
  "a file that is no archive": {
    content: new TextEncoder().encode("not an archive"),
    says: /Cannot unpack "azu-/,
  },
  "an archive without a program": {
    content: await archiveOf({ LICENSE: "MIT" }),
    says: /contains no program for /,
  },
  "an archive whose program does not run": {
    content: await archiveOf({ azu: "#!/bin/sh\nexit 9\n", ...completions }),
    says: /does not run here, and was not installed/,
  },
};
for (const [name, { content, says }] of Object.entries(refusals)) {
  Deno.test(`install.sh refuses ${name}, and changes nothing`, async () => {
    await using folder = await scratch({
      [archived]: content,
      SHA256SUMS: `${await sha256(content)}  ${archived}\n`,
      "bin/azu": "older",
    });
    const before = await readTree(folder.path);
    const { code, stdout, stderr } = await runIn(folder.path, file, { AZU_INSTALL_DIR: "bin" });
    match(stderr, says);
    deepStrictEqual([code, stdout], [1, ""]);
    deepStrictEqual(await readTree(folder.path), before);
  });
}

/** Copies files of the folder `released/` instead of downloading them, and prints their addresses. */
const curl = `#!/bin/sh
while [ $# -gt 1 ]; do
  if [ "$1" = --output ]; then output=$2; fi
  shift
done
echo "$1" >>"$ADDRESSES"
cat "released/\${1##*/}" >"$output"
`;

for (const wanted of ["latest", "0.1.0", "v0.1.0"]) {
  Deno.test(`install.sh downloads the archive for this machine (${wanted})`, async () => {
    const other = archived.replace(/0\.1\.0-[^-]+/, "0.1.0-riscv64");
    await using folder = await scratch({
      "tools/curl": curl,
      [`released/${archived}`]: archive,
      "released/SHA256SUMS": `${"0".repeat(64)}  ${other}\n${sums}${"1".repeat(64)}  ${asset}\n`,
    });
    const ADDRESSES = join(folder.path, "addresses");
    const PATH = `${join(folder.path, "tools")}:${Deno.env.get("PATH")}`;
    const env = { ADDRESSES, PATH, AZU_VERSION: wanted, AZU_INSTALL_DIR: "p/bin" };
    const { code, stderr } = await runIn(folder.path, [script], env);
    strictEqual(code, 0, stderr);
    const releases = "https://github.com/azutoolkit/azu-sessions/releases";
    const base = `${releases}/${wanted === "latest" ? "latest/download" : "download/v0.1.0"}`;
    strictEqual(
      await Deno.readTextFile(ADDRESSES),
      `${base}/SHA256SUMS\n${base}/${archived}\n`,
    );
    deepStrictEqual(await readTree(join(folder.path, "p")), { "bin/azu": standIn, ...shared });
    deepStrictEqual(await readTree(join(folder.path, "tmp")), {});
  });
}

Deno.test("install.sh says that a release has no archive for this machine", async () => {
  await using folder = await scratch({ "tools/curl": curl, "released/SHA256SUMS": "" });
  const PATH = `${join(folder.path, "tools")}:${Deno.env.get("PATH")}`;
  const env = { ADDRESSES: "/dev/null", PATH, AZU_INSTALL_DIR: "bin" };
  const { code, stderr } = await runIn(folder.path, [script], env);
  strictEqual(code, 1);
  match(stderr, /The release has no archive for /);
});
