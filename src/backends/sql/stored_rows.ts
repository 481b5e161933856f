/** Rows as sessions that can be copied. */
import { ImpossibleError } from "../../core/errors.ts";
import type { Facts } from "../../core/selection.ts";
import { printable } from "../../core/text.ts";
import type { ReadOptions } from "../contract.ts";
import { handleOf } from "../handle.ts";
import type { PayloadReader } from "../payload.ts";
import { idText } from "../same_session.ts";
import type { StoredSession } from "../stored.ts";
import type { DatabaseTarget } from "./backend.ts";
import type { Row } from "./errors.ts";
import type { BoundLayout, Dialect } from "./layout.ts";
import type { Retry } from "./retry.ts";
import type { RowTable } from "./rows.ts";
import { eachBatch, type SelectedRows } from "./selected.ts";
import { bytesOf, sessionColumns, textIn, timeOf } from "./session_columns.ts";

/** Bytes of payloads to read at once, and the rows before it is known how large they are. */
const ANSWER = 4 << 20;
const FIRST = 50;

export class StoredRows {
  readonly #layout: BoundLayout;
  readonly #dialect: Dialect;
  readonly #payloads: PayloadReader;

  /** @throws {ImpossibleError} if the table does not tell what a copy needs. */
  constructor(
    layout: BoundLayout,
    dialect: Dialect,
    payloads: PayloadReader,
    { tableText, address }: DatabaseTarget,
  ) {
    this.#layout = layout;
    this.#dialect = dialect;
    this.#payloads = payloads;
    const missing = layout.data === undefined
      ? "its payload"
      : layout.times.expiresAt === undefined
      ? "when it expires"
      : undefined;
    if (missing === undefined) return;
    throw new ImpossibleError(
      `The table ${printable(tableText)} does not tell of a session ${missing}, so none can be ` +
        `copied (${address})`,
      { hint: "If a column has it, name that in the backend's layout in the config" },
    );
  }

  /** What must be selected. */
  get columns(): readonly string[] {
    return sessionColumns(this.#layout, this.#dialect);
  }

  /** What must be selected to compare: not what is only written. */
  get comparedColumns(): readonly string[] {
    const { id, data, times: { expiresAt, visitedAt } } = this.#layout;
    const times = {
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(visitedAt === undefined ? {} : { visitedAt }),
    };
    return sessionColumns({ ...this.#layout, id, data, times, texts: {} }, this.#dialect);
  }

  /**
   * @param row With {@linkcode columns}.
   * @returns why it cannot be copied, as a phrase.
   */
  read(row: Row): StoredSession | string {
    const id = idText(bytesOf(row["session_id"]));
    if (id === undefined) return "its id is not a text in UTF-8";
    return new StoredRow(id, row, this.#layout, this.#dialect, this.#payloads);
  }
}

/** Reads what it is asked for: most copies need no more than the payload and the expiry. */
class StoredRow implements StoredSession {
  readonly payload: Uint8Array;
  readonly expiresAt: number | null;
  readonly #row: Row;
  readonly #layout: BoundLayout;
  readonly #dialect: Dialect;
  readonly #payloads: PayloadReader;
  #facts: Partial<Facts> | undefined;

  constructor(
    readonly id: string,
    row: Row,
    layout: BoundLayout,
    dialect: Dialect,
    payloads: PayloadReader,
  ) {
    this.payload = bytesOf(row["data"]);
    this.expiresAt = timeOf("expiresAt", row, layout, dialect) ?? null;
    this.#row = row;
    this.#layout = layout;
    this.#dialect = dialect;
    this.#payloads = payloads;
  }

  get createdAt(): number | null {
    return this.#time("createdAt");
  }

  get visitedAt(): number | null {
    return this.#time("visitedAt");
  }

  get user(): string | null {
    return this.#text("user");
  }

  get ip(): string | null {
    return this.#text("ip");
  }

  get userAgent(): string | null {
    return this.#text("userAgent");
  }

  get storedIn(): string | null | undefined {
    return this.#payloads.storedIn(this.payload);
  }

  #time(fact: "createdAt" | "visitedAt"): number | null {
    return timeOf(fact, this.#row, this.#layout, this.#dialect) ?? this.#inPayload()[fact] ?? null;
  }

  #text(fact: "user" | "ip" | "userAgent"): string | null {
    const text = textIn(fact, this.#row, this.#layout);
    return (text === undefined ? this.#inPayload()[fact] : text) ?? null;
  }

  #inPayload(): Partial<Facts> {
    if (this.#facts === undefined) {
      const reading = this.#payloads.read(this.payload);
      this.#facts = typeof reading === "string" ? {} : reading;
    }
    return this.#facts;
  }
}

/** Reads the sessions of a selection. */
export async function readStored(
  table: RowTable,
  selected: SelectedRows,
  stored: StoredRows,
  { retry, batch }: { readonly retry: Retry; batch(): number },
  { signal, onStored, onFailed, onProgress }: ReadOptions,
): Promise<void> {
  const { where } = selected.plan;
  const { columns } = stored;
  let fitting = FIRST;
  let found = 0;
  const few = () => Math.min(batch(), fitting);
  await eachBatch({ table, columns, where, batch: few, retry }, async (rows) => {
    signal.throwIfAborted();
    const sessions: StoredSession[] = [];
    let bytes = 0;
    for (const row of rows) {
      if (!selected.isPlain && !selected.isMeantBy(selected.infoOf(row))) continue;
      const session = stored.read(row);
      if (typeof session === "string") {
        onFailed({ handle: handleOf(bytesOf(row["session_id"])), reason: session });
        continue;
      }
      sessions.push(session);
      bytes += session.payload.length;
    }
    fitting = Math.max(1, Math.floor(ANSWER * sessions.length / Math.max(1, bytes)));
    found += sessions.length;
    onProgress?.(found);
    if (sessions.length > 0) await onStored(sessions);
    signal.throwIfAborted();
  });
}
