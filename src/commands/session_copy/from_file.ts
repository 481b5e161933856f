/** Sessions of a backup file, as what sessions are copied from. */
import { handleOf } from "../../backends/handle.ts";
import type { PayloadReader, Reading } from "../../backends/payload.ts";
import { sealedError } from "../../backends/sealed.ts";
import type { StoredSession } from "../../backends/stored.ts";
import type { Backup } from "../../backup/read.ts";
import {
  type Candidate,
  type Facts,
  factsOf,
  isUntold,
  matcherOf,
  type Selection,
} from "../../core/selection.ts";
import type { CopySource } from "./ends.ts";

export interface FileSource {
  readonly backup: Backup;
  /** For errors. */
  readonly path: string;
  /** Reads from payloads what the file does not say. */
  readonly payloads: PayloadReader;
  readonly selection: Selection;
}

/**
 * A file has no `find`: it does not change. Its sessions are read from the beginning each time, and
 * verified again.
 */
export function sourceIn({ backup, path, payloads, selection }: FileSource): CopySource {
  const isMeant = matcherOf(selection);
  const needed = factsOf(selection);
  const fromPayload = needed.filter((fact) => fact !== "expiresAt");
  return {
    async read({ signal, onStored, onProgress, onUnreadable }) {
      let seen = 0;
      let untold = 0;
      const isSelected = (session: BackedUpSession): boolean => {
        const candidate = session.candidate();
        if (fromPayload.some((fact) => isUntold(candidate, fact))) {
          if (session.reading === "sealed") {
            throw sealedError(fromPayload, payloads.hasSecret, path);
          }
          untold++;
        }
        return isMeant(candidate);
      };
      for await (const batch of backup.sessions()) {
        signal.throwIfAborted();
        seen += batch.length;
        onProgress?.(seen, backup.count);
        const sessions = batch.map((session) => new BackedUpSession(session, payloads));
        await onStored(selection.length === 0 ? sessions : sessions.filter(isSelected));
      }
      if (untold > 0) onUnreadable?.(untold);
    },
  };
}

/** @returns how many sessions are in the file and would be read. */
export async function countIn(source: FileSource, signal: AbortSignal): Promise<number> {
  if (source.selection.length === 0) return source.backup.count;
  let count = 0;
  await sourceIn(source).read({
    signal,
    onStored: (sessions) => void (count += sessions.length),
    onFailed() {},
  });
  return count;
}

/** What a file does not say of a session is in the payload, if a secret opens it. */
class BackedUpSession implements StoredSession {
  readonly #stored: StoredSession;
  readonly #payloads: PayloadReader;
  #reading: Reading | undefined;

  constructor(stored: StoredSession, payloads: PayloadReader) {
    this.#stored = stored;
    this.#payloads = payloads;
  }

  get id(): string {
    return this.#stored.id;
  }

  get payload(): Uint8Array {
    return this.#stored.payload;
  }

  get expiresAt(): number | null {
    return this.#stored.expiresAt;
  }

  get createdAt(): number | null {
    return this.#stored.createdAt ?? this.#told.createdAt ?? null;
  }

  get visitedAt(): number | null {
    return this.#stored.visitedAt ?? this.#told.visitedAt ?? null;
  }

  get user(): string | null {
    return this.#stored.user ?? this.#told.user ?? null;
  }

  get ip(): string | null {
    return this.#stored.ip ?? this.#told.ip ?? null;
  }

  get userAgent(): string | null {
    return this.#stored.userAgent ?? this.#told.userAgent ?? null;
  }

  get reading(): Reading {
    this.#reading ??= this.#payloads.read(this.payload);
    return this.#reading;
  }

  /** As a selection sees it: what is not known is undefined. */
  candidate(): Candidate {
    return {
      handle: handleOf(this.id),
      user: this.#stored.user ?? this.#told.user,
      createdAt: this.#stored.createdAt ?? this.#told.createdAt,
      visitedAt: this.#stored.visitedAt ?? this.#told.visitedAt,
      expiresAt: this.expiresAt,
      ip: this.#stored.ip ?? this.#told.ip,
      userAgent: this.#stored.userAgent ?? this.#told.userAgent,
    };
  }

  get #told(): Partial<Facts> {
    return typeof this.reading === "string" ? {} : this.reading;
  }
}
