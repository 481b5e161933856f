/** Where the records are. */
import type { AuditFields, Last } from "./record.ts";

export interface AuditLog extends AsyncDisposable {
  /** For messages: the path of the file, or the table and its redacted server. */
  readonly place: string;
  /**
   * Appends a record. Two processes that append at once do not break the chain.
   * @throws {OperationError} if it was not written.
   */
  append(fields: AuditFields, time: Date, signal?: AbortSignal): Promise<Appended>;
  /** The lines of all records, from the first one. */
  lines(signal: AbortSignal): AsyncIterable<string>;
}

export interface Appended extends Last {
  /** What was noticed: a sentence without a full stop; undefined for nothing. */
  readonly warning?: string;
}
