/** Ways through a table that engines share. */
import type { Walk } from "./clear.ts";

/** How an engine walks by key. A key has the type that its driver reads and takes. */
export interface Keyset<Key> {
  /** The key that many rows beyond a key; undefined if there are not that many. */
  keyAfter(last: Key | undefined, rows: number): Promise<Key | undefined>;
  /** Removes the rows beyond a key, up to and including another one, or to the end. */
  removeUpTo(last: Key | undefined, upTo: Key | undefined): Promise<number>;
}

/** By key. Rows may move in the table, but their order by key stays the same. */
export class KeysetWalk<Key> implements Walk {
  readonly #keyset: Keyset<Key>;
  #last: Key | undefined;
  #done = false;

  constructor(keyset: Keyset<Key>) {
    this.#keyset = keyset;
  }

  get done(): boolean {
    return this.#done;
  }

  async next(rows: number): Promise<number> {
    const upTo = await this.#keyset.keyAfter(this.#last, rows);
    const removed = await this.#keyset.removeUpTo(this.#last, upTo);
    this.#last = upTo;
    this.#done = upTo === undefined;
    return removed;
  }
}

/** Without a key: some rows, wherever they are, until there are no more. */
export class AnyWalk implements Walk {
  readonly #remove: (rows: number) => Promise<number>;
  #done = false;

  constructor(remove: (rows: number) => Promise<number>) {
    this.#remove = remove;
  }

  get done(): boolean {
    return this.#done;
  }

  async next(rows: number): Promise<number> {
    const removed = await this.#remove(rows);
    this.#done = removed < rows;
    return removed;
  }
}

/** A single statement that removes all rows that are meant. */
export class OnceWalk implements Walk {
  readonly #remove: () => Promise<number>;
  #done = false;

  constructor(remove: () => Promise<number>) {
    this.#remove = remove;
  }

  get done(): boolean {
    return this.#done;
  }

  async next(): Promise<number> {
    const removed = await this.#remove();
    this.#done = true;
    return removed;
  }
}
