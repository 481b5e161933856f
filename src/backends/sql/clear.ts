/**
 * Clears the rows that a table contains at the start, in batches, and proves it. What differs
 * between the engines is behind {@linkcode StartRows}.
 *
 * 1. Start: decide which rows are meant, and count them.
 * 2. Passes: remove them in batches, each in its own transaction, slower while the server is busy.
 * 3. Close: count those that are left, and the rows written since. If some are left, because they
 *    moved or came back, make a few further passes.
 */
import { type AzuError, extended } from "../../core/errors.ts";
import type { ClearCounts, ClearOptions } from "../contract.ts";
import { Pace } from "../pace.ts";
import { type Retry, retrying } from "./retry.ts";
import type { SqlEngine, SqlSession } from "./store.ts";

/** The rows that the table had when the clear began, and how an engine removes them. */
export interface StartRows {
  readonly start: Start;
  /** Whether another client waited for the last batch; undefined if that is not known. */
  isAwaited?(): boolean;
  /**
   * The walk of one pass through the rows. Passes after the first find few.
   * @param rows How many rows of the start there were at the last count; 0 if there was none.
   */
  walk(pass: number, rows: number): Walk;
  /**
   * Counts what is left, in one snapshot. An engine may remove the last rows in the same
   * transaction.
   * @param tick Called before each long statement, as a sign of life. Throws if interrupted.
   */
  close(tick: () => void): Promise<Closing>;
  /** False if the server cannot undo a batch that fails; default true. */
  readonly undoes?: boolean;
  /**
   * Whether removing a row may remove other rows of the table, or write some back: by a foreign key
   * or a trigger. Then only a count is reliable.
   */
  readonly cascades?: boolean;
  /** The most rows that a batch of this size may have removed if its answer was lost. */
  inDoubt(rows: number): number;
  /** Allows a batch more time, because even the smallest one is too slow. */
  relax?(): void;
  adviceAfter?(cleared: number, closing: Closing): string | undefined;
}

/**
 * A pass, batch by batch: removes about this many rows, in a transaction. After a failure, the next
 * batch begins where the last good one ended.
 */
export type Walk = (rows: number) => Promise<Batch>;

export interface Batch {
  readonly removed: number;
  /** Whether the pass ends with this batch. */
  readonly isLast: boolean;
}

export interface Start {
  /** An estimate is at least 1; undefined if there is none. */
  readonly rows: number | undefined;
  /** False if that is not a count. An exact count shows what unanswered batches have removed. */
  readonly isExact: boolean;
}

export interface Closing {
  readonly left: number;
  readonly arrived: number;
  /** Rows removed in the same transaction. */
  readonly removed: number;
}

/** Rows come back or move only while a client writes them. Meanwhile, more passes do not help. */
const MOST_PASSES = 5;

/** @throws {AzuError} that says how many more sessions may be gone than were reported. */
export async function clearRows<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  options: ClearOptions,
  begin: (tick: () => void) => Promise<StartRows>,
): Promise<ClearCounts> {
  const { signal } = options;
  const pace = new Pace(options.budget ?? {}, engine.pace);
  const clear = new SqlClear(
    options,
    pace,
    retrying(session, engine.faultOf, signal, pace, () => options.onRetry?.()),
  );
  try {
    return await clear.run(begin);
  } catch (error) {
    signal.throwIfAborted();
    throw withDoubt(engine.explain(error, session.target), clear.state);
  }
}

class SqlClear {
  readonly #options: ClearOptions;
  readonly #pace: Pace;
  readonly #retry: Retry;
  #rows: StartRows | undefined;
  #cleared = 0;
  /** The most rows that batches whose answers were lost can have removed. */
  #unknown = 0;

  constructor(options: ClearOptions, pace: Pace, retry: Retry) {
    this.#options = options;
    this.#pace = pace;
    this.#retry = retry;
  }

