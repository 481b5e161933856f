/** Records as the rows of a table. */
import type { Records } from "../backends/contract.ts";
import { messageOf, OperationError } from "../core/errors.ts";
import type { Appended, AuditLog } from "./log.ts";
import { type AuditFields, parseRecord, recordLine } from "./record.ts";

/** How often a record is tried again when other processes append, too. */
const MOST_ATTEMPTS = 20;

export class TableLog implements AuditLog {
  readonly place: string;
  readonly #records: Records;

  constructor(place: string, records: Records) {
    this.place = place;
    this.#records = records;
  }

  async append(fields: AuditFields, time: Date): Promise<Appended> {
    let last = await this.#lastOrNew();
    for (let attempt = 1;; attempt++) {
      const before = last === undefined ? undefined : parseRecord(last);
      if (last !== undefined && before === undefined) throw broken(this.place);
      const line = recordLine(fields, before, time);
      const record = parseRecord(line);
      if (record === undefined) throw broken(this.place);
      const { number, hash } = record;
      try {
        await this.#records.add(number, line);
        return { number, hash };
      } catch (error) {
        // The answer may have been lost, or another process has taken the number.
        const now = await this.#records.last().catch(() => last);
        if (now === line) return { number, hash };
        if (now === last || attempt === MOST_ATTEMPTS) throw error;
        last = now;
      }
    }
  }

  lines(): AsyncIterable<string> {
    return this.#records.lines();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#records[Symbol.asyncDispose]();
  }

  /** The last record. If there is no table, it is created. */
  async #lastOrNew(): Promise<string | undefined> {
    try {
      return await this.#records.last();
    } catch {
      // Another process may be creating it: PostgreSQL then fails in spite of IF NOT EXISTS.
      const [created] = await Promise.allSettled([this.#records.create()]);
      try {
        return await this.#records.last();
      } catch (error) {
        const cause = created.status === "rejected" ? created.reason : error;
        throw new OperationError(
          `The audit log ${this.place} cannot be written: ${messageOf(cause)}`,
          { hint: "Create the table, or grant SELECT and INSERT on it", cause },
        );
      }
    }
  }
}

function broken(place: string): OperationError {
  return new OperationError(`The last row of the audit log ${place} is not a record`, {
    hint: "azu audit:verify says more",
  });
}
