/** The sessions of a selection in a table: counting, listing and removing them. */
import {
  type Candidate,
  type Fact,
  isUntold,
  matcherOf,
  type Selection,
} from "../../core/selection.ts";
import { printable } from "../../core/text.ts";
import type { ListOptions, SessionInfo } from "../contract.ts";
import { handleOf } from "../handle.ts";
import { PayloadReader } from "../payload.ts";
import { sealedError } from "../sealed.ts";
import type { DatabaseTarget } from "./backend.ts";
import type { Batch, Closing, StartRows, Walk } from "./clear.ts";
import { timeIn } from "./column_values.ts";
import { countIn, type Row } from "./errors.ts";
import {
  bindLayout,
  type BoundLayout,
  layoutOf,
  SETUP_LAYOUT,
  type SqlLayout,
  type TextFact,
  textFacts,
} from "./layout.ts";
import { isText, type Plan, planOf } from "./plan.ts";
import type { Retry } from "./retry.ts";
import { type RemovableRows, type RowTable, rowWalk } from "./rows.ts";
import { bytesOf, idColumn, sessionColumns, textColumn, textIn } from "./session_columns.ts";

/**
 * Rows that a walk reads at once. Payloads are small; if they are not, the retry reads fewer. Twice as
 * many take 20 MiB more and are not faster (measured).
 */
export const ROWS_AT_ONCE = 1000;

/** What a selection needs besides the table. */
export interface SelectionContext {
  readonly selection: Selection;
  readonly layout: SqlLayout;
  readonly payloads: PayloadReader;
  readonly target: DatabaseTarget;
}

/** What a selection of the sessions of a target needs. */
export function contextOf(target: DatabaseTarget, selection: Selection): SelectionContext {
  const layout = target.layout === undefined ? SETUP_LAYOUT : layoutOf(target.layout);
  const payloads = new PayloadReader(layout.payload, layout.packed, target.secrets);
  return { selection, layout, payloads, target };
}

/** A selection, bound to a table. */
export class SelectedRows {
  readonly plan: Plan;
  readonly #table: RowTable;
  readonly #layout: BoundLayout;
  readonly #context: SelectionContext;
  readonly #isMeant: (candidate: Candidate) => boolean;
  readonly #needsHandle: boolean;
  /** The facts that each row must tell. */
  readonly #fromRow: readonly Fact[];
  /** Reads only what the selection needs. */
  readonly #neededPayloads: PayloadReader;
  /** Rows of the current walk that do not tell what the selection needs. */
  unreadable = 0;

