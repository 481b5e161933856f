/** The sessions that a copy has left, by their handles and with the reasons. */
import { resolve } from "node:path";
import type { FailedSession } from "../../../backends/contract.ts";
import { messageOf, UsageError } from "../../../core/errors.ts";
import { redact } from "../../../core/redact.ts";
import { printable } from "../../../core/text.ts";

/** How many are shown. */
const FIRST = 10;

export class FailedList implements Disposable {
  readonly #file: Deno.FsFile | undefined;
  readonly #first: FailedSession[] = [];
  #count = 0;

  /**
   * @param path The file for all of them; undefined for none.
   * @throws {UsageError} if it cannot be written.
   */
  constructor(path: string | undefined, folder: string) {
    if (path === undefined) return;
    try {
      const options = { write: true, create: true, truncate: true, mode: 0o600 };
      this.#file = Deno.openSync(resolve(folder, path), options);
    } catch (error) {
      throw new UsageError(`--failed: cannot write ${path}: ${messageOf(error)}`, { cause: error });
    }
  }

  add(failed: FailedSession): void {
    this.#count++;
    if (this.#first.length < FIRST) this.#first.push(failed);
    let rest = new TextEncoder().encode(`${textOf(failed, "\t")}\n`);
    while (this.#file !== undefined && rest.length > 0) {
      rest = rest.subarray(this.#file.writeSync(rest));
    }
  }

  /** The first ones, and how many more there are. */
  get lines(): readonly string[] {
    const more = this.#count - this.#first.length;
    const lines = this.#first.map((failed) => `  ${textOf(failed, "  ")}`);
    return more > 0 ? [...lines, `  … and ${more} more`] : lines;
  }

  [Symbol.dispose](): void {
    this.#file?.close();
  }
}

function textOf({ handle, reason }: FailedSession, between: string): string {
  return `${handle}${between}${printable(redact(reason))}`;
}
