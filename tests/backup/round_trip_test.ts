/** What is written is read, whatever it is. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import type { StoredSession } from "../../src/backends/stored.ts";
import { isEncrypted, openBackup } from "../../src/backup/read.ts";
import { createBackup } from "../../src/backup/write.ts";
import { tempDir } from "../support/temp.ts";
import { HEADER, PASSPHRASE, readBackup, session, sessions, writeBackup } from "./backups.ts";

const time = fc.option(fc.integer({ min: -8.64e15, max: 8.64e15 }));
const text = fc.string({ unit: "binary" });
const anySession: fc.Arbitrary<StoredSession> = fc.record({
  id: text,
  payload: fc.uint8Array({ maxLength: 300 }),
  expiresAt: time,
  createdAt: time,
  visitedAt: time,
  user: fc.option(text),
  ip: fc.option(text),
  userAgent: fc.option(text),
});

/** With payloads as plain bytes, whatever class holds them. */
function plain(stored: readonly StoredSession[]) {
  return stored.map((session) => ({ ...session, payload: [...session.payload] }));
}

Deno.test("any sessions are read as they were written", async () => {
  await using folder = await tempDir();
  let files = 0;
  const property = fc.asyncProperty(fc.array(fc.array(anySession)), async (batches) => {
    const path = join(folder.path, `${files++}.azu`);
    const options = { header: HEADER, passphrase: undefined, overwrite: false };
    await using backup = await createBackup(path, options);
    for (const batch of batches) await backup.write(batch);
    deepStrictEqual(await backup.finish(), { sessions: batches.flat().length });
    deepStrictEqual(plain(await readBackup(path, undefined)), plain(batches.flat()));
  });
  await fc.assert(property, { numRuns: 300 });
});

for (const passphrase of [PASSPHRASE, undefined]) {
  const how = passphrase === undefined ? "unencrypted" : "encrypted";

  for (const count of [0, 1, 100_000]) {
    Deno.test(`${count} sessions, ${how}`, async () => {
      await using folder = await tempDir();
      const path = await writeBackup(folder.path, sessions(count), passphrase);
      strictEqual(await isEncrypted(path), passphrase !== undefined);
      using backup = await openBackup(path, passphrase);
      deepStrictEqual(backup.header, HEADER);
      strictEqual(backup.count, count);
      let index = 0;
      for await (const batch of backup.sessions()) {
        for (const read of batch) deepStrictEqual(plain([read]), plain([session(index++)]));
      }
      strictEqual(index, count);
    });
  }

  Deno.test(`payloads that are larger than a chunk, ${how}`, async () => {
    await using folder = await tempDir();
    const sizes = [0, 65_535, 65_536, 65_537, 5_000_000, 1];
    const large = sizes.map((size, index) => ({ ...session(index), payload: random(size) }));
    const path = await writeBackup(folder.path, large, passphrase);
    const digests = (stored: readonly StoredSession[]) => {
      return stored.map(({ payload }) => createHash("sha256").update(payload).digest("hex"));
    };
    deepStrictEqual(digests(await readBackup(path, passphrase)), digests(large));
  });
}

Deno.test("sessions that no reader could hold are left out, and named", async () => {
  await using folder = await tempDir();
  const path = join(folder.path, "backup.azu");
  const large = [
    { ...session(0), payload: new Uint8Array(64 * 1024 * 1024 + 1) },
    { ...session(1), userAgent: "x".repeat(1024 * 1024) },
  ];
  await using backup = await createBackup(path, {
    header: HEADER,
    passphrase: undefined,
    overwrite: false,
  });
  deepStrictEqual(await backup.write([...large, session(2)]), large);
  await backup.finish();
  deepStrictEqual((await readBackup(path, undefined)).map(({ id }) => id), [session(2).id]);
});

Deno.test("an encrypted file contains nothing of its contents", async () => {
  await using folder = await tempDir();
  const path = await writeBackup(folder.path, sessions(10), PASSPHRASE);
  const bytes = new TextDecoder("latin1").decode(await Deno.readFile(path));
  ok(!/canary|example|azu-backup/.test(bytes));
});

function random(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}
