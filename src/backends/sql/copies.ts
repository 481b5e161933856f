/** Finds, writes and removes single sessions of a table, for copies into it. */
import { ImpossibleError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import type { Change, Saved, Store } from "../contract.ts";
import { Pace } from "../pace.ts";
import { droppedOf, SettledChanges, sizeOf, type Step } from "../settled_changes.ts";
import type { StoredSession } from "../stored.ts";
import type { DatabaseTarget } from "./backend.ts";
import { isUuid, mayBe } from "./column_values.ts";
import { errorCode } from "./errors.ts";
import { bindLayout, type BoundLayout } from "./layout.ts";
import { type Retry, retrying } from "./retry.ts";
import type { WritableRows } from "./rows.ts";
import { contextOf } from "./selected.ts";
import { StoredRows } from "./stored_rows.ts";
import type { Explained, SqlEngine, SqlSession } from "./store.ts";
import { WrittenRows } from "./written_rows.ts";

export type SqlCopies = Required<Pick<Store, "find" | "hasSame" | "save" | "drop">>;

/** Ids in one SELECT. */
const IDS_AT_ONCE = 1000;

/** Bytes of payloads in one transaction; as SQL they are about twice as many. */
const MOST_BYTES = 4 << 20;

export function sqlCopies<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  explained: Explained,
): SqlCopies {
  let opened: Promise<CopiedTable> | undefined;
  const open = (signal: AbortSignal) => {
    opened ??= CopiedTable.open(engine, session, signal);
    opened.catch(() => opened = undefined); // the connection may come back
    return opened;
  };
  const retryFor = (signal: AbortSignal) => {
    return retrying(session, engine.faultOf, signal, new Pace({}, engine.pace));
  };
  const change = (steps: readonly Step[], signal: AbortSignal, now: number) => {
    return explained(signal, async () => {
      const retry = retryFor(signal);
      const table = await retry(() => open(signal));
      return await new Saving(engine, table, table.written, retry, signal, now).save(steps);
    });
  };
  return {
    find: (ids, signal) => {
      return explained(signal, () => {
        return retryFor(signal)(async () => await (await open(signal)).find(ids));
      });
    },
    hasSame: (sessions, signal) => {
      return explained(signal, () => {
        return retryFor(signal)(async () => await (await open(signal)).hasSame(sessions));
      });
    },
    save: (changes, signal, now) => change(changes, signal, now.getTime()),
    async drop(sessions, signal) {
      const steps = sessions.map((found): Step => ({ session: undefined, found }));
      return (await change(steps, signal, 0)).map(droppedOf);
    },
  };
}

/** A table from and to which sessions are copied. */
class CopiedTable {
  readonly table: WritableRows;
  readonly target: DatabaseTarget;
  readonly layout: BoundLayout;
  readonly #stored: StoredRows;
  #written: WrittenRows | undefined;

  private constructor(table: WritableRows, target: DatabaseTarget) {
    const { layout, payloads } = contextOf(target, []);
    this.table = table;
    this.target = target;
    this.layout = bindLayout(layout, table.columns, table.dialect, target);
    this.#stored = new StoredRows(this.layout, table.dialect, payloads, target);
  }

  static async open<Session extends SqlSession>(
    engine: SqlEngine<Session>,
    session: Session,
    signal: AbortSignal,
  ): Promise<CopiedTable> {
    return new CopiedTable(await engine.writableRows(session, signal), session.target);
  }

  /** @throws {ImpossibleError} if two rows could be of the same session. */
  get written(): WrittenRows {
    const { layout, table, target } = this;
    const { data, id, times: { expiresAt } } = layout;
    if (!table.unique.includes(id.name) || data === undefined || expiresAt === undefined) {
      throw notUnique(id.name, target);
    }
    return this.#written ??= new WrittenRows(
      table,
      { ...layout, data, times: { ...layout.times, expiresAt } },
      contextOf(target, []).payloads,
    );
  }

  async find(ids: readonly string[]): Promise<readonly (StoredSession | undefined)[]> {
    const { dialect, from, read } = this.table;
    const { id } = this.layout;
    const columns = this.#stored.comparedColumns.join(", ");
    const found = new Map<string, StoredSession>();
    const possible = ids.filter((id) => this.problemOf(id) === undefined);
    for (let begin = 0; begin < possible.length; begin += IDS_AT_ONCE) {
      const some = possible.slice(begin, begin + IDS_AT_ONCE);
      const isOne = this.table.isOneOf?.(id, some) ??
        `${dialect.quote(id.name)} IN (${some.map((id) => dialect.written(id)).join(", ")})`;
      for (const row of await read(`SELECT ${columns} FROM ${from} WHERE ${isOne}`)) {
        const session = this.#stored.read(row);
        if (typeof session !== "string") found.set(session.id, session);
      }
    }
    return ids.map((id) => found.get(id));
  }

  /** See `Store.hasSame`. */
  async hasSame(sessions: readonly StoredSession[]): Promise<readonly boolean[]> {
    const { table, layout: { id, data, times: { expiresAt } } } = this;
    const possible = sessions.filter((session) => {
      return session.expiresAt !== null && this.problemOf(session.id) === undefined;
    });
    const isKnown = data !== undefined && expiresAt !== undefined && possible.length > 0;
    const differing = isKnown
      ? await table.differing?.({ id, data, expiresAt }, possible)
      : undefined;
    if (differing === undefined) return sessions.map(() => false);
    const same = new Set(possible.filter((_, index) => !differing.has(index)));
    return sessions.map((session) => same.has(session));
  }

  /** Why no row can have an id; undefined if one can. */
  problemOf(id: string): string | undefined {
    if (this.target.engine === "postgres" && id.includes("\0")) {
      return "its id contains a NUL, which PostgreSQL cannot hold";
    }
    const { type } = this.layout.id;
    return isUuid(type) && !mayBe(id, type) ? "its id is not a UUID, as the column is" : undefined;
  }
}

