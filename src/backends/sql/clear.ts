/**
 * Clears the rows that a table has at the start, in batches, and proves it. What differs between
 * the engines is behind {@link StartRows}.
 *
 * 1. The start: which rows are meant is fixed, and they are counted.
 * 2. Passes: batches of their own transactions remove them, slower where the server is busy.
 * 3. The close: what is left of them is counted, and what has been written since. Where rows are
 *    left, because they moved or came back, a further pass is made, a few times.
 */
import { type AzuError, OperationError } from "../../core/errors.ts";
import type { ClearCounts, ClearOptions } from "../contract.ts";
import { Pace, type PaceDefaults } from "../pace.ts";
import { type Fault, Patience } from "./retry.ts";

/** The rows of the start, as an engine finds and removes them. */
export interface StartRows {
  readonly pace: PaceDefaults;
  /** Whether somebody was seen to wait for the last batch to end; undefined where nobody looks. */
  readonly isAwaited?: boolean;
  /**
   * Fixes which rows are meant.
   * @param tick To be called now and then, as a sign of life.
   * @returns how many they are; a guess is one at least.
   * @throws {AzuError} where it is known now that they cannot all be removed.
   */
  begin(tick: () => void): Promise<Start>;
  /** A way through them; a pass after the first finds few. */
  walk(pass: number): Walk;
  /** Counts what is left, in one moment; an engine may remove the last rows in that moment. */
  close(tick: () => void): Promise<Closing>;
  faultOf(error: unknown): Fault;
  /** False where the server cannot undo a batch that fails; true by default. */
  readonly undoes?: boolean;
  /** Whether a row that goes may take others of its table along: then only the count tells. */
  readonly cascades?: boolean;
  /** Connects again, after the connection was lost. */
  mend(): Promise<void>;
  /** The most that a batch of so many rows may have removed, whose answer was lost. */
  inDoubt(rows: number): number;
  /** Lets a batch take longer, where not even the smallest ends in time. */
  relax(): void;
  explain(error: unknown): AzuError;
  adviceAfter(cleared: number, closing: Closing): string | undefined;
}

/** A pass, batch by batch. A batch that failed is begun again where the last good one ended. */
export interface Walk {
  readonly done: boolean;
  /**
   * Removes about so many rows, in a transaction of its own.
   * @returns how many it removed.
   */
  next(rows: number): Promise<number>;
}

export interface Start {
  readonly rows: number;
  /** Whether that is no guess: then the count at the end settles what answers did not say. */
  readonly isExact: boolean;
}

export interface Closing {
  readonly left: number;
  readonly arrived: number;
  /** Removed in the same moment. */
  readonly removed: number;
}

/** Rows come back, or move on, only as long as somebody writes: then more passes end nothing. */
const MOST_PASSES = 5;

export async function clearRows(rows: StartRows, options: ClearOptions): Promise<ClearCounts> {
  const clear = new SqlClear(rows, options);
  try {
    return await clear.run();
  } catch (error) {
    options.signal.throwIfAborted();
    throw withCounts(rows.explain(error), clear.progress);
  }
}

class SqlClear {
  readonly #rows: StartRows;
  readonly #options: ClearOptions;
  readonly #pace: Pace;
  readonly #patience: Patience;
  #start: Start | undefined;
  #cleared = 0;
  /** The most that batches can have removed whose answer never came. */
  #unknown = 0;
  constructor(rows: StartRows, options: ClearOptions) {
    this.#rows = rows;
    this.#options = options;
    this.#pace = new Pace(options.budget ?? {}, rows.pace);
    this.#patience = new Patience(rows, options.signal, this.#pace);
  }