  /** @throws {ImpossibleError} if the table cannot tell which sessions are meant. */
  constructor(table: RowTable, context: SelectionContext) {
    const { selection, layout, target } = context;
    this.#table = table;
    this.#context = context;
    this.#layout = bindLayout(layout, table.columns, table.dialect, target);
    this.plan = planOf(selection, this.#layout, table.dialect, target);
    this.#isMeant = matcherOf(this.plan.rest);
    this.#fromRow = [...new Set([...this.plan.fromTexts, ...this.plan.fromPayload])];
    this.#neededPayloads = context.payloads.only(this.plan.fromPayload);
    this.#needsHandle = this.plan.rest.some(({ fact }) => fact === "handle");
  }

  /** Whether SQL alone can tell which rows are meant. */
  get isPlain(): boolean {
    return this.plan.rest.length === 0;
  }

  /** Why this takes longer than it could: a sentence without a full stop. Undefined if it does not. */
  get slow(): string | undefined {
    const { layout: { texts }, target } = this.#context;
    if (!this.plan.fromPayload.includes("user") || this.#layout.texts.user) return undefined;
    if (this.#layout.isConfigured) return undefined; // it is not azu's to change
    return `The table ${printable(target.tableText)} has no column ${texts.user}, so azu reads ` +
      "the payloads of its sessions, which is slower: `azu session:setup --apply` adds it";
  }

  /** What must be selected to tell which rows are meant. */
  get columns(): readonly string[] {
    const { fromTexts, fromPayload } = this.plan;
    const { dialect } = this.#table;
    const { data } = this.#layout;
    const columns = fromTexts.flatMap((fact) => textColumn(fact, this.#layout, dialect));
    if (this.#needsHandle) columns.push(idColumn(this.#layout, dialect));
    if (fromPayload.length > 0 && data !== undefined) {
      const payload = dialect.selectData(dialect.quote(data.name), data.type);
      columns.push(`CASE WHEN ${this.#isUntold()} THEN ${payload} END AS data`);
    }
    return columns;
  }

  /** What must be selected to describe a session. */
  get allColumns(): readonly string[] {
    return sessionColumns(this.#layout, this.#table.dialect);
  }

  /** The column of the id in SQL. */
  get idName(): string {
    return this.#table.dialect.quote(this.#layout.id.name);
  }

  /** The table's layout, as far as its columns allow. */
  get layout(): BoundLayout {
    return this.#layout;
  }

  /** The condition that a row must be asked for its payload. */
  #isUntold(): string {
    const { dialect } = this.#table;
    const conditions: string[] = [];
    for (const fact of this.plan.fromPayload) {
      const column = isText(fact) ? this.#layout.texts[fact] : undefined;
      if (column === undefined) return "1 = 1";
      conditions.push(`${dialect.quote(column.name)} IS NULL`);
    }
    return conditions.join(" OR ");
  }

  /** What the columns of texts tell. */
  #textsIn(row: Row): Partial<Record<TextFact, string | null>> {
    const texts: Partial<Record<TextFact, string | null>> = {};
    for (const fact of textFacts) {
      const text = textIn(fact, row, this.#layout);
      if (text !== undefined) texts[fact] = text;
    }
    return texts;
  }

  /** @param row With {@linkcode columns}. */
  isMeant(row: Row): boolean {
    if (this.isPlain) return true;
    const texts = this.#textsIn(row);
    const facts = this.#isTold(texts)
      ? {}
      : this.#factsIn(bytesOf(row["data"]), this.#neededPayloads, true);
    const handle = this.#needsHandle ? handleOf(bytesOf(row["session_id"])) : "";
    return this.#judge({ ...UNKNOWN, ...facts, ...texts, handle });
  }

  /** Whether columns tell all facts of the selection. */
  #isTold(texts: Partial<Record<TextFact, string | null>>): boolean {
    return this.plan.fromPayload.every((fact) => isText(fact) && fact in texts);
  }

  /**
   * @param payloads Reads what is wanted of it.
   * @param isNeeded Whether the selection needs it.
   * @throws {ImpossibleError} if that is sealed.
   */
  #factsIn(data: Uint8Array, payloads: PayloadReader, isNeeded: boolean): Partial<Candidate> {
    const reading = payloads.read(data);
    if (reading === "sealed") {
      if (!isNeeded) return {};
      const { target } = this.#context;
      throw sealedError(this.plan.fromPayload, payloads.hasSecret, target.address);
    }
    return reading === "unreadable" ? {} : reading;
  }

  /**
   * @param row With {@linkcode allColumns}.
   * @param tellsHome See {@linkcode ListOptions.tellsHome}.
   */
  infoOf(row: Row, tellsHome = false): SessionInfo {
    const { dialect } = this.#table;
    const id = bytesOf(row["session_id"]);
    const data = bytesOf(row["data"]);
    const texts = this.#textsIn(row);
    const times = Object.entries(this.#layout.times).map(([fact, column]) => {
      return [fact, timeIn(row[fact.toLowerCase()], column, dialect)] as const;
    });
    return {
      ...UNKNOWN,
      ...(this.#layout.data === undefined
        ? {}
        : this.#factsIn(data, this.#context.payloads, !this.#isTold(texts))),
      ...texts,
      ...Object.fromEntries(times),
      handle: handleOf(id),
      size: id.length + data.length,
      ...(tellsHome ? { storedIn: this.#context.payloads.storedIn(data) } : {}),
    };
  }

  /** Whether a described session is meant. The SQL condition has been met. */
  isMeantBy(info: SessionInfo): boolean {
    return this.#judge(info);
  }

  #judge(candidate: Candidate): boolean {
    if (this.#fromRow.some((fact) => isUntold(candidate, fact))) this.unreadable++;
    return this.#isMeant(candidate);
  }
}

const UNKNOWN = {
  user: undefined,
  createdAt: undefined,
  visitedAt: undefined,
  expiresAt: undefined,
  ip: undefined,
  userAgent: undefined,
} as const;

/** Reads the rows that meet a condition, and gives each batch to a visitor. */
export async function eachBatch(
  { table, columns, where, batch, retry }: {
    readonly table: RowTable;
    readonly columns: readonly string[];
    readonly where: string;
    batch(): number;
    readonly retry: Retry;
  },
  visit: (rows: readonly Row[]) => void | Promise<void>,
): Promise<void> {
  const walk = rowWalk(table, columns, where);
  for (let isLast = false; !isLast;) {
    const read = await retry(() => walk(batch()));
    isLast = read.isLast;
    await visit(read.rows);
  }
}

/** Counts the rows that are meant, where SQL alone cannot tell. */
export async function countSelected(
  table: RowTable,
  rows: SelectedRows,
  retry: Retry,
  batch: () => number,
  tick: (found: number) => void,
): Promise<number> {
  let found = 0;
  rows.unreadable = 0;
  const { where } = rows.plan;
  await eachBatch({ table, columns: rows.columns, where, batch, retry }, (read) => {
    for (const row of read) if (rows.isMeant(row)) found++;
    tick(found);
  });
  return found;
}

export async function listSelected(
  table: RowTable,
  rows: SelectedRows,
  retry: Retry,
  batch: () => number,
  { signal, tellsHome, onSessions, onProgress }: ListOptions,
): Promise<void> {
  let found = 0;
  const { where } = rows.plan;
  await eachBatch({ table, columns: rows.allColumns, where, batch, retry }, async (read) => {
    signal.throwIfAborted();
    const infos = read.map((row) => rows.infoOf(row, tellsHome))
      .filter((info) => rows.isMeantBy(info));
    found += infos.length;
    onProgress?.(found);
    if (infos.length > 0) await onSessions(infos);
    signal.throwIfAborted();
  });
}

/** The rows of a selection, for a clear: those that are meant when they are read. */
export async function startByReading(
  table: RemovableRows,
  rows: SelectedRows,
  onUnreadable: (sessions: number) => void,
): Promise<StartRows> {
  const { where } = rows.plan;
  const within = await table.within();
  const meant = `${where} AND ${within}`;
  let isFirst = true;
  return {
    start: { rows: undefined, isExact: false },
    walk: () => removalWalk(table, rows, meant),
    async close(tick) {
      if (isFirst) onUnreadable(rows.unreadable);
      isFirst = false;
      return rows.isPlain
        ? await closeBySql(table, where, within, tick)
        : await closeByReading(table, rows, within, tick);
    },
    inDoubt: () => table.inDoubt(),
    ...(table.isAwaited === undefined ? {} : { isAwaited: () => table.isAwaited?.() ?? false }),
    relax: () => table.relax?.(),
  };
}

/** Reads rows, and removes those that are meant, by their keys. */
function removalWalk(table: RemovableRows, rows: SelectedRows, meant: string): Walk {
  const read = rowWalk(table, rows.columns, meant);
  /** Rows that were read, and whose removal has failed. */
  let pending: { readonly found: readonly Row[]; readonly isLast: boolean } | undefined;
  rows.unreadable = 0;
  return async (count): Promise<Batch> => {
    if (pending === undefined) {
      const batch = await read(rows.isPlain ? count : Math.min(count, ROWS_AT_ONCE));
      pending = { found: batch.rows.filter((row) => rows.isMeant(row)), isLast: batch.isLast };
    }
    const { found, isLast } = pending;
    const removed = await table.remove(found, meant);
    pending = undefined;
    return { removed, isLast };
  };
}

/** One statement, so one snapshot. */
async function closeBySql(
  table: RowTable,
  where: string,
  within: string,
  tick: () => void,
): Promise<Closing> {
  tick();
  const columns = `count(*) AS found, count(CASE WHEN ${within} THEN 1 END) AS old`;
  const [row] = await table.read(`SELECT ${columns} FROM ${table.from} WHERE ${where}`);
  const left = countIn(row, "old");
  return { left, arrived: countIn(row, "found") - left, removed: 0 };
}

async function closeByReading(
  table: RowTable,
  rows: SelectedRows,
  within: string,
  tick: () => void,
): Promise<Closing> {
  let left = 0;
  let arrived = 0;
  const isOld = `CASE WHEN ${within} THEN 1 ELSE 0 END AS is_old`;
  const walk = rowWalk(table, [...rows.columns, isOld], rows.plan.where);
  for (let isLast = false; !isLast;) {
    tick();
    const batch = await walk(ROWS_AT_ONCE);
    isLast = batch.isLast;
    for (const row of batch.rows) {
      if (!rows.isMeant(row)) continue;
      if (Number(row["is_old"]) === 1) left++;
      else arrived++;
    }
  }
  return { left, arrived, removed: 0 };
}
