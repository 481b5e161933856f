/** Remembers keys in bounded memory. */

/** Bits of the filter: 32 MiB, however many keys there are. */
const BITS = 2 ** 28;

/**
 * Bits that each key sets. With 8, one of 7 million new keys is mistaken for a known one after
 * 5 million keys, and one of 40 after 33 million: (1 - e^(-8n / BITS))^8.
 */
const HASHES = 8;

/** A Bloom filter: it never forgets a key, and rarely mistakes a new key for a known one. */
export class SeenKeys implements Disposable {
  /** Allocated for the first key, so that an empty store costs no memory. */
  #words: Uint32Array<ArrayBuffer> | undefined;
  /** The bits of the current key; one array for all keys, because it is filled for each. */
  readonly #bits = new Uint32Array(HASHES);

  /**
   * Remembers a key.
   * @param from Where the part that differs between keys begins.
   * @returns whether it was known.
   */
  add(key: Uint8Array, from: number): boolean {
    this.#words ??= new Uint32Array(BITS / 32);
    const words = this.#words;
    let known = true;
    for (const bit of this.#bitsOf(key, from)) {
      const mask = 1 << (bit & 31);
      const word = words[bit >>> 5] ?? 0;
      if ((word & mask) !== 0) continue;
      known = false;
      words[bit >>> 5] = word | mask;
    }
    return known;
  }

  has(key: Uint8Array, from: number): boolean {
    const words = this.#words;
    if (words === undefined) return false;
    for (const bit of this.#bitsOf(key, from)) {
      if (((words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  /** Gives the memory back at once: a second walk would need as much again before it is collected. */
  [Symbol.dispose](): void {
    this.#words?.buffer.transfer(0);
    this.#words = undefined;
  }

  /** The bits that a key sets, from two independent hashes made in one pass (both like FNV-1a). */
  #bitsOf(key: Uint8Array, from: number): Uint32Array {
    let a = 0x811c9dc5;
    let b = 0x9e3779b9;
    for (let at = from; at < key.length; at++) {
      const byte = key[at] ?? 0;
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b, 31) + byte | 0;
    }
    let bit = mixed(a) & (BITS - 1);
    let step = mixed(b) | 1;
    for (let index = 0; index < HASHES; index++) {
      this.#bits[index] = bit;
      bit = (bit + step) & (BITS - 1);
      step += index; // so that two keys with equal steps part again
    }
    return this.#bits;
  }
}

/** Counts each key once. Of 33 million keys, the filter takes some for repeated ones. */
export class DistinctKeys {
  readonly #seen = new SeenKeys();
  readonly #prefixLength: number;
  count = 0;

  constructor(prefixLength: number) {
    this.#prefixLength = prefixLength;
  }

  /** @returns whether the key is new. */
  add(key: Uint8Array): boolean {
    const isNew = !this.#seen.add(key, this.#prefixLength);
    if (isNew) this.count++;
    return isNew;
  }

  addAll(keys: readonly Uint8Array[]): void {
    for (const key of keys) this.add(key);
  }
}

/** The finalizer of MurmurHash3: every bit of the input affects every bit of the output. */
function mixed(hash: number): number {
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return hash ^ hash >>> 16;
}
