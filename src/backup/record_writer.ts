import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { StoredSession } from "../backends/stored.ts";
import {
  type BackupHeader,
  FORMAT,
  LARGEST_PAYLOAD,
  LONGEST_LINE,
  NEWLINE,
  VERSION,
} from "./format.ts";
import { CHUNK } from "./sink.ts";

type Facts = Pick<StoredSession, "createdAt" | "visitedAt" | "user" | "ip" | "userAgent">;

/** Writes the contents of a backup in chunks, each of which is valid until the next. */
export class RecordWriter {
  readonly #hash = createHash("sha256");
  readonly #chunk = Buffer.alloc(CHUNK);
  #used = 0;
  #count = 0;
  #sha256 = "";

  /** How many sessions it has written. */
  get count(): number {
    return this.#count;
  }

  /** The checksum of all records, once the trailer is written. */
  get sha256(): string {
    return this.#sha256;
  }

  *header(header: BackupHeader): Generator<Uint8Array> {
    const { createdAt, environment, source, azu } = header;
    const line = { format: FORMAT, version: VERSION, createdAt, environment, source, azu };
    yield* this.#add(lineOf(line));
  }

  /** @param tooLarge Gets the sessions that are too large for a backup, and are left out. */
  *sessions(
    sessions: Iterable<StoredSession>,
    tooLarge: StoredSession[],
  ): Generator<Uint8Array> {
    for (const session of sessions) {
      const line = lineOf({
        id: session.id,
        bytes: session.payload.length,
        expiresAt: session.expiresAt,
        ...factsOf(session),
      });
      if (session.payload.length > LARGEST_PAYLOAD || line.length > LONGEST_LINE) {
        tooLarge.push(session);
        continue;
      }
      yield* this.#add(line, session.payload);
      this.#count++;
    }
  }

  *trailer(): Generator<Uint8Array> {
    if (this.#used > 0) yield this.#take();
    this.#sha256 = this.#hash.digest("hex");
    yield* this.#add(lineOf({ sessions: this.#count, sha256: this.#sha256 }));
    yield this.#chunk.subarray(0, this.#used);
  }

  *#add(line: Buffer, payload?: Uint8Array): Generator<Uint8Array> {
    const whole = line.length + (payload === undefined ? 0 : payload.length + 1);
    if (this.#used > 0 && this.#used + whole > CHUNK) yield this.#take();
    const target = whole > CHUNK ? Buffer.alloc(whole) : this.#chunk;
    target.set(line, this.#used);
    let end = this.#used + line.length;
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

const NO_FACTS: Facts = { createdAt: null, visitedAt: null, user: null, ip: null, userAgent: null };

/** To read them from the payload takes as long as the rest; a restore can do so where it must. */
function factsOf(session: StoredSession): Facts {
  if (session.isToldByPayload) return NO_FACTS;
  const { createdAt, visitedAt, user, ip, userAgent } = session;
  return { createdAt, visitedAt, user, ip, userAgent };
}

function lineOf(fields: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(`${JSON.stringify(fields)}\n`);
}
