/** The store that all SQL engines share. What differs between them is behind {@linkcode SqlEngine}. */
import { type AzuError, ImpossibleError } from "../../core/errors.ts";
import type { ClearCounts, ClearOptions, LookOptions, Purpose, Store } from "../contract.ts";
import type { DatabaseTarget } from "./backend.ts";
import { clearRows, type StartRows } from "./clear.ts";
import type { Fault } from "./retry.ts";

/** An open database. */
export interface SqlSession extends AsyncDisposable {
  readonly target: DatabaseTarget;
  /** Leaves the connection, whatever its state, for a new one; without it, none can be lost. */
  reconnect?(signal: AbortSignal): Promise<void>;
}

/** What a database engine does in its own way. Drivers' errors are explained by the store. */
export interface SqlEngine<Session extends SqlSession> {
  open(target: DatabaseTarget, signal: AbortSignal, purpose: Purpose): Promise<Session>;
  /** Makes a sentence of a driver's error. */
  explain(error: unknown, target: DatabaseTarget): AzuError;
  /** What a driver's error means for a clear. */
  faultOf(error: unknown): Fault;
  /** Counts the rows of the table. */
  count(
    session: Session,
    signal: AbortSignal,
    onProgress: LookOptions["onProgress"],
  ): Promise<number>;
  /** The rows that a clear removes. */
  startRows(session: Session, options: ClearOptions): StartRows;
  /** Why it cannot empty a table at once; undefined if it can. */
  readonly whyNotTruncate?: string;
  /** Creates the table if it is missing; fails if the table lacks a column. */
  createTable(session: Session, signal: AbortSignal): Promise<"created" | "present">;
}

/** @throws {AzuError} if the database cannot be reached or refuses. */
export async function openSqlStore<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  target: DatabaseTarget,
  signal: AbortSignal,
  purpose: Purpose,
): Promise<Store> {
  const open = () => engine.open(target, signal, purpose);
  return new SqlStore(engine, await explained(engine, target, signal, open));
}

class SqlStore<Session extends SqlSession> implements Store {
  readonly #engine: SqlEngine<Session>;
  readonly #session: Session;

  constructor(engine: SqlEngine<Session>, session: Session) {
    this.#engine = engine;
    this.#session = session;
  }

  async count(signal: AbortSignal, { onProgress }: LookOptions = {}): Promise<number> {
    const count = () => this.#engine.count(this.#session, signal, onProgress);
    return await explained(this.#engine, this.#session.target, signal, count);
  }

  async clear(options: ClearOptions): Promise<ClearCounts> {
    const { whyNotTruncate } = this.#engine;
    if (options.truncate && whyNotTruncate !== undefined) {
      throw new ImpossibleError(`This backend cannot truncate: ${whyNotTruncate}`, {
        hint: "Run the command without --truncate",
      });
    }
    return await clearRows(this.#engine, this.#session, options);
  }

  async createTable(signal: AbortSignal): Promise<"created" | "present"> {
    const create = () => this.#engine.createTable(this.#session, signal);
    return await explained(this.#engine, this.#session.target, signal, create);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

async function explained<T, Session extends SqlSession>(
  engine: SqlEngine<Session>,
  target: DatabaseTarget,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw engine.explain(error, target);
  }
}