  async run(): Promise<ClearCounts> {
    const start = await this.#patience.with(() => this.#rows.begin(() => this.#progress()));
    this.#start = start;
    if (start.rows === 0) return { cleared: 0, remaining: 0, arrived: 0 };
    const returns = new Returns();
    for (let pass = 1;; pass++) {
      const before = this.#cleared;
      this.#progress();
      await this.#pass(this.#rows.walk(pass));
      const closing = await this.#patience.with(() => this.#rows.close(() => this.#progress()));
      this.#settle(closing, start);
      const { left: remaining, arrived } = closing;
      returns.after(this.#cleared - before, remaining);
      if (remaining > 0 && this.#cleared > before && pass < MOST_PASSES) continue;
      const advice = this.#rows.adviceAfter(this.#cleared, closing);
      const most = start.isExact ? start.rows - remaining : returns.mostGone;
      return {
        ...{ cleared: Math.max(0, Math.min(this.#cleared, most)), remaining, arrived },
        ...(remaining > 0 ? { kept: !returns.seen } : {}),
        ...(advice === undefined ? {} : { advice }),
      };
    }
  }

  async #pass(walk: Walk): Promise<void> {
    const { signal } = this.#options;
    while (!walk.done) {
      const began = performance.now();
      const removed = await this.#patience.with(() => walk.next(this.#pace.batch), () => {
        const inDoubt = this.#rows.inDoubt(this.#pace.batch);
        this.#unknown = this.#start?.isExact ? this.#unknown + inDoubt : inDoubt;
        this.#progress();
      });
      // Without a count to settle it in the end, an engine finds out before it tries again.
      if (!this.#start?.isExact) this.#unknown = 0;
      this.#cleared += removed;
      this.#progress();
      signal.throwIfAborted();
      await this.#pace.after(performance.now() - began, signal, this.#rows.isAwaited);
      signal.throwIfAborted();
    }
  }

  /** What is certain now: whatever is no longer there is gone, also where no answer said so. */
  #settle({ left, removed }: Closing, start: Start): void {
    this.#cleared += removed;
    if (this.#unknown > 0 || this.#rows.cascades) {
      this.#cleared = Math.max(this.#cleared, start.rows - left);
    }
    this.#unknown = 0;
    this.#progress();
  }

  #progress(): void {
    const total = Math.max(this.#cleared, this.#start?.rows ?? 0);
    this.#options.onProgress(this.#cleared, total, this.#inDoubt);
  }

  get #inDoubt(): number {
    const others = (this.#start?.rows ?? 0) - this.#cleared;
    return this.#rows.cascades ? Math.max(others, this.#unknown) : this.#unknown;
  }

  /** How far it has come; undefined where nothing was begun. */
  get progress(): Progress | undefined {
    return this.#start === undefined
      ? undefined
      : { ...this.#start, cleared: this.#cleared, unknown: this.#inDoubt };
  }
}

/** How far a clear got. */
interface Progress {
  /** How many there were at the start. */
  readonly rows: number;
  /** Whether that is no guess. */
  readonly isExact: boolean;
  readonly cleared: number;
  /** The most that batches can have removed whose answer never came. */
  readonly unknown: number;
}

/** @param progress Undefined where nothing had been begun. */
function withCounts(error: AzuError, progress: Progress | undefined): AzuError {
  if (progress === undefined) return error;
  const hint = /safe/.test(error.hint ?? "")
    ? error.hint
    : [error.hint, "Running the command again is safe"].filter(Boolean).join("; ");
  return new OperationError(`${error.message}; ${counts(progress)}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

/** Whether rows that were removed have come back, to be removed, and counted, again. */
class Returns {
  #seen = false;
  #first: { readonly removed: number; readonly left: number } | undefined;
  #left = 0;

  /** After a pass: what it has removed, and what of the start's rows was there then. */
  after(removed: number, left: number): void {
    if (this.#first === undefined) this.#first = { removed, left };
    else if (removed > this.#left - left) this.#seen = true;
    this.#left = left;
  }

  get seen(): boolean {
    return this.#seen;
  }

  /** How many can be gone for good: where some were seen to come back, all that the first pass left. */
  get mostGone(): number {
    if (!this.#seen || this.#first === undefined) return Infinity;
    const { removed, left } = this.#first;
    return Math.max(0, removed - left) + left - this.#left;
  }
}

function counts({ rows, isExact, cleared, unknown }: Progress): string {
  // A guess may be far too low, where nobody has counted the table for long.
  const of = `of ${isExact ? "" : "about "}${Math.max(rows, cleared)} session(s)`;
  const others = Math.max(0, rows - cleared);
  if (unknown > 0) {
    const more = isExact ? Math.min(others, unknown) : unknown;
    return `${cleared} ${of} are certainly gone, and up to ${more} more may be`;
  }
  if (cleared === 0) return `none ${of} is gone`;
  return `${cleared} ${of} are gone, ` + (isExact ? `up to ${others} remain` : "others may remain");
}
