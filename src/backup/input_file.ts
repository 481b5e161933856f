import { isMissing, messageOf, OperationError, UsageError } from "../core/errors.ts";
import { CHUNK } from "./sink.ts";
import { truncated } from "./unusable.ts";

/** A file that is read in parts, wherever they are. */
export class InputFile implements Disposable {
  /** Where the last part ended. */
  position = 0;

  private constructor(
    readonly path: string,
    readonly file: Deno.FsFile,
    /** Bytes when it was opened. */
    readonly size: number,
    readonly signal: AbortSignal | undefined,
  ) {}

  /** @throws {UsageError} if there is no file at the path, or something else. */
  static async open(path: string, signal?: AbortSignal): Promise<InputFile> {
    try {
      // Asked first, because to open a named pipe waits for a writer.
      const { isFile, size } = await Deno.stat(path);
      if (!isFile) throw new UsageError(`${path} is not a file, so it cannot be a backup`);
      return new InputFile(path, await Deno.open(path), size, signal);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      if (isMissing(error)) throw new UsageError(`There is no file ${path}`, { cause: error });
      throw cannotRead(path, error);
    }
  }

  /** @throws {Unusable} if the file ends before the part does. */
  async read(at: number, length: number): Promise<Uint8Array> {
    this.signal?.throwIfAborted();
    const bytes = new Uint8Array(length);
    let used = 0;
    try {
      await this.file.seek(at, Deno.SeekMode.Start);
      while (used < length) {
        const count = await this.file.read(bytes.subarray(used));
        if (count === null) break;
        used += count;
      }
    } catch (error) {
      throw cannotRead(this.path, error);
    }
    if (used < length) throw truncated();
    this.position = at + length;
    return bytes;
  }

  /** All of it. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < this.size; at += CHUNK) {
      yield await this.read(at, Math.min(CHUNK, this.size - at));
    }
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

function cannotRead(path: string, error: unknown): OperationError {
  return new OperationError(`Cannot read ${path}: ${messageOf(error)}`, {
    hint: "Check that you may read it",
    cause: error,
  });
}
