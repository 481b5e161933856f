/**
 * The sessions of two stores between which an app moves them. A session lives in the store that it
 * names: what else is there under its id is a copy, which the app does not use.
 */
import type { SessionInfo } from "../../backends/contract.ts";
import { homeOf, type Homes } from "../homes.ts";
import { Numbers, SortedNumbers } from "../session_copy/numbers.ts";

export class LivingSessions {
  readonly #homes: Homes;
  /** Sessions of the store at hand, and of the one before it: they may have been moved since. */
  readonly #listed = new Numbers();
  #before = new SortedNumbers(new Float64Array(0));

  constructor(homes: Homes) {
    this.#homes = homes;
  }

  /** Those that live in a store. If that is not known of one, it is listed unless it was already. */
  of(batch: readonly SessionInfo[], store: string): readonly SessionInfo[] {
    return batch.filter(({ handle, storedIn }) => {
      if (storedIn !== undefined && homeOf(storedIn, this.#homes) !== store) return false;
      const number = numberOf(handle);
      if (this.#before.has(number)) return false;
      this.#listed.add(number);
      return true;
    });
  }

  /** Begins the second store. */
  next(): void {
    this.#before = new SortedNumbers(this.#listed.copy());
  }
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** The first 50 bits of a handle: a JavaScript number holds 53. */
function numberOf(handle: string): number {
  let number = 0;
  for (const character of handle.slice(0, 10)) number = number * 32 + ALPHABET.indexOf(character);
  return number;
}
