/**
 * Clears the rows that a table contains at the start, in batches, and proves it. What differs
 * between the engines is behind {@linkcode StartRows}.
 *
 * 1. Start: decide which rows are meant, and count them.
 * 2. Passes: remove them in batches, each in its own transaction, slower while the server is busy.
 * 3. Close: count those that are left, and the rows written since. If some are left, because they
 *    moved or came back, make a few further passes.
 */
import { type AzuError, OperationError } from "../../core/errors.ts";
import type { ClearCounts, ClearOptions } from "../contract.ts";
import { Pace, type PaceDefaults } from "../pace.ts";
import { Retry } from "./retry.ts";
import type { SqlEngine, SqlSession } from "./store.ts";

/** The rows of the start, as an engine finds and removes them. */
export interface StartRows {
  readonly pace: PaceDefaults;
  /** Whether another client was seen to wait for the last batch; undefined if nobody looks. */
  readonly isAwaited?: boolean;
  /**
   * Decides which rows are meant.
   * @param tick Called before each long statement, as a sign of life.
   * @returns how many rows there are; an estimate is at least 1.
   * @throws {AzuError} if it is clear from the start that they cannot all be removed.
   */
  begin(tick: () => void): Promise<Start>;
  /** A way through the rows. A pass after the first one finds few. */
  walk(pass: number): Walk;
  /**
   * Counts what is left, in one snapshot. An engine may remove the last rows in the same
   * transaction.
   */
  close(tick: () => void): Promise<Closing>;
  /** False if the server cannot undo a batch that fails; default true. */
  readonly undoes?: boolean;
  /** Whether removing a row may remove other rows of the table: then only counting tells. */
  readonly cascades?: boolean;
  /** The most rows that a batch of this size may have removed if its answer was lost. */
  inDoubt(rows: number): number;
  /** Allows a batch more time, because even the smallest one is too slow. */
  relax?(): void;
  adviceAfter?(cleared: number, closing: Closing): string | undefined;
}

/** A pass, batch by batch. After a failure, the next batch begins where the last good one ended. */
export interface Walk {
  readonly done: boolean;
  /**
   * Removes about this many rows, in a transaction.
   * @returns how many it removed.
   */
  next(rows: number): Promise<number>;
}

export interface Start {
  readonly rows: number;
  /** False if that is an estimate. If exact, the final count settles what lost answers left open. */
  readonly isExact: boolean;
}

export interface Closing {
  readonly left: number;
  readonly arrived: number;
  /** Rows removed in the same transaction. */
  readonly removed: number;
}

/** Rows come back or move only while someone writes them: then more passes would never end. */
const MOST_PASSES = 5;

/** @throws {AzuError} that says how many sessions are gone, and how many may be. */
export async function clearRows<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  options: ClearOptions,
): Promise<ClearCounts> {
  const { signal } = options;
  const rows = engine.startRows(session, options);
  const pace = new Pace(options.budget ?? {}, rows.pace);
  const connection = {
    faultOf: (error: unknown) => engine.faultOf(error),
    reconnect: async () => await session.reconnect?.(signal),
  };
  const clear = new SqlClear(rows, options, pace, new Retry(rows, connection, signal, pace));
  try {
    return await clear.run();
  } catch (error) {
    signal.throwIfAborted();
    throw withCounts(engine.explain(error, session.target), clear.state);
  }
}

class SqlClear {
  readonly #rows: StartRows;
  readonly #options: ClearOptions;
  readonly #pace: Pace;
  readonly #retry: Retry;
  #start: Start | undefined;
  #cleared = 0;
  /** The most rows that batches whose answers were lost can have removed. */
  #unknown = 0;

  constructor(rows: StartRows, options: ClearOptions, pace: Pace, retry: Retry) {
    this.#rows = rows;
    this.#options = options;
    this.#pace = pace;
    this.#retry = retry;
  }

