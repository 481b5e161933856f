/** The files for Homebrew and Scoop, as far as they can be tested without the two. */
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { join } from "node:path";
import * as v from "valibot";
import { formula } from "../../scripts/package/homebrew.ts";
import { SUMMARY } from "../../scripts/package/release.ts";
import { manifest } from "../../scripts/package/scoop.ts";
import { archiveName, TARGETS } from "../../scripts/targets.ts";
import { needs, service } from "../support/env.ts";
import { tempDir, writeTree } from "../support/temp.ts";

const VERSION = "1.2.3";
const BASE = `https://github.com/azutoolkit/azu-sessions/releases/download/v${VERSION}`;
/** A different hash for each archive. */
const hashes = new Map(
  TARGETS.map((target, index) => [archiveName(VERSION, target), `${index}`.repeat(64)]),
);

for (const [system, os] of [["macos", "apple-darwin"], ["linux", "unknown-linux-gnu"]] as const) {
  for (const [processor, cpu] of [["arm", "aarch64"], ["intel", "x86_64"]] as const) {
    Deno.test(`the formula installs azu on ${system} (${processor})`, needs("ruby"), async () => {
      await using folder = await tempDir("azu formula ");
      await writeTree(folder.path, {
        "azu-sessions.rb": formula(VERSION, hashes),
        "unpacked/azu": "",
        "unpacked/completions/azu.bash": "",
        "unpacked/completions/_azu": "",
        "unpacked/completions/azu.fish": "",
        "unpacked/man/man1/azu.1": "",
        "unpacked/man/man1/azu-session-clear.1": "",
      });
      const evaluate = join(import.meta.dirname ?? "", "formula.rb");
      const paths = [join(folder.path, "azu-sessions.rb"), system, processor];
      const { code, stdout, stderr } = await new Deno.Command(service("ruby"), {
        args: ["-w", evaluate, ...paths, join(folder.path, "prefix")],
        cwd: join(folder.path, "unpacked"),
      }).output();
      const decoder = new TextDecoder();
      deepStrictEqual([code, decoder.decode(stderr)], [0, ""]);
      const name = `azu-${VERSION}-${cpu}-${os}.tar.gz`;
      deepStrictEqual(decoder.decode(stdout).trim().split("\n"), [
        `desc=${SUMMARY}`,
        "homepage=https://github.com/azutoolkit/azu-sessions",
        `version=${VERSION}`,
        "license=MIT",
        `url=${BASE}/${name}`,
        `sha256=${hashes.get(name)}`,
        "bin/azu",
        "etc/bash_completion.d/azu",
        "share/fish/vendor_completions.d/azu.fish",
        "share/man/man1/azu-session-clear.1",
        "share/man/man1/azu.1",
        "share/zsh/site-functions/_azu",
      ]);
    });
  }
}

Deno.test("the summary is as Homebrew asks for", () => {
  ok(SUMMARY.length < 80, `${SUMMARY.length} characters`);
  match(SUMMARY, /^(?!An? |The |Azu)[A-Z].*[^.]$/);
});

/** The keys of Scoop's schema that the manifest uses. */
const ScoopSchema = v.strictObject({
  version: v.literal(VERSION),
  description: v.string(),
  homepage: v.pipe(v.string(), v.url()),
  license: v.literal("MIT"),
  architecture: v.strictObject({
    "64bit": v.strictObject({
      url: v.pipe(v.string(), v.url()),
      hash: v.pipe(v.string(), v.hash(["sha256"])),
      extract_dir: v.string(),
    }),
  }),
  bin: v.literal("azu.exe"),
  checkver: v.strictObject({ github: v.string() }),
  autoupdate: v.strictObject({
    architecture: v.strictObject({
      "64bit": v.strictObject({ url: v.string(), extract_dir: v.string() }),
    }),
    hash: v.strictObject({ url: v.string() }),
  }),
});

Deno.test("the manifest for Scoop names the archive for Windows", () => {
  const found = v.parse(ScoopSchema, JSON.parse(manifest(VERSION, hashes)));
  const windows = found.architecture["64bit"];
  const folder = `azu-${VERSION}-x86_64-pc-windows-msvc`;
  strictEqual(windows.url, `${BASE}/${folder}.zip`);
  strictEqual(windows.hash, hashes.get(`${folder}.zip`));
  strictEqual(windows.extract_dir, folder);
  // What Scoop makes of the next version.
  const next = found.autoupdate.architecture["64bit"];
  strictEqual(next.url.replaceAll("$version", VERSION), windows.url);
  strictEqual(next.extract_dir.replaceAll("$version", VERSION), folder);
});

Deno.test("neither is made without the hash of an archive", () => {
  throws(() => formula(VERSION, new Map()), /no hash of azu-1\.2\.3-aarch64-apple-darwin/);
  throws(() => manifest(VERSION, new Map()), /no hash of azu-1\.2\.3-x86_64-pc-windows/);
});
