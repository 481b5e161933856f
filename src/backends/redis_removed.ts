/** What a clear of Redis has removed: each session once, however often it comes back. */
import { countOf, forEachKey, partition, type RawKeys } from "./resp_scan.ts";
import { SeenKeys } from "./seen_keys.ts";

/** The memory of a clear, in bounded memory; of those, too, that go on with it. */
export class Removed {
  readonly #seen = new SeenKeys();
  readonly #prefixLength: number;
  /** Keys whose answer never came: they are gone, or are not. */
  readonly #unknown: RawKeys[] = [];
  /** How many different keys were removed. */
  #count = 0;
  /** How many of those the present pass has met again and not removed yet; and failed ones. */
  #back = 0;
  #backBefore = 0;
  /** How many of those that are back may be gone again. */
  #backInDoubt = 0;
  #again = 0;

  constructor(prefixLength: number) {
    this.#prefixLength = prefixLength;
  }

  /** How many are gone for certain: what has come back is not, until it was removed again. */
  get gone(): number {
    return this.#count - this.#there;
  }

  /** How many more may be gone, as an answer was lost. */
  get inDoubt(): number {
    return countOf(this.#unknown) + Math.min(this.#backInDoubt, this.#there);
  }

  /** How often any of them was removed once more. */
  get again(): number {
    return this.#again;
  }

  get #there(): number {
    return Math.max(this.#back, this.#backBefore);
  }

  /** What a pass that failed has met again may still be there when the next one begins. */
  beginPass(): void {
    this.#backInDoubt = this.#backBefore = this.#there;
    this.#back = 0;
  }

  /**
   * After a pass that was complete: it has met all that were still there, and removed and counted
   * them; so the others are gone since their answer was lost.
   */
  settle(): void {
    for (const keys of this.#unknown.splice(0)) {
      const { no: gone } = this.known(keys);
      this.add(gone.count);
      this.remember(gone);
    }
    this.#backInDoubt = this.#backBefore = 0;
  }

  /** Which of the keys were removed before. */
  known(keys: RawKeys): { readonly yes: RawKeys; readonly no: RawKeys } {
    const isKnown = (start: number, end: number) =>
      this.#seen.has(keys.bytes, start + this.#prefixLength, end);
    return partition(keys, isKnown);
  }

  /** Of those that were not known. */
  add(count: number): void {
    this.#count += count;
  }

  remember(keys: RawKeys): void {
    forEachKey(keys, (start, end) => {
      this.#seen.add(keys.bytes, start + this.#prefixLength, end);
    });
  }

  /** Those were not known, and may be gone. */
  lose(keys: readonly RawKeys[]): void {
    this.#unknown.push(...keys);
  }

  /** So many that are known have been met again. */
  comeBack(count: number): void {
    this.#back += count;
  }

  /** So many of them are gone again; and so many may be. */
  goAgain(count: number, lost: number): void {
    this.#back -= count;
    this.#again += count + lost;
    this.#backInDoubt += lost;
  }

  /** How many more may be gone at the end of a clear that could not go on. */
  get unknown(): number {
    const fresh = countOf(this.#unknown.map((keys) => this.known(keys).no));
    return fresh + Math.min(this.#backInDoubt, this.#there);
  }
}
