/** A file that is not whole is refused before anything is given out, and the reason is stated. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { openBackup } from "../../src/backup/read.ts";
import { tempDir } from "../support/temp.ts";
import { PASSPHRASE, quickBackup, readBackup, refusal, session, sessions } from "./backups.ts";

function flipped(bytes: Uint8Array, at: number, bits: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (bytes[at] ?? 0) ^ bits;
  return copy;
}

function* cuts(bytes: Uint8Array): Generator<Uint8Array> {
  for (let part = 0; part < 200; part++) {
    yield bytes.subarray(0, Math.floor(bytes.length * part / 200));
  }
  for (let missing = 1; missing <= 40; missing++) yield bytes.subarray(0, -missing);
}

Deno.test("each changed byte of an encrypted file is noticed", async () => {
  await using folder = await tempDir();
  const bytes = await quickBackup(sessions(20), PASSPHRASE);
  for (let at = 0; at < bytes.length; at++) {
    for (const bits of [1 << (at % 8), 0xff]) {
      await refusal(folder, flipped(bytes, at, bits), PASSPHRASE);
    }
  }
});

Deno.test("a changed byte of an unencrypted file is noticed, or changes no session", async () => {
  await using folder = await tempDir();
  const stored = sessions(20);
  const bytes = await quickBackup(stored, undefined);
  const path = join(folder.path, "changed.azu");
  let harmless = 0;
  for (let at = 0; at < bytes.length; at++) {
    for (const bits of [1 << (at % 8), 0xff]) {
      const changed = flipped(bytes, at, bits);
      await Deno.writeFile(path, new Uint8Array(changed));
      const read = await readBackup(path, undefined).catch(() => undefined);
      if (read === undefined) continue;
      deepStrictEqual(read.map(({ id }) => id), stored.map(({ id }) => id));
      deepStrictEqual(gunzipSync(changed), gunzipSync(bytes));
      harmless++;
    }
  }
  // The time and the system in the header of gzip, and unused bits.
  ok(harmless < 20, `${harmless}`);
});

Deno.test("a file that is altered after it was verified is refused when it is read", async () => {
  await using folder = await tempDir();
  const path = join(folder.path, "changing.azu");
  const bytes = await quickBackup(sessions(3000), PASSPHRASE);
  await Deno.writeFile(path, new Uint8Array(bytes));
  using backup = await openBackup(path, PASSPHRASE);
  await Deno.writeFile(path, new Uint8Array(flipped(bytes, bytes.length - 1, 1)));
  await rejects(Array.fromAsync(backup.sessions()), { name: "OperationError", message: /altered/ });
});

for (const passphrase of [PASSPHRASE, undefined]) {
  const how = passphrase === undefined ? "unencrypted" : "encrypted";

  Deno.test(`a truncated file is refused wherever it ends, ${how}`, async () => {
    await using folder = await tempDir();
    for (const count of [3, 3000]) {
      for (const part of cuts(await quickBackup(sessions(count), passphrase))) {
        const { message } = await refusal(folder, part, part.length === 0 ? undefined : passphrase);
        match(message, /truncated|is empty|is not a backup/);
      }
    }
  });

  Deno.test(`anything behind the end is refused, ${how}`, async () => {
    await using folder = await tempDir();
    const bytes = await quickBackup(sessions(3), passphrase);
    for (const more of [Buffer.alloc(1), Buffer.alloc(70_000), Buffer.from("\n"), gzipSync("")]) {
      await refusal(folder, Buffer.concat([bytes, more]), passphrase);
    }
    await refusal(folder, Buffer.concat([bytes, bytes]), passphrase);
  });

  Deno.test(`chunks in another order are refused, ${how}`, async () => {
    await using folder = await tempDir();
    const random = Array.from({ length: 8 }, (_, number) => ({
      ...session(number),
      payload: crypto.getRandomValues(new Uint8Array(60_000)),
    }));
    const bytes = await quickBackup(random, passphrase);
    const chunk = 65_552;
    const start = bytes.length % chunk;
    const parts = [0, 2, 1, 3].map((index) =>
      bytes.subarray(start + index * chunk).subarray(0, chunk)
    );
    const moved = Buffer.concat([
      bytes.subarray(0, start),
      ...parts,
      bytes.subarray(start + 4 * chunk),
    ]);
    strictEqual(moved.length, bytes.length);
    match((await refusal(folder, moved, passphrase)).message, /was altered or damaged/);
  });
}
