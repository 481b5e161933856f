/** Ways through a table that engines share. */
import type { Walk } from "./clear.ts";

/** How an engine goes by key; a key is as its driver reads it, and gives it back. */
export interface Keyset<Key> {
  /** The key of the row that is so many behind a key; undefined where there are not so many. */
  keyAfter(last: Key | undefined, rows: number): Promise<Key | undefined>;
  /** Removes the rows behind a key up to another, that included; without one, to the end. */
  removeUpTo(last: Key | undefined, upTo: Key | undefined): Promise<number>;
}

/** By key: rows stay where they are in it, however they move in the table. */
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
