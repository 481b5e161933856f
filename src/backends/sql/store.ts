/** The store that all SQL engines share. What differs between them is behind {@linkcode SqlEngine}. */
import { type AzuError, ImpossibleError } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";
import { printable } from "../../core/text.ts";
import type { ClearOptions, LookOptions, Place, Purpose, Sessions, Store } from "../contract.ts";
import { lazySessions } from "../lazy_sessions.ts";
import { Pace, type PaceDefaults } from "../pace.ts";
import type { Survey } from "../survey.ts";
import type { TableShape } from "./alter.ts";
import type { DatabaseTarget } from "./backend.ts";
import type { EngineDiagnosis } from "./diagnosis.ts";
import { clearRows, type StartRows } from "./clear.ts";
import { type Row, sumIn } from "./errors.ts";
import type { SqlCopies } from "./copies.ts";
import { type Fault, retrying } from "./retry.ts";
import type { RemovableRows, RowTable, WritableRows } from "./rows.ts";

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
   * Reads the whole table, in statements that each end soon.
   * @param columns Aggregates in SQL. One of them is `count(*) AS found`.
   * @param selected The condition of the rows to read; undefined for all rows.
   * @returns a row for each statement.
   */
  aggregate(
    session: Session,
    signal: AbortSignal,
    onProgress: LookOptions["onProgress"],
    columns: readonly string[],
    selected?: string,
  ): Promise<readonly Row[]>;
  /**
   * What the server knows about the table without reading it.
   * @param isQuick Whether the number of rows must be estimated: the figure `sessions`.
   */
  tableState(session: Session, isQuick: boolean): Promise<TableState>;
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
  /** The rows of the table, to be written one by one. */
  writableRows(session: Session, signal: AbortSignal): Promise<WritableRows>;
  /** Whether its {@linkcode WritableRows} can compare: whether they have `differing`. */
  readonly comparesSessions?: boolean;
  /** Where the table is, by the server's own account. */
  place(session: Session): Promise<Place>;
  /** Creates the table if it is missing; fails if the table lacks a column. */
  createTable(session: Session, signal: AbortSignal): Promise<"created" | "present">;
  /** What the catalog says about the table; undefined if there is none. */
  shape(session: Session, signal: AbortSignal): Promise<TableShape | undefined>;
  /**
   * What only this engine can tell for `session:doctor`.
   * @param state Returns what {@linkcode tableState} says, which is asked for once.
   */
  diagnosis(session: Session, state: () => Promise<TableState>): Promise<EngineDiagnosis>;
  /** Runs a short statement. */
  query(session: Session, sql: string, signal: AbortSignal): Promise<readonly Row[]>;
  /** Runs statements that change the table. */
  change(session: Session, statements: readonly string[], signal: AbortSignal): Promise<void>;
}

/** What a server knows about a table without reading it. */
export type TableState = Pick<Survey, "figures" | "properties" | "warnings">;

/** Runs work, and turns the driver's errors into sentences. */
export type Explained = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/** Milliseconds between two signs of life of a change of the table. */
const ALIVE = 10_000;

/** @throws {AzuError} if the database cannot be reached, or refuses the connection. */
export async function openSqlStore<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  target: DatabaseTarget,
  signal: AbortSignal,
  purpose: Purpose,
): Promise<Store> {
  const explained: Explained = async (signal, work) => {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw engine.explain(error, target);
    }
  };
  const session = await explained(signal, () => engine.open(target, signal, purpose));
  const select = async (selection: Selection): Promise<Sessions> => {
    const { selectedSessions } = await import("./selected_sessions.ts");
    return selectedSessions(engine, session, selection, explained);
  };
  let copies: Promise<SqlCopies> | undefined;
  const copying = () => copies ??= openCopies(engine, session, explained);
  return {
    count: (signal, { onProgress } = {}) => {
      return explained(signal, () => countRows(engine, session, signal, onProgress));
    },
    async clear(options) {
      const { whyNotTruncate } = engine;
      if (options.truncate && whyNotTruncate !== undefined) {
        throw new ImpossibleError(`This backend cannot truncate: ${whyNotTruncate}`, {
          hint: "Run the command without --truncate",
        });
      }
      return await clearRows(engine, session, options, (tick) => {
        return engine.startRows(session, options, tick);
      });
    },
    list: async (options) => await (await select([])).list?.(options),
    read: async (options) => await (await select([])).read?.(options),
    find: async (...args) => await (await copying()).find(...args),
    ...(engine.comparesSessions
      ? { hasSame: async (...args) => await (await copying()).hasSame(...args) }
      : {}),
    // azu does not know what else rows of another layout must contain.
    ...(target.layout === undefined
      ? {
        save: async (...args) => await (await copying()).save(...args),
        drop: async (...args) => await (await copying()).drop(...args),
      } satisfies Partial<Store>
      : {}),
    place: (signal) => explained(signal, () => engine.place(session)),
    only: (selection) => lazySessions(() => select(selection)),
    survey: (options) => {
      return explained(options.signal, async () => {
        const { surveyTable } = await import("./survey.ts");
        return await surveyTable(engine, session, options);
      });
    },
    async diagnose(options) {
      const { diagnoseTable } = await import("./diagnosis.ts");
      await diagnoseTable(engine, session, options);
    },
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
        if (target.layout !== undefined) {
          const { checkLayout } = await import("./selected_sessions.ts");
          checkLayout(target.layout, await retry(() => engine.readRows(session, signal)), target);
          return [];
        }
        return looksLikeSessions(columns) ? [] : [
          `the table ${printable(target.tableText)} has no column for a session id or an expiry`,
        ];
      });
    },
    createTable: (signal) => explained(signal, () => engine.createTable(session, signal)),
    missingInTable: (signal, options) => {
      return explained(signal, async () => {
        const shape = await engine.shape(session, signal);
        if (shape === undefined) return undefined;
        const { tableChanges } = await import("./alter.ts");
        return tableChanges(target, shape, options);
      });
    },
    async changeTable({ statements }, signal, { onProgress } = {}) {
      // The servers report no progress of these statements. Their time limits end them.
      const alive = setInterval(() => onProgress?.(0), ALIVE);
      try {
        await explained(signal, () => engine.change(session, statements, signal));
      } finally {
        clearInterval(alive);
      }
    },
    [Symbol.asyncDispose]: async () => await session[Symbol.asyncDispose](),
  };
}

/** Loaded only if something is copied. */
async function openCopies<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  explained: Explained,
): Promise<SqlCopies> {
  const { sqlCopies } = await import("./copies.ts");
  return sqlCopies(engine, session, explained);
}

/** @param selected The condition of the rows to count; undefined for all rows. */
export async function countRows<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  signal: AbortSignal,
  onProgress: LookOptions["onProgress"],
  selected?: string,
): Promise<number> {
  const columns = ["count(*) AS found"];
  const parts = await engine.aggregate(session, signal, onProgress, columns, selected);
  return sumIn(parts, "found");
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
