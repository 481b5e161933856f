import { basename, dirname, join } from "node:path";
import { isMissing, messageOf, OperationError, UsageError } from "../core/errors.ts";
import type { Sink } from "./sink.ts";

/**
 * A file that gets its name once it is complete. Until then, it is beside it, and its name ends with
 * `.partial`. Disposing of it removes it, unless it has its name.
 */
export class PartialFile implements Sink, AsyncDisposable {
  readonly #path: string;
  readonly #partial: string;
  readonly #overwrite: boolean;
  readonly #file: Deno.FsFile;
  #isOpen = true;
  #isThere = true;

  private constructor(path: string, partial: string, overwrite: boolean, file: Deno.FsFile) {
    this.#path = path;
    this.#partial = partial;
    this.#overwrite = overwrite;
    this.#file = file;
  }

  /**
   * @param overwrite Whether a file that exists is replaced.
   * @throws {UsageError} if there is something at `path` that it may not replace.
   */
  static async create(path: string, overwrite: boolean): Promise<PartialFile> {
    await checkPlace(path, overwrite);
    const id = crypto.randomUUID().slice(0, 8);
    const partial = join(dirname(path), `${basename(path)}.${id}.partial`);
    // Only the user may read it, from the first byte on.
    const options = { createNew: true, write: true, mode: 0o600 };
    const file = await explained(path, () => Deno.open(partial, options));
    return new PartialFile(path, partial, overwrite, file);
  }

  /** Where it is until it has its name. */
  get partial(): string {
    return this.#partial;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await explained(this.#path, async () => {
      for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await this.#file.write(rest));
    });
  }

  /** Returns once everything is safe on the disk. */
  async close(): Promise<void> {
    await explained(this.#path, () => this.#file.sync());
    this.#closeFile();
  }

  /** Gives the file its name. */
  async publish(): Promise<void> {
    await checkPlace(this.#path, this.#overwrite); // it has taken a while
    await this.#checkSize();
    await explained(this.#path, () => Deno.rename(this.#partial, this.#path));
    this.#isThere = false;
    await explained(this.#path, () => syncFolder(dirname(this.#path)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closeFile();
    if (!this.#isThere) return;
    this.#isThere = false;
    await Deno.remove(this.#partial);
  }

  /**
   * A store that has lost its sessions must not take the backup with it.
   * @throws {OperationError} if the file would replace one that is more than twice as large.
   */
  async #checkSize(): Promise<void> {
    const [before, now] = await Promise.all([
      Deno.stat(this.#path).then(({ size }) => size, () => 0),
      Deno.stat(this.#partial).then(({ size }) => size),
    ]);
    if (now * 2 >= before) return;
    throw new OperationError(
      `${this.#path} was not replaced: it has ${before} bytes, and the new backup only ${now}`,
      {
        hint:
          "Has the store lost its sessions? If not, move the file away, and run the command again",
      },
    );
  }

  #closeFile(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }
}

/** @throws {UsageError} if there is something at `path` that a backup may not replace. */
export async function checkPlace(path: string, overwrite: boolean): Promise<void> {
  let found: Deno.FileInfo;
  try {
    found = await Deno.lstat(path);
  } catch (error) {
    if (isMissing(error)) return;
    throw cannotWrite(path, error);
  }
  if (!found.isFile) {
    throw new UsageError(`Cannot write a backup to ${path}: that is not a file`, {
      hint: "Choose another name",
    });
  }
  if (!overwrite) {
    throw new UsageError(`${path} already exists; nothing was changed`, {
      hint: "Choose another name, or pass --overwrite",
    });
  }
}

/** Makes the new name survive a power failure. Windows has no such call. */
async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  await folder.sync();
}

async function explained<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): OperationError {
  return new OperationError(`Cannot write the backup ${path}: ${messageOf(error)}`, {
    hint:
      "Check that the folder exists and that you may write there, and that the disk is not full",
    cause: error,
  });
}
