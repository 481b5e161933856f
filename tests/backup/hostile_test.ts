/** Files that somebody has made up, and things that are not files. */
import { match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openBackup } from "../../src/backup/read.ts";
import { ExitCode } from "../../src/core/errors.ts";
import { tempDir } from "../support/temp.ts";
import {
  HEADER,
  PASSPHRASE,
  quickBackup,
  refusal,
  refusalOf,
  sessions,
  writeBackup,
} from "./backups.ts";

const FIRST = { format: "azu-backup", version: 1, ...HEADER };
const RECORD = {
  id: "canary-id",
  bytes: 2,
  expiresAt: null,
  createdAt: null,
  visitedAt: null,
  user: null,
  ip: null,
  userAgent: null,
};

const lines = [FIRST, RECORD, "{}"];
const end = {
  sessions: 1,
  sha256: createHash("sha256").update(textOf(lines)).digest("hex"),
};
const newer = { ...FIRST, version: 2 };

/** Each line is an object, or a text. */
function textOf(lines: readonly unknown[]): string {
  const texts = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line));
  return texts.map((text) => `${text}\n`).join("");
}

/** An unencrypted file of these lines. */
function fileOf(...lines: readonly unknown[]): Uint8Array {
  return gzipSync(textOf(lines));
}

Deno.test("a made-up file is accepted if it is right, so that the others are refused rightly", async () => {
  await using folder = await tempDir();
  const path = join(folder.path, "made-up.azu");
  await Deno.writeFile(path, new Uint8Array(fileOf(...lines, end)));
  using backup = await openBackup(path, undefined);
  strictEqual(backup.count, 1);
});

for (
  const [what, contents, message] of [
    ["a newer format", [newer, "?"], /has format 2, which this version of azu does not know/],
    ["another format", [{ ...FIRST, format: "tar" }], /is not a backup/],
    ["an older version", [{ ...FIRST, version: 0 }], /is not a backup/],
    ["a header without a source", [{ ...FIRST, source: undefined }], /is not a backup/],
    ["nothing", [], /truncated/],
    ["text", ["canary-payload"], /is not a backup/],
    ["null", ["null"], /is not a backup/],
    ["no trailer", lines, /truncated/],
    ["too large a number", [...lines, { ...end, sessions: 2 }], /altered/],
    ["another checksum", [...lines, { ...end, sha256: "canary-id" }], /altered/],
    ["a session behind the end", [...lines, end, RECORD, "{}"], /behind its end/],
    ["a session without an id", [FIRST, { ...RECORD, id: undefined }, "{}"], /altered/],
    ["a session with a number as id", [FIRST, { ...RECORD, id: 1 }, "{}"], /altered/],
    ["a text as time", [FIRST, { ...RECORD, expiresAt: "soon" }, "{}"], /altered/],
    ["a negative size", [FIRST, { ...RECORD, bytes: -1 }, "{}"], /altered/],
    ["a size with a fraction", [FIRST, { ...RECORD, bytes: 1.5 }, "{}"], /altered/],
    ["an immense size", [FIRST, { ...RECORD, bytes: 1e15 }, "{}"], /altered/],
    ["a size that is too small", [FIRST, { ...RECORD, bytes: 1 }, "{}", end], /altered/],
    ["a size that is too large", [FIRST, { ...RECORD, bytes: 9999 }, "{}", end], /truncated/],
  ] as const
) {
  Deno.test(`refused: ${what}`, async () => {
    await using folder = await tempDir();
    match((await refusal(folder, fileOf(...contents), undefined)).message, message);
  });
}

const MEBIBYTE = 1024 * 1024;

Deno.test("a file that unpacks to much more takes little memory", async () => {
  await using folder = await tempDir();
  const size = 500 * MEBIBYTE;
  const payload = textOf([FIRST, { ...RECORD, bytes: 20_000_000 }]);
  for (const start of ["", payload]) {
    const path = join(folder.path, "bomb.azu");
    await Deno.writeFile(path, gzipSync(Buffer.concat([Buffer.from(start)], size), { level: 1 }));
    const { message, grown } = await openedInProcess(path);
    match(message ?? "", /bomb\.azu (?:is not a backup|was altered)/);
    ok(grown < 150 * MEBIBYTE, `${grown}`);
  }
});

