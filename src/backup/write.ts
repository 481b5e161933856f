/** Writes a backup file. */
import type { StoredSession } from "../backends/stored.ts";
import { OperationError } from "../core/errors.ts";
import { encryptTo } from "./age.ts";
import type { BackupHeader } from "./format.ts";
import { gzipTo } from "./gzip.ts";
import { PartialFile } from "./partial_file.ts";
import { openBackup, type ReadOptions } from "./read.ts";
import { RecordWriter } from "./record_writer.ts";

export interface BackupOptions {
  readonly header: BackupHeader;
  /** With which the file is encrypted; not at all if it is undefined. */
  readonly passphrase: string | undefined;
  /** Whether a file that exists is replaced. */
  readonly overwrite: boolean;
}

/** A backup that is being written. Unless it is finished, disposing of it leaves no file. */
export interface BackupWriter extends AsyncDisposable {
  /**
   * @returns those of the sessions that are too large for a backup: they are left out.
   * @throws {OperationError} if it cannot be written.
   */
  write(sessions: readonly StoredSession[]): Promise<readonly StoredSession[]>;
  /**
   * Makes the file appear under its name, once it is complete, safe on the disk, and verified: it is
   * read again, and must contain exactly what was written.
   */
  finish(options?: ReadOptions): Promise<{ readonly sessions: number }>;
}

/**
 * Begins a backup.
 * @throws {UsageError} if there is something at `path` that it may not replace.
 */
export async function createBackup(path: string, options: BackupOptions): Promise<BackupWriter> {
  const { header, passphrase, overwrite } = options;
  await using stack = new AsyncDisposableStack();
  const file = stack.use(await PartialFile.create(path, overwrite));
  const encryption = passphrase === undefined ? undefined : await encryptTo(file, passphrase);
  const sink = gzipTo(encryption ?? file);
  const records = new RecordWriter();
  const write = async (chunks: Iterable<Uint8Array>) => {
    for (const chunk of chunks) await sink.write(chunk);
  };
  await write(records.header(header));
  const opened = stack.move();
  return {
    async write(sessions) {
      const tooLarge: StoredSession[] = [];
      await write(records.sessions(sessions, tooLarge));
      return tooLarge;
    },
    async finish(options = {}) {
      await write(records.trailer());
      await sink.close();
      if (!await hasWritten(file.partial, encryption?.fileKey, records, options)) {
        throw new OperationError(`The backup ${path} cannot be read again after it was written`, {
          hint: "Check the disk, and run the command again",
        });
      }
      await file.publish();
      return { sessions: records.count };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/**
 * Whether a file contains exactly the records that were written: it has their checksum.
 * @param fileKey Authenticates the header too. To derive it from the passphrase again would show
 *   nothing more, and take 64 MiB once more.
 */
async function hasWritten(
  path: string,
  fileKey: Uint8Array | undefined,
  { count, sha256 }: RecordWriter,
  options: ReadOptions,
): Promise<boolean> {
  try {
    using backup = await openBackup(path, fileKey, options);
    return backup.count === count && backup.sha256 === sha256;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof OperationError) return false; // it has another path in its message
    throw error;
  }
}
