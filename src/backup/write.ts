/** Writes a backup file. */
import type { StoredSession } from "../backends/stored.ts";
import { encryptTo } from "./age.ts";
import type { BackupHeader } from "./format.ts";
import { gzipTo } from "./gzip.ts";
import { PartialFile } from "./partial_file.ts";
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
  /** @throws {OperationError} if it cannot be written, or if a session is too large for a backup. */
  write(sessions: readonly StoredSession[]): Promise<void>;
  /** Makes the file appear under its name, once it is complete and safe on the disk. */
  finish(): Promise<{ readonly sessions: number }>;
}

/**
 * Begins a backup.
 * @throws {UsageError} if there is something at `path` that it may not replace.
 */
export async function createBackup(path: string, options: BackupOptions): Promise<BackupWriter> {
  const { header, passphrase, overwrite } = options;
  await using stack = new AsyncDisposableStack();
  const file = stack.use(await PartialFile.create(path, overwrite));
  const sealed = passphrase === undefined ? file : await encryptTo(file, passphrase);
  const sink = gzipTo(sealed);
  const records = new RecordWriter();
  const write = async (chunks: Iterable<Uint8Array>) => {
    for (const chunk of chunks) await sink.write(chunk);
  };
  await write(records.header(header));
  const opened = stack.move();
  return {
    write: (sessions) => write(records.sessions(sessions)),
    async finish() {
      await write(records.trailer());
      await sink.close();
      return { sessions: records.count };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
