/** Reads a backup file. */
import { Buffer } from "node:buffer";
import type { StoredSession } from "../backends/stored.ts";
import { OperationError, UsageError } from "../core/errors.ts";
import { AGE, checkKey, decrypt, fileKeyIn, LONGEST_HEADER, parseHeader } from "./age.ts";
import type { BackupHeader } from "./format.ts";
import { gunzip, GZIP } from "./gzip.ts";
import { InputFile } from "./input_file.ts";
import { RecordReader } from "./record_reader.ts";
import { Unusable } from "./unusable.ts";

/** A backup file that was verified as a whole. Disposing of it closes the file. */
export interface Backup extends Disposable {
  readonly header: BackupHeader;
  /** How many sessions there are. */
  readonly count: number;
  /** The SHA-256 of all records, in hexadecimal digits. */
  readonly sha256: string;
  /** The sessions in batches, in the order in which they were written. */
  sessions(): AsyncGenerator<readonly StoredSession[]>;
}

export interface ReadOptions {
  /** Ends reading with its reason. */
  readonly signal?: AbortSignal;
  /** Called while the file is verified, with the number of bytes so far and in all. */
  readonly progress?: (bytes: number, size: number) => void;
}

/** Whether a file needs a passphrase. */
export async function isEncrypted(path: string): Promise<boolean> {
  using file = await InputFile.open(path);
  return beginsWith(await startOf(file), AGE);
}

/**
 * Opens a backup after reading all of it once, so that nothing is given out of a file that is
 * truncated or was altered.
 * @param secret The passphrase, or the key of a file that was just written; undefined if the file
 *   is not encrypted.
 * @throws {UsageError} if there is no such file, or if a passphrase is missing or superfluous.
 * @throws {OperationError} if it is not a whole backup, or if the passphrase is wrong.
 */
export async function openBackup(
  path: string,
  secret: string | Uint8Array | undefined,
  { signal, progress }: ReadOptions = {},
): Promise<Backup> {
  using stack = new DisposableStack();
  const file = stack.use(await InputFile.open(path, signal));
  try {
    const packed = await packedIn(file, secret);
    const records = new RecordReader();
    for await (const chunk of gunzip(packed())) {
      records.push(chunk);
      progress?.(file.position, file.size);
    }
    const header = records.end();
    const opened = stack.move();
    return {
      header,
      count: records.count,
      sha256: records.sha256,
      sessions: () => sessionsIn(path, gunzip(packed())),
      [Symbol.dispose]: () => opened.dispose(),
    };
  } catch (error) {
    throw explained(path, error);
  }
}

/** Checks everything a second time: the file may have changed. */
async function* sessionsIn(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly StoredSession[]> {
  try {
    const records = new RecordReader();
    for await (const chunk of chunks) {
      const sessions = records.push(chunk);
      if (sessions.length > 0) yield sessions;
    }
    records.end();
  } catch (error) {
    throw explained(path, error);
  }
}

/** What gzip has packed in the file. Each call of the function reads it from its beginning. */
async function packedIn(
  file: InputFile,
  secret: string | Uint8Array | undefined,
): Promise<() => AsyncIterable<Uint8Array>> {
  const { path, size } = file;
  if (size === 0) throw new Unusable("is empty");
  const start = await startOf(file);
  if (beginsWith(start, AGE)) {
    if (secret === undefined) {
      throw new UsageError(`${path} is encrypted, and no passphrase is given`, {
        hint: "Set AZU_BACKUP_PASSPHRASE, or run azu at a terminal, where it asks",
      });
    }
    const header = parseHeader(start);
    if (typeof secret !== "string") checkKey(header, secret);
    const fileKey = typeof secret === "string" ? await fileKeyIn(header, secret) : secret;
    const read = (at: number, length: number) => file.read(at, length);
    return () => decrypt(read, header.size, size, fileKey);
  }
  if (!beginsWith(start, GZIP)) throw new Unusable("is not a backup that azu has written");
  // Otherwise, whoever can replace the file could have their own sessions restored.
  if (secret !== undefined) {
    throw new UsageError(`${path} is not encrypted, although a passphrase is given`, {
      hint: "If you trust the file, unset AZU_BACKUP_PASSPHRASE",
    });
  }
  return () => file.chunks();
}

function startOf(file: InputFile): Promise<Uint8Array> {
  return file.read(0, Math.min(LONGEST_HEADER, file.size));
}

function beginsWith(bytes: Uint8Array, start: string): boolean {
  return Buffer.from(bytes.subarray(0, start.length)).toString("latin1") === start;
}

function explained(path: string, error: unknown): unknown {
  if (!(error instanceof Unusable)) return error;
  return new OperationError(`${path} ${error.message}`, {
    hint: error.hint ?? "Use another copy of the backup",
  });
}
