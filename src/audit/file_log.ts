/** Records as the lines of a file. */
import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { isMissing, messageOf, OperationError } from "../core/errors.ts";
import { within } from "../core/within.ts";
import type { Appended, AuditLog } from "./log.ts";
import { type AuditFields, LONGEST_RECORD, parseRecord, recordLine } from "./record.ts";

/** Milliseconds to wait for another process that appends. */
const LOCK_TIMEOUT = 5000;

const LINE_FEED = 10;

/** What every record begins with. */
const BEGINNING = '{"number":';

export class FileLog implements AuditLog {
  readonly place: string;

  /** @param path Absolute. The file is created with the first record, for its owner only. */
  constructor(path: string) {
    this.place = path;
  }

  async append(fields: AuditFields, time: Date): Promise<Appended> {
    try {
      await Deno.mkdir(dirname(this.place), { recursive: true, mode: 0o700 });
      using file = await Deno.open(this.place, {
        read: true,
        write: true,
        create: true,
        mode: 0o600,
      });
      // Closing the file ends the lock.
      await within(file.lock(true), { ms: LOCK_TIMEOUT, late });
      return await appendTo(file, fields, time);
    } catch (error) {
      throw new OperationError(
        `The audit log ${this.place} cannot be written: ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  async *lines(signal: AbortSignal): AsyncIterable<string> {
    let rest = "";
    try {
      using file = await Deno.open(this.place);
      const decoder = new TextDecoder();
      const chunk = new Uint8Array(LONGEST_RECORD);
      for (let length; (length = await file.read(chunk)) !== null;) {
        signal.throwIfAborted();
        const lines = (rest + decoder.decode(chunk.subarray(0, length), { stream: true }))
          .split("\n");
        rest = lines.pop() ?? "";
        if (rest.length > 2 * LONGEST_RECORD) throw new Error("it has a line that is too long");
        yield* lines;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (isMissing(error)) return; // nothing has been recorded yet
      throw new OperationError(`The audit log ${this.place} cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
    if (rest !== "") yield rest;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** In one write at the end. What a full disk has cut off is taken back. */
async function appendTo(file: Deno.FsFile, fields: AuditFields, time: Date): Promise<Appended> {
  const { size } = await file.stat();
  const { line: lastLine, cutOff } = await lastLineOf(file, size);
  const last = lastLine === undefined ? undefined : parseRecord(lastLine);
  if (lastLine !== undefined && last === undefined) {
    throw new Error("its last line is not a record; azu audit:verify says more");
  }
  const line = recordLine(fields, last, time);
  const bytes = new TextEncoder().encode(`${line}\n`);
  if (bytes.length > LONGEST_RECORD) throw new Error("the record is too long");
  const end = size - cutOff;
  try {
    if (cutOff > 0) await file.truncate(end);
    await file.seek(end, Deno.SeekMode.Start);
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await file.write(rest));
    await file.syncData();
  } catch (error) {
    await file.truncate(end).catch(() => {}); // the first error is the one to report
    throw error;
  }
  const appended = parseRecord(line);
  if (appended === undefined) throw new Error("the record cannot be read again");
  const { number, hash } = appended;
  return cutOff === 0 ? { number, hash } : {
    number,
    hash,
    warning: `The last record of the audit log was incomplete, and azu has removed its ${cutOff} ` +
      "bytes: a process was killed while it wrote them, or the system stopped",
  };
}

/** @returns the last complete line, and how many bytes follow it. */
async function lastLineOf(file: Deno.FsFile, size: number) {
  const begin = Math.max(0, size - 2 * LONGEST_RECORD);
  const bytes = Buffer.alloc(size - begin);
  await file.seek(begin, Deno.SeekMode.Start);
  for (let read = 0; read < bytes.length;) {
    const length = await file.read(bytes.subarray(read));
    if (length === null) break;
    read += length;
  }
  const end = bytes.lastIndexOf(LINE_FEED);
  const rest = bytes.subarray(end + 1);
  const cutOff = rest.length;
  const start = rest.subarray(0, BEGINNING.length).toString();
  // azu removes the rest of a record of its own, and nothing else.
  if (!BEGINNING.startsWith(start) || cutOff > LONGEST_RECORD) {
    throw new Error("it is not an audit log of azu: name another file");
  }
  if (end < 0) return { line: undefined, cutOff };
  const before = end === 0 ? -1 : bytes.lastIndexOf(LINE_FEED, end - 1);
  return { line: bytes.subarray(before + 1, end).toString(), cutOff };
}

function late(): Error {
  return new Error("another process has locked it");
}
