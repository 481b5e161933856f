/** Whether two stores have the same session. */
import { Buffer } from "node:buffer";
import type { StoredSession } from "./stored.ts";

/**
 * Milliseconds by which equal expiries may differ: columns may hold whole seconds only, and a Redis
 * before version 7 tells the time left, but not when that was.
 */
export const SAME_TIME = 1000;

/** Whether two expiries are the same. */
export function isSameExpiry(one: number | null, other: number | null): boolean {
  if (one === null || other === null) return one === other;
  return Math.abs(one - other) < SAME_TIME;
}

export function isSamePayload(one: StoredSession, other: StoredSession): boolean {
  return Buffer.compare(one.payload, other.payload) === 0;
}

/** The same payload, until the same time. */
export function isSameSession(one: StoredSession, other: StoredSession): boolean {
  return isSameExpiry(one.expiresAt, other.expiresAt) && isSamePayload(one, other);
}

/** The id as a text; undefined if it is not UTF-8. */
export function idText(id: Uint8Array): string | undefined {
  try {
    return utf8.decode(id);
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
