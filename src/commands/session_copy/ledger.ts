/**
 * Which sessions earlier copies have put, or found, at the target. A session of the source that is
 * in the ledger and not at the target was removed there, or has expired there.
 *
 * The file: {@linkcode MAGIC}, a random key, and a number of 8 bytes for each session, which is made
 * from its id and the key. No id can be found from it. Numbers are appended while a copy runs. Those
 * of sessions that neither the source nor the target has any longer are dropped: see `ended.ts`.
 */
import { createHash, randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { isMissing, messageOf, OperationError, UsageError } from "../../core/errors.ts";
import { within } from "../../core/within.ts";
import { Numbers, SortedNumbers } from "./numbers.ts";

const MAGIC = new TextEncoder().encode("azu ledger of copies 1\n");
const KEY = 32;
const RECORD = 8;

/** Hexadecimal digits of 52 bits: a JavaScript number holds 53. */
const DIGITS = 13;

/** Milliseconds to wait for another copy that uses the file. */
const LOCK_TIMEOUT = 2000;

export class Ledger implements AsyncDisposable {
  readonly #path: string;
  /** Undefined if nothing is written. */
  #file: Deno.FsFile | undefined;
  readonly #key: Uint8Array;
  /** Of earlier copies. */
  readonly #old: SortedNumbers;
  /** Of this copy, without those of earlier ones. */
  readonly #new = new Numbers();
  /** How many of the new ones are in the file. */
  #appended = 0;
  #sortedNew: SortedNumbers | undefined;

  private constructor(
    path: string,
    file: Deno.FsFile | undefined,
    key: Uint8Array,
    old: SortedNumbers,
  ) {
    this.#path = path;
    this.#file = file;
    this.#key = key;
    this.#old = old;
  }

  /**
   * @param isReadOnly Whether the file stays as it is: a dry run.
   * @throws {AzuError} if the file is not a ledger, cannot be used, or is in use.
   */
  static async open(path: string, isReadOnly: boolean): Promise<Ledger> {
    try {
      const content = await Deno.readFile(path).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      const isEmpty = content === undefined || content.length === 0;
      const { key, numbers } = isEmpty ? NOTHING() : parsed(content, path);
      const file = isReadOnly ? undefined : await opened(path);
      const ledger = new Ledger(path, file, key, new SortedNumbers(numbers));
      if (file !== undefined) {
        // After what is complete: the last number may have been cut off.
        const end = MAGIC.length + KEY + RECORD * numbers.length;
        if (isEmpty) await writeAll(file, header(key));
        else {
          await file.truncate(end);
          await file.seek(end, Deno.SeekMode.Start);
        }
      }
      return ledger;
    } catch (error) {
      if (error instanceof UsageError || error instanceof OperationError) throw error;
      throw unusable(path, error);
    }
  }

  /** The number that stands for a session. */
  numberOf(id: string): number {
    const hash = createHash("sha256").update(this.#key).update(id).digest("hex");
    return parseInt(hash.slice(0, DIGITS), 16);
  }

  /** Whether no earlier copy has put or found anything at the target. */
  get isEmpty(): boolean {
    return this.#old.length === 0;
  }

  /** Whether an earlier copy has put or found the session at the target. */
  has(number: number): boolean {
    return this.#old.has(number);
  }

  /**
   * Records a session of the source.
   * @param isThere Whether the target has it.
   */
  add(number: number, isThere: boolean): void {
    if (this.#old.mark(number, isThere ? 2 : 1)) return;
    if (isThere) this.#new.add(number);
  }

  /** Whether this copy has put or found the session at the target. */
  hasFromThisCopy(number: number): boolean {
    this.#sortedNew ??= new SortedNumbers(this.#new.copy());
    return this.#old.markOf(number) === 2 || this.#sortedNew.has(number);
  }

  /** Whether any copy has put or found the session at the target. */
  knows(number: number): boolean {
    return this.has(number) || this.hasFromThisCopy(number);
  }

  /** Which share of those of earlier copies this one has not read at the source. */
  get lacking(): number {
    const { length } = this.#old;
    return length === 0 ? 0 : 1 - this.#old.marked().length / length;
  }

  /** A session that is at the target, although the source has it no longer. */
  keep(number: number): void {
    this.#old.mark(number, 1);
  }

  /** A session that is not at the target any more. */
  forget(number: number): void {
    this.#old.unmark(number);
  }

  /** Writes what is new to the file. */
  async append(): Promise<void> {
    const { length } = this.#new;
    if (this.#file === undefined || length === this.#appended) return;
    this.#sortedNew = undefined;
    const numbers = this.#new.copy(this.#appended);
    await writeAll(this.#file, bytesOf(numbers)).catch((error: unknown) => {
      throw unusable(this.#path, error);
    });
    this.#appended = length;
  }

  /** After a copy that has read all sessions of the source: drops what is nowhere any longer. */
  async dropOthers(): Promise<void> {
    if (this.#file === undefined) return;
    const kept = this.#old.marked();
    if (kept.length === this.#old.length) return;
    const path = `${this.#path}.${randomBytes(6).toString("hex")}.new`;
    try {
      const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
      try {
        await writeAll(file, header(this.#key));
        await writeAll(file, bytesOf(kept));
        await writeAll(file, bytesOf(this.#new.copy()));
        await file.sync();
      } finally {
        file.close();
      }
      await Deno.rename(path, this.#path);
    } catch (error) {
      await Deno.remove(path).catch(() => {});
      throw unusable(this.#path, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    await this.append().catch(() => {}); // a failure has been reported, or the copy has failed
    this.#file = undefined;
    await file.sync().catch(() => {});
    file.close();
  }
}

const NOTHING = () => ({ key: new Uint8Array(randomBytes(KEY)), numbers: new Float64Array(0) });

function parsed(content: Uint8Array<ArrayBuffer>, path: string) {
  const isOurs = content.length >= MAGIC.length + KEY &&
    MAGIC.every((byte, index) => content[index] === byte);
  if (!isOurs) {
    throw new UsageError(`${path} is not a ledger of copies`, {
      hint: "Name another file with --ledger: azu does not write over this one",
    });
  }
  const begin = MAGIC.length + KEY;
  const numbers = new Float64Array(Math.floor((content.length - begin) / RECORD));
  const view = new DataView(content.buffer, content.byteOffset);
  for (let index = 0; index < numbers.length; index++) {
    numbers[index] = view.getFloat64(begin + RECORD * index, true);
  }
  return { key: content.slice(MAGIC.length, begin), numbers };
}

async function opened(path: string): Promise<Deno.FsFile> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  const late = () =>
    new OperationError(`Another copy uses the ledger ${path}`, {
      hint: "Wait until it has ended, and run the command again",
    });
  try {
    await within(file.lock(true), { ms: LOCK_TIMEOUT, late });
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function header(key: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(MAGIC.length + KEY);
  bytes.set(MAGIC);
  bytes.set(key, MAGIC.length);
  return bytes;
}

function bytesOf(numbers: Float64Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(RECORD * numbers.length);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => view.setFloat64(RECORD * index, number, true));
  return bytes;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await file.write(rest));
}

function unusable(path: string, error: unknown): OperationError {
  return new OperationError(`The ledger ${path} cannot be used: ${messageOf(error)}`, {
    hint: "Name another file with --ledger",
    cause: error,
  });
}
