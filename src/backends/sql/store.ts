/** The store that all SQL engines share. What differs between them is behind {@linkcode SqlEngine}. */
import { type AzuError, ImpossibleError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import type { ClearOptions, LookOptions, Purpose, Sessions, Store } from "../contract.ts";
import { type Budget, Pace, type PaceDefaults } from "../pace.ts";
import type { DatabaseTarget } from "./backend.ts";
import { clearRows, type StartRows } from "./clear.ts";
import { SETUP_LAYOUT } from "./layout.ts";
import { type Fault, retrying } from "./retry.ts";
import { areFew, orderedBy, type RemovableRows, type RowTable } from "./rows.ts";
import {
  countSelected,
  listSelected,
  ROWS_AT_ONCE,
  SelectedRows,
  selectedRows,
  type SelectionContext,
} from "./selected.ts";
import { PayloadReader } from "../payload.ts";
import type { Selection } from "../../core/selection.ts";

/** An open database. */
export interface SqlSession extends AsyncDisposable {
  readonly target: DatabaseTarget;
  /** Replaces the connection with a new one. Missing if a connection cannot be lost. */
  reconnect?(signal: AbortSignal): Promise<void>;
}

/** What differs between database engines. The store explains the errors of the drivers. */
export interface SqlEngine<Session extends SqlSession> {
  open(target: DatabaseTarget, signal: AbortSignal, purpose: Purpose): Promise<Session>;
  /** Turns a driver's error into a sentence. */
  explain(error: unknown, target: DatabaseTarget): AzuError;
  /** What a driver's error means for a clear. */
  faultOf(error: unknown): Fault;
  /**
   * Counts the rows of the table.
   * @param selected The condition of the rows to count; undefined for all rows.
   */
  count(
    session: Session,
    signal: AbortSignal,
    onProgress: LookOptions["onProgress"],
    selected?: string,
  ): Promise<number>;
  /**
   * Checks everything that {@linkcode startRows} checks, and whether this user may remove rows.
   * @returns the names of the table's columns.
   */
  examine(session: Session, options: ClearOptions, tick: () => void): Promise<readonly string[]>;
  readonly pace: PaceDefaults;
  /**
   * Decides which rows a clear removes, and counts them.
   * @param tick Called before each long statement, as a sign of life. Throws if interrupted.
   * @throws {AzuError} if it is known beforehand that they cannot all be removed.
   */
  startRows(session: Session, options: ClearOptions, tick: () => void): Promise<StartRows>;
  /** The same for the rows that meet a condition, if it has a faster way than by single rows. */
  startSelected?(
    session: Session,
    options: ClearOptions,
    tick: () => void,
    selected: string,
  ): Promise<StartRows>;
  readRows(session: Session, signal: AbortSignal): Promise<RowTable>;
  /** @throws {AzuError} as {@linkcode startRows}. */
  removableRows(
    session: Session,
    options: ClearOptions,
    tick: () => void,
  ): Promise<RemovableRows>;
  /** Why it cannot empty a table at once; undefined if it can. */
  readonly whyNotTruncate?: string;
  /** Creates the table if it is missing; fails if the table lacks a column. */
  createTable(session: Session, signal: AbortSignal): Promise<"created" | "present">;
}

/** @throws {AzuError} if the database cannot be reached, or refuses the connection. */
export async function openSqlStore<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  target: DatabaseTarget,
  signal: AbortSignal,
  purpose: Purpose,
): Promise<Store> {
  const explained = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw engine.explain(error, target);
    }
  };
  const session = await explained(signal, () => engine.open(target, signal, purpose));
  const payloads = new PayloadReader(SETUP_LAYOUT.payload, target.secrets);
  const contextOf = (selection: Selection): SelectionContext => {
    return { selection, layout: SETUP_LAYOUT, payloads, target };
  };
  const all = sessionsOf(engine, session, contextOf([]), explained);
  return {
    ...all,
    only: (selection) => sessionsOf(engine, session, contextOf(selection), explained),
    examine(signal, { onProgress, truncate = false } = {}) {
      return explained(signal, async () => {
        const tick = () => {
          signal.throwIfAborted();
          onProgress?.(0);
        };
        const pace = new Pace({}, engine.pace);
        const retry = retrying(session, engine.faultOf, signal, pace, tick);
        const columns = await retry(() => {
          return engine.examine(session, { signal, truncate, onProgress() {} }, tick);
        });
        return looksLikeSessions(columns) ? [] : [
          `the table ${printable(target.tableText)} has no column for a session id or an expiry`,
        ];
      });
    },
    createTable: (signal) => explained(signal, () => engine.createTable(session, signal)),
    [Symbol.asyncDispose]: async () => await session[Symbol.asyncDispose](),
  };
}

