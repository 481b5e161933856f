/** Checks the chain of records. */
import { type AuditRecord, hasOwnHash, type Last, parseRecord } from "./record.ts";

/** What is known of a chain, as far as it has been read. */
export class Chain {
  /** How many records are in order. */
  records = 0;
  first: AuditRecord | undefined;
  last: AuditRecord | undefined;
  /** The first thing that is wrong; undefined if the chain is in order so far. */
  problem: string | undefined;
  /** The runs that have begun and not ended. */
  readonly open = new Map<string, AuditRecord>();

  /**
   * Reads the next line.
   * @returns the record; undefined if the line is not one.
   */
  add(line: string): AuditRecord | undefined {
    const record = parseRecord(line);
    this.problem ??= problemOf(line, record, this.last);
    if (this.problem === undefined) this.records++;
    if (record === undefined) return undefined;
    this.first ??= record;
    this.last = record;
    if (record.kind === "begin") this.open.set(record.run, record);
    if (record.kind === "end") this.open.delete(record.run);
    return record;
  }
}

/** Why a line cannot follow a record; undefined if it can. */
function problemOf(
  line: string,
  record: AuditRecord | undefined,
  last: Last | undefined,
): string | undefined {
  const expected = (last?.number ?? 0) + 1;
  if (record === undefined) return `Record ${expected} cannot be read`;
  const { number, previous } = record;
  if (!hasOwnHash(line)) return `Record ${number} was changed: its hash is wrong`;
  if (number !== expected) {
    const before = last === undefined ? "is the first one" : `follows ${last.number}`;
    return `Record ${expected} is not where it belongs: record ${number} ${before}`;
  }
  if (previous === (last?.hash ?? null)) return undefined;
  return last === undefined
    ? `Record ${number} names a record before it, which is missing`
    : `Record ${last.number} was replaced: record ${number} names another hash`;
}
