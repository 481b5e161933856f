/** The rows that a table of PostgreSQL has at the start: see `sql_clear.ts`. */
import type { AzuError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import type { ClearCounts, ClearOptions } from "../contract.ts";
import { PostgresBatches } from "./batches.ts";
import { countRows, estimate, highestMark, pagesOf } from "./count.ts";
import { faultOf } from "./errors.ts";
import { checkReferences, checkRules, isSelfCascading } from "./references.ts";
import type { Limits, PostgresSession, Read } from "./session.ts";
import { checkIdentity, inspectTable, type PostgresTable, withinOf } from "./table.ts";
import {
  LeftWalk,
  PageWalk,
  PlacesWalk,
  postgresKeyset,
  RestWalk,
  type Target,
  TruncateWalk,
} from "./walks.ts";
import { clearRows, type Closing, type Start, type StartRows, type Walk } from "../sql/clear.ts";
import type { Fault } from "../sql/retry.ts";
import { KeysetWalk } from "../sql/walks.ts";

/**
 * Rows in a batch, and its milliseconds: each commit waits for the disk, so fewer are quicker; where
 * somebody is seen to wait, they become smaller. It begins with few, for rows may be large.
 */
const PACE = { batch: 100_000, first: 2000, least: 10, maxLatency: 150 } as const;

/** Milliseconds: with the commit, nobody waits for longer than a second for what it has locked. */
const BATCH: Limits = { statement: 900, lock: 500 };

/** For a single row, say, whose triggers take their time. */
const SLOW_BATCH: Limits = { statement: 60_000, lock: 5000 };

/** Rows that are removed by one statement, where there is no key to find them by again. */
const REST = 1000;

/** Dead rows that are not worth a word: autovacuum passes by. */
const FEW = 10_000;

/**
 * Rows up to the highest primary key at the start are the start's, where the key is an integer;
 * where it is not, those up to the latest `created_at`. Where there is neither, all that is found
 * counts as of the start, and what arrives meanwhile cannot be told apart from what came back.
 */
export async function clearPostgres(
  session: PostgresSession,
  options: ClearOptions,
): Promise<ClearCounts> {
  return await clearRows(new PostgresRows(session, options), options);
}

class PostgresRows implements StartRows {
  readonly pace = PACE;
  readonly #session: PostgresSession;
  readonly #options: ClearOptions;
  #limits = BATCH;
  #table: PostgresTable | undefined;
  #within = "true";
  #pages = 0;
  #start: Start = { rows: 0, isExact: true };
  #batches: PostgresBatches;
  #cascades = false;
  /** How many were there when they were counted last. */
  #left = 0;

  constructor(session: PostgresSession, options: ClearOptions) {
    this.#session = session;
    this.#options = options;
    this.#batches = new PostgresBatches(session, false);
  }

  get cascades(): boolean {
    return this.#cascades;
  }

  get isAwaited(): boolean {
    return this.#batches.isAwaited;
  }

  async begin(tick: () => void): Promise<Start> {
    const table = await inspectTable(this.#session);
    // The server refuses to truncate, and says so, even where no row refers to any.
    if (!this.#options.truncate) {
      await checkRules(this.#session, table.oid);
      await checkReferences(this.#session, table.oid, tick);
      this.#cascades = await isSelfCascading(this.#session, table.oid);
    }
    this.#table = table;
    this.#batches = new PostgresBatches(this.#session, table.paged);
    return this.#start = await this.#session.snapshot(async (read) => {
      this.#pages = await pagesOf(read, table);
      this.#within = withinOf(table, await highestMark(read, table, this.#pages));
      if (table.paged && !this.#options.truncate && !this.#cascades) {
        return await estimate(read, table, this.#pages);
      }
      return { rows: (await this.#counted(read, table, tick)).left, isExact: true };
    });
  }

  walk(pass: number): Walk {
    const { paged, keys } = this.#found;
    if (this.#options.truncate && pass === 1) return new TruncateWalk(this.#target);
    if (paged && pass === 1) {
      return new PageWalk(this.#target, { pages: this.#pages, rows: this.#start.rows });
    }
    if (pass > 1 && keys.length !== 1 && this.#left <= REST) return new RestWalk(this.#target);
    if (paged) return new LeftWalk(this.#target, this.#pages, keys.length === 1 ? keys[0] : "ctid");
    return keys.length === 0
      ? new PlacesWalk(this.#target)
      : new KeysetWalk(postgresKeyset(this.#target, keys));
  }

  async close(tick: () => void): Promise<Closing> {
    return await this.#session.snapshot(async (read) => {
      await checkIdentity(read, this.#session, this.#found);
      return await this.#counted(read, this.#found, tick);
    });
  }

  faultOf(error: unknown): Fault {
    return faultOf(error);
  }

  async mend(): Promise<void> {
    await this.#session.reconnect(this.#options.signal);
  }

  inDoubt(rows: number): number {
    return this.#options.truncate ? this.#start.rows : this.#batches.inDoubt(rows);
  }

  relax(): void {
    this.#limits = SLOW_BATCH;
  }

  explain(error: unknown): AzuError {
    return this.#session.explain(error);
  }

  adviceAfter(cleared: number, { left, arrived }: Closing): string | undefined {
    if (this.#options.truncate || cleared <= FEW || cleared < left + arrived) return undefined;
    return `The table ${printable(this.#session.target.tableText)} holds the room of ${cleared} ` +
      "removed row(s): autovacuum makes it usable again in time, VACUUM does at once";
  }

  async #counted(read: Read, table: PostgresTable, tick: () => void): Promise<Closing> {
    this.#pages = await pagesOf(read, table);
    const alive = () => {
      this.#options.signal.throwIfAborted();
      tick();
    };
    const { left, ...others } = await countRows(read, table, {
      ...{ within: this.#within, pages: this.#pages, tick: alive },
    });
    this.#left = left;
    return { left, ...others };
  }

  get #target(): Target {
    const { from } = this.#found;
    return {
      ...{ session: this.#session, batches: this.#batches, from, within: this.#within },
      limits: () => this.#limits,
    };
  }

  get #found(): PostgresTable {
    if (this.#table === undefined) throw new Error("The clear has not begun");
    return this.#table;
  }
}