type Explained = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/** The sessions of a selection; of an empty one, all rows of the table. */
function sessionsOf<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  context: SelectionContext,
  explained: Explained,
): Sessions {
  const isAll = context.selection.length === 0;
  return {
    count: (signal, { onProgress, onUnreadable, budget = {} } = {}) => {
      return explained(signal, async () => {
        if (isAll) return await engine.count(session, signal, onProgress);
        const table = await engine.readRows(session, signal);
        const rows = new SelectedRows(table, context);
        if (rows.isPlain) return await engine.count(session, signal, onProgress, rows.plan.where);
        const { retry, batch } = reading(engine, session, signal, budget, () => onProgress?.(0));
        const found = await countSelected(table, rows, retry, batch, (found) => {
          signal.throwIfAborted();
          onProgress?.(found);
        });
        if (rows.unreadable > 0) onUnreadable?.(rows.unreadable);
        return found;
      });
    },
    async clear(options) {
      const { whyNotTruncate } = engine;
      if (options.truncate && (!isAll || whyNotTruncate !== undefined)) {
        const why = isAll ? whyNotTruncate : "that would remove all sessions";
        throw new ImpossibleError(`This backend cannot truncate: ${why}`, {
          hint: "Run the command without --truncate",
        });
      }
      return await clearRows(engine, session, options, (tick) => {
        return isAll
          ? engine.startRows(session, options, tick)
          : startSelected(engine, session, options, tick, context);
      });
    },
    list: (options) => {
      const { signal, budget = {}, onProgress, onUnreadable } = options;
      return explained(signal, async () => {
        const { retry, batch } = reading(engine, session, signal, budget, () => onProgress?.(0));
        const table = await retry(() => engine.readRows(session, signal));
        const rows = new SelectedRows(table, context);
        await listSelected(table, rows, retry, batch, options);
        if (rows.unreadable > 0) onUnreadable?.(rows.unreadable);
      });
    },
  };
}

/** How a walk that only reads is repeated, and its batches. */
function reading<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  signal: AbortSignal,
  budget: Budget,
  onRetry: () => void,
) {
  const pace = new Pace({ batch: ROWS_AT_ONCE, ...budget }, engine.pace);
  const retry = retrying(session, engine.faultOf, signal, pace, onRetry);
  return { retry, batch: () => Math.min(ROWS_AT_ONCE, pace.batch) };
}

async function startSelected<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  options: ClearOptions,
  tick: () => void,
  context: SelectionContext,
): Promise<StartRows> {
  const table = await engine.removableRows(session, options, tick);
  const rows = new SelectedRows(table, context);
  const { where, index } = rows.plan;
  const byIndex = rows.isPlain && index !== undefined && await areFew(table, where);
  if (rows.isPlain && !byIndex && engine.startSelected !== undefined) {
    return await engine.startSelected(session, options, tick, where);
  }
  return await selectedRows(byIndex ? orderedBy(table, index) : table, rows, (sessions) => {
    if (sessions > 0) options.onUnreadable?.(sessions);
  });
}

/**
 * Whether a table has a column for a session id or an expiry, by the names that the session shard,
 * Rails, Django, Laravel, Symfony and connect-pg-simple use.
 */
function looksLikeSessions(columns: readonly string[]): boolean {
  return columns.some((name) =>
    /^(?:sess(?:ion)?_?(?:id|key|token)|sid)$|expir|lifetime|valid_until|last_activity/i.test(name)
  );
}