  async run(): Promise<ClearCounts> {
    const start = await this.#retry.run(() => this.#rows.begin(() => this.#report()));
    this.#start = start;
    if (start.rows === 0) return { cleared: 0, remaining: 0, arrived: 0 };
    const returns = new Returns();
    for (let pass = 1;; pass++) {
      const before = this.#cleared;
      this.#report();
      await this.#pass(this.#rows.walk(pass));
      const closing = await this.#retry.run(() => this.#rows.close(() => this.#report()));
      this.#settle(closing, start);
      const { left: remaining, arrived } = closing;
      returns.after(this.#cleared - before, remaining);
      if (remaining > 0 && this.#cleared > before && pass < MOST_PASSES) continue;
      const most = start.isExact ? start.rows - remaining : returns.mostGone;
      const advice = this.#rows.adviceAfter?.(this.#cleared, closing);
      return {
        cleared: Math.max(0, Math.min(this.#cleared, most)),
        remaining,
        arrived,
        ...(remaining > 0 ? { kept: !returns.seen } : {}),
        ...(advice === undefined ? {} : { advice }),
      };
    }
  }

  async #pass(walk: Walk): Promise<void> {
    const { signal } = this.#options;
    const isExact = this.#start?.isExact === true;
    while (!walk.done) {
      const began = performance.now();
      const removed = await this.#retry.run(() => walk.next(this.#pace.batch), () => {
        const inDoubt = this.#rows.inDoubt(this.#pace.batch);
        this.#unknown = isExact ? this.#unknown + inDoubt : inDoubt;
        this.#report();
      });
      // Without an exact count to settle it, the engine settles a doubt before its next batch.
      if (!isExact) this.#unknown = 0;
      this.#cleared += removed;
      this.#report();
      signal.throwIfAborted();
      await this.#pace.after(performance.now() - began, signal, this.#rows.isAwaited);
      signal.throwIfAborted();
    }
  }

  /** Whatever is no longer there is gone, even if no answer said so. */
  #settle({ left, removed }: Closing, start: Start): void {
    this.#cleared += removed;
    if (this.#unknown > 0 || this.#rows.cascades) {
      this.#cleared = Math.max(this.#cleared, start.rows - left);
    }
    this.#unknown = 0;
    this.#report();
  }

  #report(): void {
    const total = Math.max(this.#cleared, this.#start?.rows ?? 0);
    this.#options.onProgress(this.#cleared, total, this.#inDoubt);
  }

  get #inDoubt(): number {
    const others = (this.#start?.rows ?? 0) - this.#cleared;
    return this.#rows.cascades ? Math.max(others, this.#unknown) : this.#unknown;
  }

  /** How far it got; undefined if nothing was begun. */
  get state(): State | undefined {
    return this.#start === undefined
      ? undefined
      : { ...this.#start, cleared: this.#cleared, unknown: this.#inDoubt };
  }
}

/** Whether removed rows have come back, so that they were removed, and counted, again. */
class Returns {
  #seen = false;
  #first: { readonly removed: number; readonly left: number } | undefined;
  #left = 0;

  /** After a pass: how many rows it removed, and how many of the start's rows it left. */
  after(removed: number, left: number): void {
    if (this.#first === undefined) this.#first = { removed, left };
    else if (removed > this.#left - left) this.#seen = true;
    this.#left = left;
  }

  get seen(): boolean {
    return this.#seen;
  }

  /** How many rows can be gone for good. If some came back, all that the first pass left did. */
  get mostGone(): number {
    if (!this.#seen || this.#first === undefined) return Infinity;
    const { removed, left } = this.#first;
    return Math.max(0, removed - left) + left - this.#left;
  }
}

interface State extends Start {
  readonly cleared: number;
  /** The most rows that batches whose answers were lost can have removed. */
  readonly unknown: number;
}

/** The error of a clear, with how many sessions are gone and how many may be. */
function withCounts(error: AzuError, state: State | undefined): AzuError {
  if (state === undefined) return error;
  const hint = /safe/.test(error.hint ?? "")
    ? error.hint
    : [error.hint, "Running the command again is safe"].filter(Boolean).join("; ");
  return new OperationError(`${error.message}; ${counts(state)}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

function counts({ rows, isExact, cleared, unknown }: State): string {
  // An estimate may be far too low, if the server has not analyzed the table for long.
  const of = `of ${isExact ? "" : "about "}${Math.max(rows, cleared)} session(s)`;
  const others = Math.max(0, rows - cleared);
  if (unknown > 0) {
    const more = isExact ? Math.min(others, unknown) : unknown;
    return `${cleared} ${of} are certainly gone, and up to ${more} more may be`;
  }
  if (cleared === 0) return `none ${of} is gone`;
  return `${cleared} ${of} are gone, ` + (isExact ? `up to ${others} remain` : "others may remain");
}
