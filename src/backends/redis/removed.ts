/** What a clear of Redis has removed: each session once, however often it comes back. */
import { countOf, forEachKey, partition, type RawKeys } from "./resp/scan.ts";
import { SeenKeys } from "./seen_keys.ts";

/** Keys up to which the memory is as good as exact: not one new key is taken for an old one. */
const EXACT = 4_000_000;

/** The memory of a clear, in bounded memory; of those, too, that go on with it. */
export class Removed {
  readonly #seen = new SeenKeys();
  readonly #prefixLength: number;
  /** How many different keys were removed. */
  #count = 0;
  /** Keys whose answer never came: they are gone, or are not; and how many are not in `#seen`. */
  #lost: SeenKeys | undefined;
  #lostCount = 0;
  /** How many of those removed the present pass has met again and not removed yet; and failed ones. */
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
    return this.#lostCount + Math.min(this.#backInDoubt, this.#there);
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
    this.#count += this.#lostCount;
    if (this.#lost !== undefined) this.#seen.addAll(this.#lost);
    [this.#lost, this.#lostCount] = [undefined, 0];
    this.#backInDoubt = this.#backBefore = 0;
  }

  /** Which of the keys were removed before. */
  known(keys: RawKeys): { readonly yes: RawKeys; readonly no: RawKeys } {
    return partition(keys, (start, end) => this.#isKnown(keys, start, end));
  }

  /**
   * So many of these went; in all, if not all of them were there.
   * @returns whether they are remembered already: where all went, nothing else is to be found out.
   */
  add(count: number, asked: readonly RawKeys[]): boolean {
    const missing = countOf(asked) - count;
    const known = missing === 0 ? this.#rememberAll(asked) : this.#countKnown(asked);
    // SCAN may give a key twice; but what was there twice had been written back.
    const twice = this.#count < EXACT ? Math.max(0, known - missing) : 0;
    this.#count += count - twice;
    return missing === 0;
  }

  /** @returns how many of them were known. */
  remember(keys: RawKeys): number {
    let known = 0;
    forEachKey(keys, (start, end) => {
      const from = start + this.#prefixLength;
      if (this.#seen.add(keys.bytes, from, end)) known++;
      else if (this.#lost?.has(keys.bytes, from, end)) this.#lostCount--;
    });
    return known;
  }

  /** Those were not known, and may be gone. */
  lose(batches: readonly RawKeys[]): void {
    for (const keys of batches) {
      forEachKey(keys, (start, end) => {
        if (this.#isKnown(keys, start, end)) return;
        this.#lost ??= new SeenKeys();
        if (!this.#lost.add(keys.bytes, start + this.#prefixLength, end)) this.#lostCount++;
      });
    }
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

  #isKnown({ bytes }: RawKeys, start: number, end: number): boolean {
    return this.#seen.has(bytes, start + this.#prefixLength, end);
  }

  #rememberAll(batches: readonly RawKeys[]): number {
    return batches.reduce((known, keys) => known + this.remember(keys), 0);
  }

  #countKnown(batches: readonly RawKeys[]): number {
    return batches.reduce((known, keys) => known + this.known(keys).yes.count, 0);
  }
}
