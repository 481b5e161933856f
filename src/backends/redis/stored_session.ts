/** A key as a session that can be copied. */
import type { Facts } from "../../core/selection.ts";
import type { PayloadReader } from "../payload.ts";
import { idText } from "../same_session.ts";
import type { StoredSession } from "../stored.ts";
import type { FoundKey } from "./selection/facts.ts";

/** @returns why it cannot be copied: a phrase. */
export function storedSession(
  { key, value, expiresAt = null }: FoundKey,
  prefixLength: number,
  payloads: PayloadReader,
): StoredSession | string {
  const id = idText(key.subarray(prefixLength));
  if (id === undefined) return "its id is not a text in UTF-8";
  if (value === null || value === undefined) return "its key holds another type than a string";
  return new RedisSession(id, value, expiresAt, payloads);
}

/** Reads its payload only if somebody asks for a fact: most copies do not. */
class RedisSession implements StoredSession {
  readonly #payloads: PayloadReader;
  #facts: Partial<Facts> | undefined;

  constructor(
    readonly id: string,
    readonly payload: Uint8Array,
    readonly expiresAt: number | null,
    payloads: PayloadReader,
  ) {
    this.#payloads = payloads;
  }

  get isToldByPayload(): boolean {
    return this.#payloads.isUsual;
  }

  get createdAt(): number | null {
    return this.#read().createdAt ?? null;
  }

  get visitedAt(): number | null {
    return this.#read().visitedAt ?? null;
  }

  get user(): string | null {
    return this.#read().user ?? null;
  }

  get ip(): string | null {
    return this.#read().ip ?? null;
  }

  get userAgent(): string | null {
    return this.#read().userAgent ?? null;
  }

  get storedIn(): string | null | undefined {
    return this.#payloads.storedIn(this.payload);
  }

  #read(): Partial<Facts> {
    if (this.#facts === undefined) {
      const reading = this.#payloads.read(this.payload);
      this.#facts = typeof reading === "string" ? {} : reading;
    }
    return this.#facts;
  }
}
