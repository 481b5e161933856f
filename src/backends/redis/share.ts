/** How much of several servers' keys has been looked at. */
export class Share {
  readonly #tell: (share: number) => void;
  readonly #servers: number;
  #told = 0;
  #total = 0;
  #looked = 0;

  /** @param tell Is given a part from 0 to 1, 0 as long as it is not known. */
  constructor(servers: number, tell: (share: number) => void) {
    this.#tell = tell;
    this.#servers = servers;
  }

  /** For one server, that holds so many keys now, where that is known. */
  of(keys: number | undefined): (looked: number) => void {
    if (keys !== undefined) {
      this.#told++;
      this.#total += keys;
    }
    return (looked) => {
      this.#looked += looked;
      // Until each server has said how many it holds, any share would be too large.
      const isKnown = this.#told === this.#servers && this.#total > 0;
      this.#tell(isKnown ? Math.min(1, this.#looked / this.#total) : 0);
    };
  }
}