  async run(begin: (tick: () => void) => Promise<StartRows>): Promise<ClearCounts> {
    const tick = () => {
      this.#options.signal.throwIfAborted();
      this.#report();
    };
    const rows = await this.#retry(() => begin(tick));
    this.#rows = rows;
    const { start } = rows;
    if (start.rows === 0) return { cleared: 0, remaining: 0, arrived: 0 };
    let left = start.rows ?? 0;
    let mostGone = start.isExact ? left : Infinity;
    let inFirstPass = 0;
    let hasReturned = false;
    for (let pass = 1;; pass++) {
      const before = this.#cleared;
      this.#report();
      await this.#pass(rows, rows.walk(pass, left));
      const closing = await this.#retry(() => rows.close(tick));
      this.#settle(closing, rows);
      const removed = this.#cleared - before;
      // A row that comes back is removed, and counted, again.
      if (pass === 1) inFirstPass = Math.max(removed, closing.left);
      else if (removed > left - closing.left) hasReturned = true;
      left = closing.left;
      if (left > 0 && removed > 0 && pass < MOST_PASSES) continue;
      // All rows left after the first pass may be rows that it had removed and that came back.
      if (!start.isExact && hasReturned) mostGone = inFirstPass;
      const advice = rows.adviceAfter?.(this.#cleared, closing);
      return {
        cleared: Math.max(0, Math.min(this.#cleared, mostGone - left)),
        remaining: left,
        arrived: closing.arrived,
        ...(left > 0 ? { kept: !hasReturned } : {}),
        ...(advice === undefined ? {} : { advice }),
      };
    }
  }

  async #pass(rows: StartRows, walk: Walk): Promise<void> {
    const { signal } = this.#options;
    const { isExact } = rows.start;
    let isLast = false;
    while (!isLast) {
      const began = performance.now();
      const batch = await this.#retry(() => walk(this.#pace.batch), (fault) => {
        if (fault === "slow" && this.#pace.batch === 1) rows.relax?.();
        if (fault !== "lost" && rows.undoes !== false) return;
        const inDoubt = rows.inDoubt(this.#pace.batch);
        this.#unknown = isExact ? this.#unknown + inDoubt : inDoubt;
        this.#report();
      });
      // Without an exact count, the engine finds out about a lost batch before its next one.
      if (!isExact) this.#unknown = 0;
      this.#cleared += batch.removed;
      isLast = batch.isLast;
      this.#report();
      signal.throwIfAborted();
      await this.#pace.after(performance.now() - began, signal, rows.isAwaited?.());
      signal.throwIfAborted();
    }
  }

  /** Rows that are no longer there are gone, even if an answer was lost. */
  #settle({ left, removed }: Closing, { start, cascades }: StartRows): void {
    this.#cleared += removed;
    if (this.#unknown > 0 || cascades) {
      this.#cleared = Math.max(this.#cleared, (start.rows ?? 0) - left);
    }
    this.#unknown = 0;
    this.#report();
  }

  #report(): void {
    const rows = this.#rows?.start.rows;
    const total = rows === undefined && this.#rows !== undefined
      ? undefined
      : Math.max(this.#cleared, rows ?? 0);
    this.#options.onProgress(this.#cleared, total, this.#inDoubt);
  }

  get #inDoubt(): number {
    // Rows take others along only once some are removed: a batch that fails is undone.
    const takesOthers = this.#rows?.cascades === true && this.#cleared > 0;
    const others = (this.#rows?.start.rows ?? 0) - this.#cleared;
    return takesOthers ? Math.max(others, this.#unknown) : this.#unknown;
  }

  /** How far it got; undefined if nothing was begun. */
  get state(): State | undefined {
    return this.#rows === undefined
      ? undefined
      : { ...this.#rows.start, cleared: this.#cleared, unknown: this.#inDoubt };
  }
}

interface State extends Start {
  readonly cleared: number;
  /** The most rows that batches whose answers were lost can have removed. */
  readonly unknown: number;
}

/** The error of a clear, with how many more sessions may be gone than were counted. */
function withDoubt(error: AzuError, state: State | undefined): AzuError {
  if (state === undefined || state.unknown === 0) return error;
  const { rows, isExact, cleared, unknown } = state;
  const more = isExact ? Math.min(Math.max(0, (rows ?? 0) - cleared), unknown) : unknown;
  return extended(error, `up to ${more} more session(s) may be gone`);
}

/** How an engine walks by key. A key has the type that its driver reads. */
export interface Keyset<Key> {
  readonly from: string;
  /** The condition that rows to remove meet. */
  readonly within: string;
  /** The columns of the key, quoted. */
  readonly columns: readonly string[];
  /** Those columns as they are selected. */
  readonly selected: string;
  /** A key as SQL: a value, or a row value if there are several columns. */
  written(key: Key): string;
  /**
   * Runs a SELECT of one key.
   * @param last The key in the statement, if any: some engines pass it as a parameter.
   */
  find(select: string, last: Key | undefined): Promise<Key | undefined>;
  /** Removes the rows that meet a condition; the keys in it as above. */
  remove(where: string, last: Key | undefined, upTo: Key | undefined): number | Promise<number>;
}

/** By key. Rows may move in the table, but their order by key stays the same. */
export function keysetWalk<Key>(keyset: Keyset<Key>): Walk {
  const { within, columns } = keyset;
  let last: Key | undefined;
  return async (rows) => {
    const behind = last === undefined
      ? within
      : `${within} AND ${tuple(columns)} > ${keyset.written(last)}`;
    const upTo = await keyset.find(
      `SELECT ${keyset.selected} FROM ${keyset.from} WHERE ${behind} ` +
        `ORDER BY ${columns.join(", ")} LIMIT 1 OFFSET ${rows - 1}`,
      last,
    );
    const end = upTo === undefined ? "" : ` AND ${tuple(columns)} <= ${keyset.written(upTo)}`;
    const removed = await keyset.remove(behind + end, last, upTo);
    last = upTo;
    return { removed, isLast: upTo === undefined };
  };
}

/** Several values as a row value; one as it is, because otherwise SQLite does not use the index. */
export function tuple(values: readonly string[]): string {
  return values.length === 1 ? values.join() : `(${values.join(", ")})`;
}
