/** Archives, read by the programs that users have. */
import { deepStrictEqual, notDeepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { type Entry, tarGz, zip } from "../../scripts/package/archive.ts";
import { needs } from "../support/env.ts";
import { readTree, tempDir } from "../support/temp.ts";

const encoder = new TextEncoder();
const entries: readonly Entry[] = [
  { path: "azu-1.0.0/man/man1/azu.1", bytes: encoder.encode("a page") },
  { path: "azu-1.0.0/azu", bytes: encoder.encode("a program"), executable: true },
  { path: "azu-1.0.0/completions/_azu", bytes: encoder.encode("completions") },
];
/** 2026-11-28 10:34:24 in UTC. */
const time = 1_795_862_064;
const formats = {
  "archive.tar.gz": { pack: tarGz, command: ["tar", "-xzpf"], ignore: false },
  "archive.zip": { pack: zip, command: ["unzip", "-q"], ...needs("unzip") },
};

for (const [name, { pack, command, ignore }] of Object.entries(formats)) {
  Deno.test(`${name} contains the files, with modes and time`, { ignore }, async () => {
    await using folder = await tempDir("azu archive ");
    await Deno.writeFile(join(folder.path, name), await pack(entries, time));
    const [program = "", ...args] = [...command, name];
    const unpacked = await new Deno.Command(program, {
      args,
      cwd: folder.path,
      env: { TZ: "UTC" },
    }).output();
    strictEqual(unpacked.code, 0, new TextDecoder().decode(unpacked.stderr));
    const top = join(folder.path, "azu-1.0.0");
    deepStrictEqual(await readTree(top), {
      azu: "a program",
      "completions/_azu": "completions",
      "man/man1/azu.1": "a page",
    });
    for (const [path, mode] of [["azu", 0o755], ["completions/_azu", 0o644]] as const) {
      const found = await Deno.stat(join(top, path));
      strictEqual((found.mode ?? 0) & 0o777, mode);
      strictEqual(found.mtime?.toISOString(), "2026-11-28T10:34:24.000Z");
    }
  });

  Deno.test(`${name} depends on the entries and the time only`, async () => {
    const one = await pack(entries, time);
    deepStrictEqual(await pack(entries.toReversed(), time), one);
    notDeepStrictEqual(await pack(entries.slice(1), time), one);
    // Another time zone needs another process.
    const script = `import { tarGz, zip } from ${JSON.stringify(scriptUrl())};
      const entries = JSON.parse(Deno.args[0]).map((it) => ({ ...it, bytes: Uint8Array.fromHex(it.bytes) }));
      const bytes = await ${pack.name}(entries, ${time});
      await Deno.stdout.write(bytes);`;
    const texts = entries.map((it) => ({ ...it, bytes: it.bytes.toHex() }));
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", script, JSON.stringify(texts)],
      cwd: join(import.meta.dirname ?? "", "../.."),
      env: { TZ: "Asia/Kolkata" },
      stderr: "inherit",
    }).output();
    deepStrictEqual(stdout, one);
  });
}

function scriptUrl(): string {
  return import.meta.resolve("../../scripts/package/archive.ts");
}
