/** Backups for tests. */
import { ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import type { StoredSession } from "../../src/backends/stored.ts";
import { encryptTo } from "../../src/backup/age.ts";
import { gzipTo } from "../../src/backup/gzip.ts";
import { openBackup } from "../../src/backup/read.ts";
import { RecordWriter } from "../../src/backup/record_writer.ts";
import type { Sink } from "../../src/backup/sink.ts";
import { createBackup } from "../../src/backup/write.ts";
import { AzuError } from "../../src/core/errors.ts";
import type { TempDir } from "../support/temp.ts";

export const PASSPHRASE = "canary passphrase ünd more";

export const HEADER = {
  createdAt: "2026-11-28T10:00:00.000Z",
  environment: "production",
  source: "redis://cache.example:6379/0 (keys session:*)",
  azu: "0.2.0",
};

/** Parts of each session below, which no message may contain. */
export const CANARIES = ["canary-id", "canary-payload", "canary passphrase"];

export function session(number: number): StoredSession {
  const id = `canary-id-${number}`;
  return {
    id,
    payload: new TextEncoder().encode(`{"session_id":"${id}","data":"canary-payload"}`),
    expiresAt: 1_800_000_000_000 + number,
    createdAt: 1_700_000_000_000 + number,
    visitedAt: null,
    user: number % 2 === 0 ? null : `user ${number}`,
    ip: "192.0.2.1",
    userAgent: "Mozilla/5.0",
  };
}

export function sessions(count: number): StoredSession[] {
  return Array.from({ length: count }, (_, number) => session(number));
}

/** Writes a backup into a folder, and returns its path. */
export async function writeBackup(
  folder: string,
  stored: readonly StoredSession[],
  passphrase: string | undefined,
): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.azu`);
  await using backup = await createBackup(path, { header: HEADER, passphrase, overwrite: false });
  await backup.write(stored);
  await backup.finish();
  return path;
}

/** The sessions of a backup. */
export async function readBackup(
  path: string,
  passphrase: string | undefined,
): Promise<StoredSession[]> {
  using backup = await openBackup(path, passphrase);
  return (await Array.fromAsync(backup.sessions())).flat();
}

/** The bytes of a backup whose passphrase takes no time to try. */
export async function quickBackup(
  stored: readonly StoredSession[],
  passphrase: string | undefined,
): Promise<Uint8Array> {
  const memory = new Memory();
  const target = passphrase === undefined ? memory : await encryptTo(memory, passphrase, 1);
  const sink = gzipTo(target);
  const records = new RecordWriter();
  for (const chunk of records.header(HEADER)) await sink.write(chunk);
  for (const chunk of records.sessions(stored, [])) await sink.write(chunk);
  for (const chunk of records.trailer()) await sink.write(chunk);
  await sink.close();
  return memory.bytes();
}

/** Keeps what is written. */
export class Memory implements Sink {
  readonly #chunks: Uint8Array[] = [];

  write(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(new Uint8Array(chunk)); // a copy
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}

/** The error with which a file is refused: a sentence that a user understands, without secrets. */
export async function refusal(
  folder: TempDir,
  bytes: Uint8Array,
  passphrase: string | undefined,
): Promise<AzuError> {
  const path = join(folder.path, "refused.azu");
  await Deno.writeFile(path, new Uint8Array(bytes));
  return await refusalOf(path, passphrase);
}

/** The same for a file that is there. */
export async function refusalOf(path: string, passphrase: string | undefined): Promise<AzuError> {
  try {
    using _backup = await openBackup(path, passphrase);
  } catch (error) {
    ok(error instanceof AzuError, String(error));
    const shown = Deno.inspect(error);
    for (const canary of CANARIES) ok(!shown.includes(canary), shown);
    ok(error.message.includes(path), error.message);
    return error;
  }
  throw new Error("it was accepted");
}
