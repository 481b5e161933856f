/** Empties a table of PostgreSQL at once, where the operator says so. */
import type { Limits } from "./session.ts";
import type { Target } from "./walks.ts";
import type { Walk } from "../sql/clear.ts";
import { agreedNumber, twice } from "../sql/twice.ts";

/** Whoever uses the table waits behind us from when we ask for the lock: so not for long. */
const ALONE: Limits = { statement: 60_000, lock: 1000 };

/** One transaction: nobody writes between the count and the end, so that the count is true. */
export class TruncateWalk implements Walk {
  readonly #target: Target;
  done = false;

  constructor(target: Target) {
    this.#target = target;
  }

  async next(): Promise<number> {
    const { session, from } = this.#target;
    const removed = await session.transaction("BEGIN", ALONE, async (run) => {
      await run(`LOCK TABLE ${from} IN ACCESS EXCLUSIVE MODE`);
      const { rows: [found] } = await run(`SELECT ${twice({ count: "count(*)" })} FROM ${from}`);
      await run(`TRUNCATE TABLE ${from}`);
      return agreedNumber(found, "count");
    });
    this.done = true;
    return removed;
  }
}
