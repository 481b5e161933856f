/**
 * A record of the audit log: one line of JSON. It ends with the hash of the record before it and
 * its own, so a record that is changed, removed or moved breaks the chain.
 */
import { createHash } from "node:crypto";
import { isRecord } from "../core/record.ts";

/** What a record says about. `evidence`: what will be removed has been written to a file. */
export type RecordKind = "begin" | "evidence" | "end";

/** What a record says, besides its place in the chain. No ids, payloads or secrets. */
export interface AuditFields extends Readonly<Record<string, unknown>> {
  readonly kind: RecordKind;
  /** Names the run of the command; its records share it. */
  readonly run: string;
}

/** A record that has been read. */
export interface AuditRecord extends AuditFields {
  /** Its place, counted from 1. */
  readonly number: number;
  /** ISO 8601, in UTC. */
  readonly time: string;
  /** The hash of the record before it; null for the first one. */
  readonly previous: string | null;
  /** The SHA-256 of the line up to this field, in hexadecimal. */
  readonly hash: string;
}

/** The end of the chain, to which the next record is appended. */
export type Last = Pick<AuditRecord, "number" | "hash">;

/** The most bytes of a record. */
export const LONGEST_RECORD = 64 * 1024;

const HASH_FIELD = /,"hash":"([0-9a-f]{64})"\}$/;

/** The line of a record that follows another one. It has no line feed. */
export function recordLine(fields: AuditFields, last: Last | undefined, time: Date): string {
  const { kind, run, ...others } = fields;
  const number = (last?.number ?? 0) + 1;
  const previous = last?.hash ?? null;
  const record = { number, time: time.toISOString(), run, kind, ...others, previous };
  const beginning = ascii(JSON.stringify(record)).slice(0, -1);
  return `${beginning},"hash":"${hashOf(beginning)}"}`;
}

/** Reads a line; undefined if it is not a record. Whether its hash is right is not checked. */
export function parseRecord(line: string): AuditRecord | undefined {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isAuditRecord(record) ? record : undefined;
}

/** Whether the hash of a record is that of its line. */
export function hasOwnHash(line: string): boolean {
  const match = HASH_FIELD.exec(line);
  return match !== null && match[1] === hashOf(line.slice(0, match.index));
}

function isAuditRecord(value: unknown): value is AuditRecord {
  return isRecord(value) && Number.isSafeInteger(value["number"]) &&
    (value["previous"] === null || typeof value["previous"] === "string") &&
    ["time", "run", "kind", "hash"].every((name) => typeof value[name] === "string");
}

/** The same JSON in ASCII, which every table and every tool keeps as it is. */
function ascii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
