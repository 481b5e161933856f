/** Where one request ends and the next begins, in what a client sends. */

/** The protocols that are spoken to the stores; of `tls` nobody sees where a request begins. */
export type Protocol = "redis" | "postgres" | "mysql" | "tls";

/**
 * How long the first request in these bytes is; undefined where they are too few to tell.
 * @param isFirst Whether it is the first one of its connection.
 */
type LengthOf = (bytes: Uint8Array, isFirst: boolean) => number | undefined;

const LENGTHS: Readonly<Record<Protocol, LengthOf>> = {
  redis: redisCommand,
  /** A letter, but for the first one, and a length that counts itself. */
  postgres(bytes, isFirst) {
    const at = isFirst ? 0 : 1;
    return bytes.length < at + 4 ? undefined : at + view(bytes).getUint32(at);
  },
  /** A length of three bytes and a number of one, which it does not count. */
  mysql(bytes) {
    return bytes.length < 4 ? undefined : 4 + (view(bytes).getUint32(0, true) & 0xffffff);
  },
  tls: (bytes) => bytes.length,
};

/** Follows the requests of one connection. */
export class Requests {
  readonly #lengthOf: LengthOf;
  #isFirst = true;
  /** The beginning of a request whose length is not known yet. */
  #begun = new Uint8Array();
  /** Bytes that are still to come of the one under way. */
  #due = 0;

  constructor(protocol: Protocol) {
    this.#lengthOf = LENGTHS[protocol];
  }

  /** @returns where in these bytes, the next of the connection, requests begin. */
  starts(bytes: Uint8Array): number[] {
    const found: number[] = [];
    for (let at = 0; at < bytes.length;) {
      const passed = Math.min(this.#due, bytes.length - at);
      this.#due -= passed;
      at += passed;
      if (at < bytes.length) at = this.#begin(bytes, at, found);
    }
    return found;
  }

  #begin(bytes: Uint8Array, at: number, found: number[]): number {
    const before = this.#begun.length;
    if (before === 0) found.push(at);
    const known = new Uint8Array([...this.#begun, ...bytes.subarray(at)]);
    const length = this.#lengthOf(known, this.#isFirst);
    if (length === undefined) {
      this.#begun = known;
      return bytes.length;
    }
    this.#isFirst = false;
    this.#begun = new Uint8Array();
    this.#due = length - before;
    return at;
  }
}

/** An array of texts, each behind its length. */
function redisCommand(bytes: Uint8Array): number | undefined {
  const first = line(bytes, 0);
  if (first === undefined) return undefined;
  let at = first.end;
  for (let left = first.number; left > 0; left--) {
    const text = line(bytes, at);
    if (text === undefined) return undefined;
    at = text.end + text.number + 2;
  }
  return at;
}

/** The number behind the first character of a line, and where the next line begins. */
function line(bytes: Uint8Array, from: number): { number: number; end: number } | undefined {
  const newline = bytes.indexOf(10, from);
  if (newline === -1) return undefined;
  const text = new TextDecoder().decode(bytes.subarray(from + 1, newline - 1));
  return { number: Number(text), end: newline + 1 };
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
