/** What has come from a server and was not taken yet. */
import type { Parsed } from "./protocol.ts";

/** Bytes that one read may bring. */
const READ_SIZE = 1 << 17;

export class ReplyBuffer {
  #bytes = new Uint8Array(2 * READ_SIZE);
  #start = 0;
  #end = 0;

  get isEmpty(): boolean {
    return this.#start === this.#end;
  }

  /** Where the next read is to put its bytes. */
  room(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.length - this.#end < READ_SIZE) this.#makeRoom();
    return this.#bytes.subarray(this.#end);
  }

  /** After a read into the {@linkcode room}. */
  hasRead(count: number): void {
    this.#end += count;
  }

  /** Takes what the parser finds at the beginning; undefined where its end has not come yet. */
  take<T>(
    parse: (bytes: Uint8Array, start: number) => Parsed<T> | undefined,
  ): Parsed<T> | undefined {
    const parsed = parse(this.#bytes.subarray(0, this.#end), this.#start);
    if (parsed !== undefined) this.#start = parsed.next;
    return parsed;
  }

  #makeRoom(): void {
    const owed = this.#end - this.#start;
    const roomy = 2 * owed + READ_SIZE > this.#bytes.length
      ? new Uint8Array(2 * owed + 2 * READ_SIZE)
      : this.#bytes;
    roomy.set(this.#bytes.subarray(this.#start, this.#end));
    [this.#bytes, this.#start, this.#end] = [roomy, 0, owed];
  }
}
