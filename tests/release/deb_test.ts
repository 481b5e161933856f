/** The `.deb` with a stand-in for azu. tests/binary/packages_test.ts installs the real one. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import type { Entry } from "../../scripts/package/archive.ts";
import { buildDeb, debName } from "../../scripts/package/deb.ts";
import { readLicense } from "../../scripts/package/license.ts";
import { TARGETS } from "../../scripts/targets.ts";
import { which } from "../support/servers/programs.ts";
import { tempDir } from "../support/temp.ts";

// Debian always has it.
const onDebian = { ignore: which("dpkg-deb") === undefined };
const release = { version: "1.2.3-rc.1", time: 1_795_862_064 };
const LICENSE = join(import.meta.dirname ?? "", "../../LICENSE");
const license = readLicense(await Deno.readTextFile(LICENSE));

const encoder = new TextEncoder();
const entries: readonly Entry[] = [
  { path: "azu", bytes: encoder.encode("a program"), executable: true },
  { path: "README.md", bytes: encoder.encode("not in a .deb") },
  { path: "completions/azu.bash", bytes: encoder.encode("completions") },
  { path: "completions/azu.ps1", bytes: encoder.encode("not in a .deb") },
  { path: "man/man1/azu.1", bytes: encoder.encode("a page") },
];

async function query(...args: string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command("dpkg-deb", { args }).output();
  strictEqual(success, true, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

for (const [debian, cpu] of [["amd64", "x86_64"], ["arm64", "aarch64"]] as const) {
  Deno.test(`the .deb for ${debian} says what it is`, onDebian, async () => {
    const target = TARGETS.find(({ triple }) => triple === `${cpu}-unknown-linux-gnu`);
    if (target === undefined) throw new Error(`no target for ${cpu}`);
    strictEqual(debName(release.version, target), `azu-sessions_1.2.3-rc.1_${debian}.deb`);
    await using folder = await tempDir("azu-deb-");
    const output = join(folder.path, "azu.deb");
    await buildDeb({ release, target, entries, license, output });
    strictEqual(
      await query("--show", "--showformat=${Package} ${Version} ${Architecture}\n", output),
      `azu-sessions 1.2.3~rc.1 ${debian}\n`,
    );
    const lines = (await query("--contents", output)).trim().split("\n");
    const files = lines.filter((line) => line.startsWith("-"));
    deepStrictEqual(files.map((line) => line.split(" ").at(-1)), [
      "./usr/bin/azu",
      "./usr/share/bash-completion/completions/azu",
      "./usr/share/doc/azu-sessions/changelog.gz",
      "./usr/share/doc/azu-sessions/copyright",
      "./usr/share/lintian/overrides/azu-sessions",
      "./usr/share/man/man1/azu.1.gz",
    ]);
    match(files[0] ?? "", /^-rwxr-xr-x root\/root /);
    match(files[1] ?? "", /^-rw-r--r-- root\/root /);

    const again = join(folder.path, "again.deb");
    await buildDeb({ release, target, entries: entries.toReversed(), license, output: again });
    deepStrictEqual(await Deno.readFile(again), await Deno.readFile(output));
  });
}
