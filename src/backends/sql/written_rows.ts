/** Sessions as the statements that write or remove their rows. */
import type { Facts } from "../../core/selection.ts";
import type { Change } from "../contract.ts";
import type { PayloadReader } from "../payload.ts";
import type { StoredSession } from "../stored.ts";
import { fitting, isNeverSql, nobody, timeSql } from "./column_values.ts";
import {
  type BoundLayout,
  type Column,
  type TextFact,
  textFacts,
  type TimeColumn,
} from "./layout.ts";
import type { Cell, CellColumn, Inserted, Update, WritableRows } from "./rows.ts";

/** Rows in one UPDATE: it compares each with all of them. */
const UPDATES_AT_ONCE = 100;

/** A column, and what a session has in it. */
interface Written extends CellColumn {
  /** @param now For what is not known of a session, in milliseconds. */
  cell(session: StoredSession, now: number): Cell;
  /** Whether a row that is there gets it, too. */
  readonly isUpdated: boolean;
}

export class WrittenRows {
  readonly #table: WritableRows;
  readonly #layout: BoundLayout;
  readonly #data: Column;
  readonly #expiry: TimeColumn;
  readonly #payloads: PayloadReader;
  readonly #columns: readonly Written[];

  constructor(
    table: WritableRows,
    layout: BoundLayout & {
      readonly data: Column;
      readonly times: { readonly expiresAt: TimeColumn };
    },
    payloads: PayloadReader,
  ) {
    this.#table = table;
    this.#layout = layout;
    this.#data = layout.data;
    this.#expiry = layout.times.expiresAt;
    this.#payloads = payloads.only(["user"]);
    const { id, times: { createdAt, visitedAt } } = layout;
    this.#columns = [
      { ...id, isTime: false, isUpdated: false, cell: (session) => session.id },
      { ...layout.data, isTime: false, isUpdated: true, cell: (session) => session.payload },
      time(this.#expiry, true, ({ expiresAt }) => expiresAt),
      ...(createdAt === undefined ? [] : [
        time(createdAt, false, (session) => session.createdAt ?? session.visitedAt),
      ]),
      ...(visitedAt === undefined ? [] : [time(visitedAt, true, (session) => session.visitedAt)]),
      ...textFacts.flatMap((fact) => this.#textColumn(fact)),
    ];
  }

  /** Sessions that the table lacks, as rows. */
  inserted(sessions: readonly StoredSession[], now: number): Inserted {
    const columns = this.#columns;
    return {
      columns,
      length: sessions.length,
      *rows() {
        for (const session of sessions) yield columns.map((column) => column.cell(session, now));
      },
    };
  }

  /** Replaces sessions, if they still are as they were found. */
  *updates(changes: readonly Change[], now: number): Generator<Update> {
    for (let begin = 0; begin < changes.length; begin += UPDATES_AT_ONCE) {
      yield this.#update(changes.slice(begin, begin + UPDATES_AT_ONCE), now);
    }
  }

  /** Removes sessions, if they still are as they were found. */
  *removals(sessions: readonly StoredSession[]): Generator<Update> {
    const [idColumn] = this.#columns;
    if (idColumn === undefined) throw new Error("there is a column of the id");
    const id = this.#quoted(idColumn.name);
    for (let begin = 0; begin < sessions.length; begin += UPDATES_AT_ONCE) {
      const some = sessions.slice(begin, begin + UPDATES_AT_ONCE);
      const ids = some.map((session) => this.#table.literal(session.id, idColumn));
      const asFound = some.map((session, index) => {
        return `(${id} = ${ids[index]} AND ${this.#isAsFound(session)})`;
      });
      yield {
        sql: `DELETE FROM ${this.#table.from} ` +
          `WHERE ${id} IN (${ids.join(", ")}) AND (${asFound.join(" OR ")})`,
        rows: some.length,
      };
    }
  }

  #update(changes: readonly Change[], now: number): Update {
    const id = this.#quoted(this.#layout.id.name);
    const [idColumn] = this.#columns;
    if (idColumn === undefined) throw new Error("there is a column of the id");
    const ids = changes.map(({ session }) => this.#table.literal(session.id, idColumn));
    const isOnlyPayload = changes.every((change) => change.isOnlyPayload);
    const columns = this.#columns.filter(({ name, isUpdated }) => {
      return isUpdated && (!isOnlyPayload || name === this.#data.name);
    });
    const set = columns.map((column) => {
      const cases = changes.map(({ session }, index) => {
        return `WHEN ${ids[index]} THEN ${this.#table.literal(column.cell(session, now), column)}`;
      });
      return `${this.#quoted(column.name)} = CASE ${id} ${cases.join(" ")} END`;
    });
    const asFound = changes.map(({ found }, index) => {
      return `(${id} = ${ids[index]}${
        found === undefined ? "" : ` AND ${this.#isAsFound(found)}`
      })`;
    });
    return {
      sql: `UPDATE ${this.#table.from} SET ${set.join(", ")} ` +
        `WHERE ${id} IN (${ids.join(", ")}) AND (${asFound.join(" OR ")})`,
      rows: changes.length,
    };
  }

  /** A time is read in whole milliseconds, and the column may hold finer ones. */
  #isAsFound({ payload, expiresAt }: StoredSession): string {
    const { dialect } = this.#table;
    const data = this.#table.literal(payload, { ...this.#data, isTime: false });
    const expiry = this.#quoted(this.#expiry.name);
    const isSame = expiresAt === null
      ? isNeverSql(this.#expiry, dialect)
      : `${expiry} >= ${timeSql(expiresAt, this.#expiry, dialect)} AND ` +
        `${expiry} < ${timeSql(expiresAt + 1, this.#expiry, dialect)}`;
    return `${this.#quoted(this.#data.name)} = ${data} AND ${isSame}`;
  }

  #textColumn(fact: TextFact): Written[] {
    const column = this.#layout.texts[fact];
    if (column === undefined) return [];
    const cell = (session: StoredSession) => {
      const text = session[fact] ?? (fact === "user" ? this.#userOf(session) : null);
      return text === null ? null : fitting(fact, text, column.type);
    };
    return [{ ...column, isTime: false, isUpdated: true, cell }];
  }

  /** What the app writes if nobody is logged in; null if that is not known. */
  #userOf({ payload }: StoredSession): string | null {
    const reading = this.#payloads.read(payload);
    const { user }: Partial<Facts> = typeof reading === "string" ? {} : reading;
    return user === null ? nobody(this.#layout.texts.user?.type ?? "") : null;
  }

  #quoted(name: string): string {
    return this.#table.dialect.quote(name);
  }
}

function time(
  column: TimeColumn,
  isUpdated: boolean,
  timeOf: (session: StoredSession) => number | null,
): Written {
  const { digits = 3 } = column;
  const step = 10 ** Math.max(0, 3 - digits);
  return {
    ...column,
    isTime: true,
    isUpdated,
    // Rounded down, because a server would round a time that the column cannot hold up, too.
    cell(session, now) {
      const milliseconds = timeOf(session) ?? now;
      return new Date(Math.floor(milliseconds / step) * step).toISOString();
    },
  };
}
