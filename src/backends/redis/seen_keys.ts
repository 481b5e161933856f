/** Remembers keys in bounded memory: which of those that are there now were there before. */

/** Bits of memory: 32 MiB, whatever the number of keys. */
const BITS = 2 ** 28;

/**
 * Bits that a key sets. With 8, one of 7 million new keys is taken for an old one when 5 million
 * are remembered, and one of 40 when 100 million are: (1 - e^(-8n / BITS))^8.
 */
const HASHES = 8;

/** A Bloom filter: never forgets a key, and seldom takes a new one for one that it knows. */
export class SeenKeys {
  /** Made at the first key: a store that is empty needs none. */
  #words: Uint32Array | undefined;

  /** Remembers the key between `start` and `end`; returns whether it was known. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    this.#words ??= new Uint32Array(BITS / 32);
    const words = this.#words;
    let [bit, step] = hashes(bytes, start, end);
    let known = true;
    for (let index = 0; index < HASHES; index++) {
      const word = bit >>> 5;
      const mask = 1 << (bit & 31);
      const before = words[word] ?? 0;
      if ((before & mask) === 0) {
        known = false;
        words[word] = before | mask;
      }
      bit = (bit + step) & (BITS - 1);
      step += index; // so that equal steps do not keep two keys together
    }
    return known;
  }

  /** Remembers all that another one remembers. */
  addAll(other: SeenKeys): void {
    if (other.#words === undefined) return;
    this.#words ??= new Uint32Array(BITS / 32);
    const words = this.#words;
    other.#words.forEach((word, index) => words[index] = (words[index] ?? 0) | word);
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    const words = this.#words;
    if (words === undefined) return false;
    let [bit, step] = hashes(bytes, start, end);
    for (let index = 0; index < HASHES; index++) {
      if (((words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
      bit = (bit + step) & (BITS - 1);
      step += index;
    }
    return true;
  }
}

/** Two independent hashes in one walk: FNV-1a, and another of its kind; both are mixed at the end. */
function hashes(bytes: Uint8Array, start: number, end: number): [bit: number, step: number] {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b, 31) + byte | 0;
  }
  return [mixed(a) & (BITS - 1), mixed(b) | 1];
}

/** The finalizer of MurmurHash3: every bit of the input reaches every bit of the output. */
function mixed(hash: number): number {
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return hash ^ hash >>> 16;
}
