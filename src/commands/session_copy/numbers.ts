/** Lists of numbers in little memory. */

/** A list that grows. */
export class Numbers {
  #numbers = new Float64Array(1024);
  length = 0;

  add(number: number): void {
    if (this.length === this.#numbers.length) {
      const larger = new Float64Array(Math.ceil(this.length * 1.5));
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.length++] = number;
  }

  copy(begin = 0): Float64Array<ArrayBuffer> {
    return this.#numbers.slice(begin, this.length);
  }
}

/** A set of numbers, each of which can have a mark. */
export class SortedNumbers {
  readonly #numbers: Float64Array;
  readonly #marks: Uint8Array;

  /** @param numbers Is sorted. */
  constructor(numbers: Float64Array) {
    this.#numbers = numbers.sort();
    this.#marks = new Uint8Array(numbers.length);
  }

  get length(): number {
    return this.#numbers.length;
  }

  has(number: number): boolean {
    return this.#placeOf(number) !== undefined;
  }

  /** Gives a number a mark, if it is there and has no higher one. @returns whether it is there. */
  mark(number: number, mark: 1 | 2): boolean {
    const place = this.#placeOf(number);
    if (place === undefined) return false;
    this.#marks[place] = Math.max(mark, this.#marks[place] ?? 0);
    return true;
  }

  unmark(number: number): void {
    const place = this.#placeOf(number);
    if (place !== undefined) this.#marks[place] = 0;
  }

  /** The mark of a number; 0 if it has none. */
  markOf(number: number): number {
    const place = this.#placeOf(number);
    return place === undefined ? 0 : this.#marks[place] ?? 0;
  }

  /** The numbers that have a mark. */
  marked(): Float64Array {
    return this.#numbers.filter((_, index) => this.#marks[index] !== 0);
  }

  #placeOf(number: number): number | undefined {
    const numbers = this.#numbers;
    let low = 0;
    let high = numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((numbers[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return numbers[low] === number ? low : undefined;
  }
}
