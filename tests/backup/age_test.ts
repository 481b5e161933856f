/** The encryption is that of age: its own test vectors, and the program `age` in both directions. */
import { match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import * as vectors from "cctv-age";
import {
  decrypt,
  encryptTo,
  fileKeyIn,
  LONGEST_HEADER,
  parseHeader,
} from "../../src/backup/age.ts";
import { Unusable } from "../../src/backup/unusable.ts";
import { blocksIn, readPage } from "../docs/page.ts";
import { runAzuOnTerminal } from "../support/cli.ts";
import { needs, service } from "../support/env.ts";
import { which } from "../support/servers/programs.ts";
import { tempDir } from "../support/temp.ts";
import {
  CANARIES,
  HEADER,
  Memory,
  PASSPHRASE,
  readBackup,
  sessions,
  writeBackup,
} from "./backups.ts";

/** A file of age, and what its makers say about it. */
interface Vector {
  readonly about: Readonly<Record<string, string>>;
  readonly file: Buffer;
}

function vector(bytes: Uint8Array): Vector {
  const all = Buffer.from(bytes);
  const end = all.indexOf("\n\n");
  const lines = all.toString("utf8", 0, end).split("\n").map((line) => line.split(": "));
  const about: Record<string, string> = Object.fromEntries(lines);
  const file = all.subarray(end + 2);
  return { about, file: about.compressed === "zlib" ? inflateSync(file) : file };
}

/** The hash of all that is given out, and whether that was everything. */
async function decrypted(file: Buffer, start: number, fileKey: Uint8Array) {
  const hash = createHash("sha256");
  const read = (at: number, length: number) => Promise.resolve(file.subarray(at, at + length));
  try {
    for await (const chunk of decrypt(read, start, file.length, fileKey)) hash.update(chunk);
    return { isWhole: true, hash: hash.digest("hex") };
  } catch (error) {
    ok(error instanceof Unusable, String(error));
    return { isWhole: false, hash: hash.digest("hex") };
  }
}

function named(start: string): [string, Vector][] {
  const all = Object.entries(vectors).filter(([name]) => name.startsWith(start));
  ok(all.length > 15);
  return all.map(([name, bytes]) => [name, vector(bytes)]);
}

for (const [name, { about, file }] of named("scrypt")) {
  Deno.test(`test vector ${name}: ${about.expect}`, async () => {
    const open = async () => {
      const header = parseHeader(file.subarray(0, LONGEST_HEADER));
      return { header, fileKey: await fileKeyIn(header, about.passphrase ?? "") };
    };
    if (about.expect !== "success") return await rejects(open, Unusable);
    const { header, fileKey } = await open();
    strictEqual(Buffer.from(fileKey).toString("hex"), about["file key"]);
    const payload = await decrypted(file, header.size, fileKey);
    strictEqual(payload.isWhole, true);
    strictEqual(payload.hash, about.payload);
  });
}

for (const [name, { about, file }] of named("stream")) {
  Deno.test(`test vector ${name}: ${about.expect}`, async () => {
    const start = file.indexOf("\n", file.indexOf("\n--- ") + 1) + 1;
    const payload = await decrypted(file, start, Buffer.from(about["file key"] ?? "", "hex"));
    strictEqual(payload.isWhole, about.expect === "success");
    if (payload.isWhole) strictEqual(payload.hash, about.payload);
  });
}

Deno.test("contents that end at the end of a chunk, or near it", async () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 131_073]) {
    const memory = new Memory();
    const plain = crypto.getRandomValues(new Uint8Array(1000));
    const hash = createHash("sha256");
    const sink = await encryptTo(memory, PASSPHRASE, 1);
    for (let at = 0; at < size; at += plain.length) {
      const part = plain.subarray(0, Math.min(plain.length, size - at));
      hash.update(part);
      await sink.write(part);
    }
    await sink.close();
    const file = Buffer.from(memory.bytes());
    const header = parseHeader(file.subarray(0, LONGEST_HEADER));
    const read = await decrypted(file, header.size, await fileKeyIn(header, PASSPHRASE));
    strictEqual(read.isWhole, true);
    strictEqual(read.hash, hash.digest("hex"));
  }
});

/** Runs the program `age`, which asks for the passphrase at the terminal. */
async function runAge(folder: string, args: string[], questions: readonly string[]) {
  const { code, output } = await runAzuOnTerminal(args, {
    subject: service("age"),
    cwd: folder,
    answer: questions.map((waitFor) => ({ waitFor, type: `${PASSPHRASE}\n` })),
  });
  strictEqual(code, 0, output);
}

const withAge = needs("age", "script");

Deno.test("azu reads what age has encrypted", withAge, async () => {
  await using folder = await tempDir();
  const plain = await writeBackup(folder.path, sessions(1000), undefined);
  const path = join(folder.path, "by-age.azu");
  const asked = ["Enter passphrase", "Confirm passphrase"];
  await runAge(folder.path, ["--passphrase", "--output", path, plain], asked);
  const read = await readBackup(path, PASSPHRASE);
  strictEqual(read.length, 1000);
});

const withPython = { ignore: withAge.ignore || which("python3") === undefined };

Deno.test(
  "age, gunzip and the script on the page read what azu has encrypted",
  withPython,
  async () => {
    await using folder = await tempDir();
    const path = await writeBackup(folder.path, sessions(1000), PASSPHRASE);
    await runAge(folder.path, ["--decrypt", "--output", "backup.gz", path], ["Enter passphrase"]);
    const [script = ""] = blocksIn(readPage("explanation/backup-format.md"), "python");
    await Deno.writeTextFile(join(folder.path, "read_backup.py"), script);
    const { success, stdout } = await new Deno.Command("sh", {
      args: ["-c", "gunzip < backup.gz | python3 read_backup.py"],
      cwd: folder.path,
    }).output();
    ok(success);
    const printed = new TextDecoder().decode(stdout);
    match(printed, /^None 1800000000000 52\nuser 1 1800000000001 52\n/);
    ok(printed.endsWith(`\n1000 sessions from ${HEADER.source}\n`));
    for (const canary of CANARIES) ok(!printed.includes(canary));
  },
);