function notUnique(column: string, { tableText, address }: DatabaseTarget): ImpossibleError {
  return new ImpossibleError(
    `The table ${printable(tableText)} has no unique index on ${printable(column)}, so a copy ` +
      `could make two rows of one session (${address})`,
    { hint: "Create the table with `azu session:setup --apply`, or add the index" },
  );
}

/** Makes changes: all of a batch in one transaction, or fewer if some of them cannot be made. */
class Saving<Session extends SqlSession> {
  readonly #engine: SqlEngine<Session>;
  readonly #table: CopiedTable;
  readonly #written: WrittenRows;
  readonly #retry: Retry;
  readonly #signal: AbortSignal;
  readonly #now: number;
  /** Whether an answer was lost: then changes that are found to be done may be ours. */
  #wasLost = false;

  constructor(
    engine: SqlEngine<Session>,
    table: CopiedTable,
    written: WrittenRows,
    retry: Retry,
    signal: AbortSignal,
    now: number,
  ) {
    this.#engine = engine;
    this.#table = table;
    this.#written = written;
    this.#retry = retry;
    this.#signal = signal;
    this.#now = now;
  }

  async save(changes: readonly Step[]): Promise<readonly Saved[]> {
    const settled = new SettledChanges(changes);
    for (const change of changes) {
      const failed = this.#problemOf(change);
      if (failed !== undefined) settled.settle(change, { failed });
    }
    for (const part of parts(settled.pending)) await this.#write(part, settled);
    return settled.all;
  }

  /** Why a session cannot be in the table; undefined if it can. */
  #problemOf(step: Step): string | undefined {
    if (step.session === undefined) return undefined;
    const { session: { id, payload, expiresAt }, isOnlyPayload = false } = step;
    const { table, target } = this.#table;
    if (expiresAt === null && !isOnlyPayload) {
      return "it never expires, and a row of the table must (azu session:sweep --fix-ttl gives " +
        "such sessions of a Redis a lifetime)";
    }
    if (2 * payload.length + MARGIN > (table.largest ?? Infinity)) {
      return `its payload of ${payload.length} bytes is larger than a statement of ` +
        `${target.engine} may be (max_allowed_packet)`;
    }
    return this.#table.problemOf(id);
  }

  /** Makes some changes, and finds out what became of them. */
  async #write(changes: readonly Step[], settled: SettledChanges): Promise<void> {
    let some = changes;
    let isUnknown = false;
    const refusal = await this.#retry(async () => {
      if (isUnknown) some = await this.#left(some, settled);
      isUnknown = false;
      return some.length === 0 ? undefined : await this.#writeOnce(some, settled);
    }, (fault) => {
      if (fault !== "lost") return; // the server has undone it
      isUnknown = true;
      this.#wasLost = true;
    });
    if (refusal === undefined) return;
    const left = await this.#retry(() => this.#left(some, settled));
    const [only, ...others] = left;
    if (only === undefined) return;
    if (left.length < some.length) return await this.#write(left, settled);
    if (others.length === 0) return settled.settle(only, { failed: refusal });
    const half = Math.ceil(left.length / 2);
    await this.#write(left.slice(0, half), settled);
    await this.#write(left.slice(half), settled);
  }

  /** Reads what became of changes. @returns those that are still to be made. */
  async #left(changes: readonly Step[], settled: SettledChanges): Promise<readonly Step[]> {
    const find = (ids: readonly string[]) => this.#table.find(ids);
    await settled.read(changes, find, this.#signal, this.#wasLost);
    return changes.filter((change) => settled.isPending(change));
  }

  /** @returns undefined if all are written; else why none is. */
  async #writeOnce(
    changes: readonly Step[],
    settled: SettledChanges,
  ): Promise<string | undefined> {
    const { table } = this.#table;
    const written = this.#written;
    const created: StoredSession[] = [];
    const replaced: Change[] = [];
    const removed: StoredSession[] = [];
    for (const change of changes) {
      if (change.session === undefined) removed.push(change.found);
      else if (change.found === undefined) created.push(change.session);
      else replaced.push(change);
    }
    const inserted = created.length === 0 ? undefined : written.inserted(created, this.#now);
    try {
      const updates = [
        ...written.updates(replaced, this.#now),
        ...written.removals(removed),
      ];
      if (!await table.write(inserted, updates)) return "the target keeps changing it";
    } catch (error) {
      const isSlow = this.#engine.faultOf(error) === "slow";
      if (!isSlow && !table.isAboutRow(error)) throw error;
      return this.#reasonOf(error);
    }
    for (const change of changes) settled.settle(change, "done");
    return undefined;
  }

  /** Quotes no value. */
  #reasonOf(error: unknown): string {
    const code = errorCode(error);
    if (TOO_LONG.test(code)) return "one of its values is too long for its column";
    if (NOT_UNIQUE.test(code)) return "another row is equal to it in a column that must be unique";
    return this.#engine.explain(error, this.#table.target).message;
  }
}

const TOO_LONG = /^(?:22001|ER_DATA_TOO_LONG)$/;
const NOT_UNIQUE = /^(?:23505|ER_DUP_ENTRY)$/;

/** Bytes of a statement besides the payload. */
const MARGIN = 10_000;

/** The changes in parts, each for one transaction. */
function* parts(changes: readonly Step[]): Generator<readonly Step[]> {
  let part: Step[] = [];
  let bytes = 0;
  for (const change of changes) {
    const size = sizeOf(change);
    if (part.length > 0 && bytes + size > MOST_BYTES) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(change);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
