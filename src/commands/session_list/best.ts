/** The first of many items in an order, with only those in memory. */
export class Best<T> {
  /** A heap: no item comes before the one at half its index, so the last of all is in front. */
  readonly #heap: T[] = [];
  readonly #most: number;
  readonly #compare: (a: T, b: T) => number;

  /** @param compare Negative if the first one comes before the other. */
  constructor(most: number, compare: (a: T, b: T) => number) {
    this.#most = most;
    this.#compare = compare;
  }

  add(item: T): void {
    const heap = this.#heap;
    if (heap.length < this.#most) {
      heap.push(item);
      this.#raise(heap.length - 1);
      return;
    }
    const [last] = heap;
    if (last === undefined || this.#compare(item, last) >= 0) return;
    heap[0] = item;
    this.#lower();
  }

  /** The items in order. */
  sorted(): readonly T[] {
    return this.#heap.toSorted(this.#compare);
  }

  /** Moves an item towards the front while it comes after the one above it. */
  #raise(from: number): void {
    for (let index = from; index > 0;) {
      const above = (index - 1) >> 1;
      if (!this.#isAfter(index, above)) return;
      this.#swap(index, above);
      index = above;
    }
  }

  /** Moves the first item to its place. */
  #lower(): void {
    for (let index = 0;;) {
      const left = 2 * index + 1;
      let last = index;
      if (this.#isAfter(left, last)) last = left;
      if (this.#isAfter(left + 1, last)) last = left + 1;
      if (last === index) return;
      this.#swap(index, last);
      index = last;
    }
  }

  #isAfter(one: number, other: number): boolean {
    const a = this.#heap[one];
    const b = this.#heap[other];
    return a !== undefined && b !== undefined && this.#compare(a, b) > 0;
  }

  #swap(one: number, other: number): void {
    const a = this.#heap[one];
    const b = this.#heap[other];
    if (a === undefined || b === undefined) return;
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}
