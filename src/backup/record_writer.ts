import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { StoredSession } from "../backends/stored.ts";
import { OperationError } from "../core/errors.ts";
import {
  type BackupHeader,
  FORMAT,
  LARGEST_PAYLOAD,
  LONGEST_LINE,
  NEWLINE,
  VERSION,
} from "./format.ts";
import { CHUNK } from "./sink.ts";

/** Writes the contents of a backup in chunks, each of which is valid until the next. */
export class RecordWriter {
  readonly #hash = createHash("sha256");
  readonly #chunk = Buffer.alloc(CHUNK);
  #used = 0;
  #count = 0;

  /** How many sessions it has written. */
  get count(): number {
    return this.#count;
  }

  *header(header: BackupHeader): Generator<Uint8Array> {
    const { createdAt, environment, source, azu } = header;
    yield* this.#add({ format: FORMAT, version: VERSION, createdAt, environment, source, azu });
  }

  /** @throws {OperationError} if a session is too large for a backup. */
  *sessions(sessions: Iterable<StoredSession>): Generator<Uint8Array> {
    for (const session of sessions) {
      yield* this.#add({
        id: session.id,
        bytes: session.payload.length,
        expiresAt: session.expiresAt,
        createdAt: session.createdAt,
        visitedAt: session.visitedAt,
        user: session.user,
        ip: session.ip,
        userAgent: session.userAgent,
      }, session.payload);
      this.#count++;
    }
  }

  *trailer(): Generator<Uint8Array> {
    if (this.#used > 0) yield this.#take();
    yield* this.#add({ sessions: this.#count, sha256: this.#hash.digest("hex") });
    yield this.#chunk.subarray(0, this.#used);
  }

  *#add(line: Readonly<Record<string, unknown>>, payload?: Uint8Array): Generator<Uint8Array> {
    const text = `${JSON.stringify(line)}\n`;
    const length = Buffer.byteLength(text);
    if (length > LONGEST_LINE || (payload?.length ?? 0) > LARGEST_PAYLOAD) {
      throw new OperationError("A session is too large for a backup", {
        hint: "A payload may have 64 MiB, and what is known about it 1 MiB",
      });
    }
    const whole = length + (payload === undefined ? 0 : payload.length + 1);
    if (this.#used > 0 && this.#used + whole > CHUNK) yield this.#take();
    const target = whole > CHUNK ? Buffer.alloc(whole) : this.#chunk;
    let end = this.#used + target.write(text, this.#used);
    if (payload !== undefined) {
      target.set(payload, end);
      end += payload.length;
      target[end++] = NEWLINE;
    }
    if (target === this.#chunk) {
      this.#used = end;
    } else {
      this.#hash.update(target);
      for (let at = 0; at < end; at += CHUNK) yield target.subarray(at, at + CHUNK);
    }
  }

  /** The chunk so far. What is added next overwrites it. */
  #take(): Uint8Array {
    const chunk = this.#chunk.subarray(0, this.#used);
    this.#used = 0;
    this.#hash.update(chunk);
    return chunk;
  }
}
