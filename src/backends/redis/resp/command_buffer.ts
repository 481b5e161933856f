/** What is to be sent to a server and was not yet. */

/** Bytes that one write may take. */
const WRITE_SIZE = 1 << 17;

/** One piece of memory for all that is sent: a new one for each batch of keys would be garbage. */
export class CommandBuffer {
  readonly #pieces: Uint8Array[] = [];
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  add(pieces: readonly Uint8Array[]): void {
    this.#pieces.push(...pieces);
  }

  /** What is to be written next, whole before it is asked for more; undefined where that is all. */
  take(): Uint8Array | undefined {
    const [first] = this.#pieces;
    if (first === undefined || this.#pieces.length === 1 || first.length > WRITE_SIZE) {
      return this.#pieces.shift();
    }
    const bytes = this.#bytes ??= new Uint8Array(WRITE_SIZE);
    let [taken, end] = [0, 0];
    for (const piece of this.#pieces) {
      if (end + piece.length > WRITE_SIZE) break;
      bytes.set(piece, end);
      end += piece.length;
      taken++;
    }
    this.#pieces.splice(0, taken);
    return bytes.subarray(0, end);
  }
}
