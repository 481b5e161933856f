/** The rows that a table of PostgreSQL contains at the start of a clear: see `sql/clear.ts`. */
import { printable } from "../../core/text.ts";
import type { ClearOptions } from "../contract.ts";
import type { Closing, Start, StartRows, Walk } from "../sql/clear.ts";
import { KeysetWalk } from "../sql/walks.ts";
import { PostgresBatches } from "./batches.ts";
import { countRows, estimate, highestMark, pagesOf } from "./count.ts";
import { checkPostgresReferences, checkRules, isSelfCascading } from "./references.ts";
import type { Limits, PostgresSession, Read } from "./session.ts";
import { checkIdentity, inspectPostgresTable, type PostgresTable, withinOf } from "./table.ts";
import {
  LeftWalk,
  PageWalk,
  PlacesWalk,
  postgresKeyset,
  restWalk,
  type Target,
  truncateWalk,
} from "./walks.ts";

/**
 * Rows, and milliseconds, of a batch. Each commit waits for the disk, so large batches are faster.
 * They become smaller when another client is seen to wait. The first is small, in case rows are
 * large.
 */
const PACE = { batch: 100_000, first: 2000, least: 10, maxLatency: 150 } as const;

/** With the commit, other clients wait at most a second for rows that a batch has locked. */
const BATCH: Limits = { statement: 900, lock: 500 };

/** If even a single row is too slow for that, for example because of its triggers. */
const SLOW_BATCH: Limits = { statement: 60_000, lock: 5000 };

/** The most rows to remove in one statement if there is no key to find them by. */
const REST = 1000;

/** Dead rows that need no advice: autovacuum will pass by. */
const FEW = 10_000;

/**
 * Rows up to the highest primary key at the start are the start's, if the key is one integer.
 * Otherwise, those up to the latest `created_at`. Without either, all rows that are found count as
 * the start's, because new rows cannot be told apart from rows that came back.
 */
export class PostgresRows implements StartRows {
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
  /** Rows of the start at the last count. */
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
    const table = await inspectPostgresTable(this.#session);
    // TRUNCATE ignores rules. The server itself refuses it if there is a foreign key, even if no
    // row refers to a session.
    if (!this.#options.truncate) {
      await checkRules(this.#session, table.oid);
      await checkPostgresReferences(this.#session, table.oid, tick);
      this.#cascades = await isSelfCascading(this.#session, table.oid);
    }
    this.#table = table;
    this.#batches = new PostgresBatches(this.#session, table.paged);
    this.#start = await this.#session.snapshot(async (read) => {
      this.#pages = await pagesOf(read, table);
      this.#within = withinOf(table, await highestMark(read, table, this.#pages));
      if (table.paged && !this.#options.truncate && !this.#cascades) {
        return await estimate(read, table, this.#pages);
      }
      return { rows: (await this.#count(read, tick)).left, isExact: true };
    });
    return this.#start;
  }

  walk(pass: number): Walk {
    const { paged, keys: [key, ...others] } = this.#found;
    const target = this.#target;
    const hasOneKey = key !== undefined && others.length === 0;
    if (this.#options.truncate && pass === 1) return truncateWalk(target);
    if (paged && pass === 1) return new PageWalk(target, this.#pages, this.#start.rows);
    if (pass > 1 && !hasOneKey && this.#left <= REST) return restWalk(target);
    if (paged) return new LeftWalk(target, this.#pages, hasOneKey ? key : "ctid");
    if (key === undefined) return new PlacesWalk(target);
    return new KeysetWalk(postgresKeyset(target, [key, ...others]));
  }

  async close(tick: () => void): Promise<Closing> {
    return await this.#session.snapshot(async (read) => {
      await checkIdentity(read, this.#session, this.#found);
      return await this.#count(read, tick);
    });
  }

  inDoubt(rows: number): number {
    return this.#options.truncate ? this.#start.rows : this.#batches.inDoubt(rows);
  }

  relax(): void {
    this.#limits = SLOW_BATCH;
  }

  adviceAfter(cleared: number, { left, arrived }: Closing): string | undefined {
    if (this.#options.truncate || cleared <= FEW || cleared < left + arrived) return undefined;
    return `The table ${printable(this.#session.target.tableText)} still takes up the space of ` +
      `${cleared} removed row(s): autovacuum frees it for new rows in time, VACUUM does at once`;
  }

  async #count(read: Read, tick: () => void): Promise<Closing> {
    this.#pages = await pagesOf(read, this.#found);
    const closing = await countRows(read, this.#found, this.#within, this.#pages, () => {
      this.#options.signal.throwIfAborted();
      tick();
    });
    this.#left = closing.left;
    return closing;
  }

  get #target(): Target {
    return {
      session: this.#session,
      batches: this.#batches,
      from: this.#found.from,
      within: this.#within,
      limits: () => this.#limits,
    };
  }

  get #found(): PostgresTable {
    if (this.#table === undefined) throw new Error("The clear has not begun");
    return this.#table;
  }
}
