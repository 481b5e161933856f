import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { StoredSession } from "../backends/stored.ts";
import { isRecord } from "../core/record.ts";
import {
  type BackupHeader,
  FORMAT,
  LARGEST_PAYLOAD,
  LONGEST_LINE,
  NEWLINE,
  VERSION,
} from "./format.ts";
import { altered, truncated, Unusable } from "./unusable.ts";

/** Reads the contents of a backup, in chunks as they come, and checks them. */
export class RecordReader {
  readonly #hash = createHash("sha256");
  #pending: Uint8Array[] = [];
  #length = 0;
  /** How many bytes must be there before there is more to read. */
  #needed = 1;
  #header: BackupHeader | undefined;
  #count = 0;
  #sha256 = "";
  #isComplete = false;

  /** How many sessions it has read. */
  get count(): number {
    return this.#count;
  }

  /** The checksum of all records, once everything was read. */
  get sha256(): string {
    return this.#sha256;
  }

  /**
   * @returns the sessions that are complete with this chunk.
   * @throws {Unusable} if the contents are not those of a backup.
   */
  push(chunk: Uint8Array): StoredSession[] {
    if (this.#isComplete && chunk.length > 0) {
      throw behindEnd();
    }
    this.#pending.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return [];
    const bytes = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending);
    const sessions: StoredSession[] = [];
    const rest = this.#read(bytes, sessions);
    this.#pending = [rest];
    this.#length = rest.length;
    return sessions;
  }

  /**
   * @returns the header, once everything was pushed.
   * @throws {Unusable} if something is missing.
   */
  end(): BackupHeader {
    if (this.#header === undefined || !this.#isComplete) throw truncated();
    return this.#header;
  }

  /** @returns the bytes that do not make a whole record yet. */
  #read(bytes: Uint8Array, sessions: StoredSession[]): Uint8Array {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let start = 0; // of a record
    while (true) {
      const newline = bytes.indexOf(NEWLINE, start);
      const length = (newline < 0 ? bytes.length : newline) - start;
      if (length > LONGEST_LINE) throw notBackup();
      this.#needed = length + 1;
      if (newline < 0) break;
      const line = parseLine(text.toString("utf8", start, newline));
      let end = newline + 1;
      if (this.#header === undefined) {
        this.#header = headerIn(line);
      } else if ("id" in line) {
        const { payloadSize, session } = sessionIn(line);
        const payload = bytes.subarray(end, end + payloadSize);
        end += payloadSize + 1;
        this.#needed = end - start;
        if (end > bytes.length) break;
        if (bytes[end - 1] !== NEWLINE) throw altered();
        sessions.push({ ...session, payload });
        this.#count++;
      } else {
        this.#hash.update(bytes.subarray(0, start));
        this.#checkTrailer(line);
        if (end < bytes.length) throw behindEnd();
        return bytes.subarray(end);
      }
      start = end;
    }
    this.#hash.update(bytes.subarray(0, start));
    return bytes.subarray(start);
  }

  #checkTrailer({ sessions, sha256 }: Readonly<Record<string, unknown>>): void {
    this.#sha256 = this.#hash.digest("hex");
    if (sessions !== this.#count || sha256 !== this.#sha256) throw altered();
    this.#isComplete = true;
  }
}

function parseLine(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notBackup(); // the error of JSON.parse quotes the text
  }
  if (!isRecord(value)) throw notBackup();
  return value;
}

function headerIn(line: Readonly<Record<string, unknown>>): BackupHeader {
  const { format, version, createdAt, environment, source, azu } = line;
  if (format !== FORMAT) throw notBackup();
  if (typeof version === "number" && version > VERSION) {
    throw new Unusable(
      `has format ${version}, which this version of azu does not know`,
      `Update azu: this one reads format ${VERSION}`,
    );
  }
  if (
    version !== VERSION || !isText(createdAt) || !isText(environment) || !isText(source) ||
    !isText(azu)
  ) throw notBackup();
  return { createdAt, environment, source, azu };
}

function sessionIn(line: Readonly<Record<string, unknown>>) {
  const { id, bytes, expiresAt, createdAt, visitedAt, user, ip, userAgent } = line;
  if (
    !isText(id) || !isSize(bytes) || !isTime(expiresAt) || !isTime(createdAt) ||
    !isTime(visitedAt) || !isTextOrNull(user) || !isTextOrNull(ip) || !isTextOrNull(userAgent)
  ) throw altered();
  const session = { id, expiresAt, createdAt, visitedAt, user, ip, userAgent };
  return { payloadSize: bytes, session };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isTime(value: unknown): value is number | null {
  return value === null || typeof value === "number";
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LARGEST_PAYLOAD;
}

function notBackup(): Unusable {
  return new Unusable("is not a backup that azu has written");
}

function behindEnd(): Unusable {
  return new Unusable("has something behind its end");
}