/** Opens a file in a process of its own: why it was refused, and how many bytes that took. */
async function openedInProcess(path: string): Promise<{ message?: string; grown: number }> {
  const program = `
    import { openBackup } from ${JSON.stringify(import.meta.resolve("../../src/backup/read.ts"))};
    const rss = () => Deno.memoryUsage().rss;
    const before = rss();
    let most = before;
    const progress = () => most = Math.max(most, rss());
    const message = await openBackup(${JSON.stringify(path)}, undefined, { progress })
      .then(() => undefined, (error) => error.message);
    progress();
    console.log(JSON.stringify({ message, grown: most - before }));
  `;
  const file = `${path}.ts`;
  await Deno.writeTextFile(file, program);
  const config = join(import.meta.dirname ?? "", "../../deno.json");
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--no-check", "--config", config, file],
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("a file that asks for much memory to derive its key is refused", async () => {
  await using folder = await tempDir();
  const bytes = await quickBackup(sessions(3), PASSPHRASE);
  const text = Buffer.from(bytes).toString("latin1");
  for (const factor of ["19", "30", "63", "99"]) {
    const changed = text.replace(/(-> scrypt \S+) 1\n/, `$1 ${factor}\n`);
    const start = performance.now();
    const error = await refusal(folder, Buffer.from(changed, "latin1"), PASSPHRASE);
    match(error.message, /asks for more memory than azu uses/);
    ok(performance.now() - start < 10_000);
  }
});

Deno.test("random bytes are not a backup, whatever they begin with", async () => {
  await using folder = await tempDir();
  const starts = ["", "\x1f\x8b", "\x1f\x8b\x08\x00", "age-encryption.org/v1\n", "{", "\n"];
  for (let run = 0; run < 300; run++) {
    const start = Buffer.from(starts[run % starts.length] ?? "", "latin1");
    const rest = crypto.getRandomValues(new Uint8Array(run * 7));
    const passphrase = String(start).startsWith("age") ? PASSPHRASE : undefined;
    await refusal(folder, Buffer.concat([start, rest]), passphrase);
  }
});

Deno.test("the wrong passphrase, none, and one too many", async () => {
  await using folder = await tempDir();
  const bytes = await quickBackup(sessions(3), PASSPHRASE);
  for (const wrong of ["", `${PASSPHRASE} `, PASSPHRASE.toUpperCase()]) {
    const error = await refusal(folder, bytes, wrong);
    match(error.message, /does not open with this passphrase/);
    strictEqual(error.exitCode, ExitCode.failed);
  }
  const missing = await refusal(folder, bytes, undefined);
  match(missing.message, /is encrypted, and no passphrase is given/);
  strictEqual(missing.exitCode, ExitCode.usage);
  const plain = await quickBackup(sessions(3), undefined);
  const superfluous = await refusal(folder, plain, PASSPHRASE);
  match(superfluous.message, /is not encrypted, although a passphrase is given/);
  strictEqual(superfluous.exitCode, ExitCode.usage);
});

Deno.test("what is not a file is refused, without waiting for it", async () => {
  await using folder = await tempDir();
  const fifo = join(folder.path, "fifo");
  const { success } = await new Deno.Command("mkfifo", { args: [fifo] }).output();
  ok(success);
  for (const path of [folder.path, fifo, "/dev/zero"]) {
    match((await refusalOf(path, undefined)).message, /is not a file/);
  }
  const missing = join(folder.path, "missing.azu");
  match((await refusalOf(missing, undefined)).message, /^There is no file/);
  match((await refusalOf(join(missing, "below"), undefined)).message, /^There is no file/);
});

Deno.test("an interruption ends the verification, and the reading", async () => {
  await using folder = await tempDir();
  const path = await writeBackup(folder.path, sessions(20_000), undefined);
  const reason = new Error("interrupted");
  await rejects(openBackup(path, undefined, { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const verified: number[] = [];
  using backup = await openBackup(path, undefined, {
    signal: controller.signal,
    progress: (bytes, size) => verified.push(bytes / size),
  });
  strictEqual(verified.at(-1), 1);
  controller.abort(reason);
  await rejects(Array.fromAsync(backup.sessions()), reason);
});
