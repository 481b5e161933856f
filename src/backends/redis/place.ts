/** How far a walk over one server has come, and whether that is further than those before. */

export class Place {
  readonly #furthest: number;
  #looked = 0;
  /** Keys looked at with all done that was to be done with them. */
  #reached = 0;
  #underWay = 0;
  #removed = false;

  /** @param before Where the last walk over this server came to. */
  constructor(before?: Place) {
    this.#furthest = before?.furthest ?? 0;
  }

  /** How many keys this walk, or one before, has come past at the most. */
  get furthest(): number {
    return Math.max(this.#furthest, this.#reached);
  }

  /** Whether keys are gone, or it came further. Only to find keys is to stand where one stood. */
  get advanced(): boolean {
    return this.#removed || this.#reached > this.#furthest;
  }

  /** So many more keys have been looked at; what is to be done with them is under way by now. */
  looked(keys: number): void {
    this.#looked += keys;
    if (this.#underWay === 0) this.#reached = this.#looked;
  }

  /**
   * Follows what is done with a batch.
   * @param work Says whether its keys are elsewhere; undefined where there is nothing to do.
   */
  worked(work: Promise<boolean> | undefined): Promise<boolean> | undefined {
    if (work === undefined) return undefined;
    this.#underWay++;
    return work.then((elsewhere) => {
      this.#underWay--; // where it failed, it stays where it is
      this.#removed ||= !elsewhere;
      return elsewhere;
    });
  }
}
